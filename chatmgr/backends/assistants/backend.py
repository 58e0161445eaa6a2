"""The backend for the Assistants API, for the servers that still speak it.

The SDK deprecates its own bindings for this API, so requests go through the client's generic methods.
Instructions and model go with every run: one remote assistant serves all versions of a local one, and an
adopted assistant is never changed. Servers differ: some give ids without a prefix, some report no usage,
and some answer a streamed run with one JSON object; such a run is polled.

Message and run are created once each. If the connection breaks, the backend looks at the thread: a
message that is not there did not arrive, and a run that is there is followed.
"""

import re
from collections.abc import Callable, Generator, Iterator, Mapping
from functools import partial

from chatmgr.backends import history, one_shot
from chatmgr.backends.assistants import recovery
from chatmgr.backends.assistants.run import Run
from chatmgr.backends.assistants.run_follower import RunFollower
from chatmgr.backends.assistants.threads import Threads
from chatmgr.backends.continuation import as_instruction
from chatmgr.backends.history import Sent
from chatmgr.backends.http.client import ApiClient, Json
from chatmgr.backends.http.retry import busy
from chatmgr.backends.http.stream import Stream
from chatmgr.backends.items.collector import ItemCollector
from chatmgr.backends.items.steps import answer_step
from chatmgr.backends.json_values import as_id
from chatmgr.backends.model_list import refuses_model
from chatmgr.backends.params import params_for_api
from chatmgr.domain.errors import (
    ChatmgrError,
    ConfigurationFault,
    ModelUnknown,
    NetworkDown,
    ProviderRefused,
)
from chatmgr.domain.events import Event, Finished, ItemDone, Notice, Opened, Sending, ThreadSynced
from chatmgr.domain.items import ItemKind, call_id_of
from chatmgr.domain.model import Assistant, LiveRun, ModelInfo, Provider, RemoteMessage, TurnRequest
from chatmgr.domain.remote import RemoteKind
from chatmgr.domain.states import RunState

_OPTIONAL = {"stream", "truncation_strategy"}  # fields of ours that a server may refuse
_ASSISTANT_PARAMS = {"temperature", "top_p", "response_format", "reasoning_effort", "tools", "tool_resources"}
_FILE_SEARCH = {"type": "file_search"}  # without this tool, documents in a thread are not read


class AssistantsBackend:
    """Appends the message to the thread, runs the assistant on it, and reads the answer."""

    def __init__(self, provider: Provider) -> None:
        self._client = ApiClient(provider, {"OpenAI-Beta": "assistants=v2"})
        self._threads = Threads(self._client)
        self._follower = RunFollower(self._client)

    def stream(self, request: TurnRequest) -> Iterator[Event]:
        """Run a turn; the assistant and the thread are created first where the server lacks them."""
        request = as_instruction(request)
        model = self._client.pick_model(request.model)
        yield Opened(model=model)
        assistant_id = request.remote_assistant
        if not assistant_id:
            assistant_id = yield from self._create_assistant(request.assistant, model)
        thread = yield from self._threads.ensure_synced(request)
        yield Sending()
        thread, message = yield from self._send_message(thread, request)
        yield Opened(thread_id=thread)

        def run(sent: Sent) -> Iterator[Event]:
            nonlocal thread, message
            if sent.earlier is not None:  # the thread was too long
                thread = yield from self._threads.build(request, sent.earlier)
                message = yield from self._threads.add_new(thread, request.message)
                yield Opened(thread_id=thread)
            yield from self._run(request.assistant, assistant_id, model, thread, message)

        try:
            yield from history.run_with_history(request, run, None, kept_remotely=True)
        except ChatmgrError as error:
            error.touched = True  # the message is in the thread, even if the run was refused
            if not isinstance(error, ProviderRefused):
                raise
            if refuses_model(error):
                raise self._unknown_model(model, touched=True) from None
            if _is_missing(error, "assistant"):
                yield Notice(f"The assistant {assistant_id} is gone from the server; creating a new one.")
                assistant_id = yield from self._create_assistant(request.assistant, model)
            elif _is_missing(error, "thread") or busy(error):
                thread = yield from self._replace_thread(request, error)
                message = yield from self._threads.add_new(thread, request.message)
                yield Opened(thread_id=thread)
            else:
                raise
            yield from self._run(request.assistant, assistant_id, model, thread, message)

    def _create_assistant(self, assistant: Assistant, model: str) -> Generator[Event, None, str]:
        params = params_for_api("assistants", assistant.params)
        body: Json = {key: value for key, value in params.items() if key in _ASSISTANT_PARAMS}
        body |= {"model": model, "name": assistant.name}
        if assistant.instructions:
            body["instructions"] = assistant.instructions
        try:
            created = yield from self._client.retrying(
                lambda: self._client.post("/assistants", body, {"name"})
            )
        except ProviderRefused as error:
            if refuses_model(error):
                raise self._unknown_model(model, touched=False) from None
            raise
        assistant_id = as_id(created.get("id"))
        yield Opened(assistant_id=assistant_id)
        return assistant_id

    def _unknown_model(self, model: str, *, touched: bool) -> ModelUnknown:
        """The error for a model that the server does not have; ``touched``: the message is in the thread."""
        unknown = self._client.unknown_model(model)
        unknown.touched = touched
        return unknown

    def _send_message(self, thread: str, request: TurnRequest) -> Generator[Event, None, tuple[str, str]]:
        """Append the message, once; returns the ids of the thread and of the message.

        If the connection breaks, the message is sent again only if the thread does not hold it. A thread
        that has vanished meanwhile is replaced.
        """
        seen_before = set(self._threads.seen_ids)
        try:
            return thread, (yield from self._threads.add_new(thread, request.message))
        except NetworkDown as error:
            if not error.heard:
                raise
            newest = yield from self._client.query_run(partial(self._threads.newest, thread))
            for message in newest:
                new = message.role == "user" and message.id not in seen_before
                if new and message.content.endswith(request.text):
                    return thread, message.id
            yield Notice("The connection broke before the message arrived; sending it again.")
        except ProviderRefused as error:
            if error.status != 404 and not busy(error):
                raise
            thread = yield from self._replace_thread(request, error)
        return thread, (yield from self._threads.add_new(thread, request.message))

    def _replace_thread(self, request: TurnRequest, error: ProviderRefused) -> Generator[Event, None, str]:
        """Build another thread in place of one that is gone, or that another run keeps locked."""
        reason = "is still locked by another run" if busy(error) else "is gone"
        yield Notice(f"The provider's thread {reason}; rebuilding it from the transcript.")
        new_thread = yield from self._threads.build(request)
        yield Sending()
        return new_thread

    def _run(
        self, assistant: Assistant, assistant_id: str, model: str, thread: str, message: str
    ) -> Iterator[Event]:
        """Create the run and follow it; leaving early asks the server to cancel it."""
        body: Json = {
            **params_for_api("assistants", assistant.params),
            "assistant_id": assistant_id,
            "model": model,
            "stream": True,
        }
        body.setdefault("truncation_strategy", {"type": "auto"})
        optional = _OPTIONAL - assistant.params.keys()
        if self._threads.has_documents:
            other_tools = [tool for tool in body.get("tools") or () if tool != _FILE_SEARCH]
            body["tools"] = [*other_tools, _FILE_SEARCH]
        if assistant.instructions or assistant.version > 1:  # else those of the server's assistant apply
            body["instructions"] = assistant.instructions
        seen_ids, seen_runs = self._threads.seen_ids - {message}, self._threads.seen_runs
        run = Run(thread, message=message, earlier_ids=seen_ids, earlier_runs=seen_runs, model=model)
        path = f"/threads/{thread}/runs"
        yield from self._cancelled_on_exit(run, lambda: self._create_run(run, path, body, optional))

    def _cancelled_on_exit(self, run: Run, events: Callable[[], Iterator[Event]]) -> Iterator[Event]:
        """Follow a run's events; if the caller leaves before the end, ask the server to cancel the run."""
        try:
            yield from events()
        except (GeneratorExit, KeyboardInterrupt):
            if run.id and not run.ended:
                self._follower.cancel(run)
            raise

    def _create_run(self, run: Run, path: str, body: Json, optional: set[str]) -> Iterator[Event]:
        try:
            stream: Stream = yield from self._client.retrying(lambda: self._client.open(path, body, optional))
            yield from self._follower.read_stream(run, stream)
        except (NetworkDown, ProviderRefused) as error:
            refused = isinstance(error, ProviderRefused) and error.status < 500
            if run.ended or (not run.id and (refused or not error.touched)):
                raise
            disconnected = isinstance(error, NetworkDown)
            yield Notice(
                f"{'The connection broke' if disconnected else 'No answer came'}; looking up the run."
            )
            broken = error if isinstance(error, NetworkDown) else NetworkDown(error.message, error.hint)
            seconds = None if disconnected else 0.0
            try:
                yield from self._follower.find(run, broken if run.id else error, seconds)
            except ConfigurationFault:  # the key may create runs, and not read them
                raise (broken if run.id else error) from None
            return
        if not run.ended:
            yield from self._find_end(run)

    def _find_end(self, run: Run) -> Iterator[Event]:
        """Ask how a run ended whose stream did not say it; without a run, a stream that has an end counts."""
        missing_error = NetworkDown("The answer broke off.", "What arrived is kept.")
        try:
            yield from self._follower.find(run, missing_error, 0.0 if run.is_whole else None)
        except NetworkDown as error:
            if error is not missing_error or not run.is_whole:
                raise
            yield Finished(RunState.COMPLETED, "refusal" if run.refused else "")

    def recover(self, run: LiveRun) -> Iterator[Event]:
        """Find out what became of a run whose process died, also of one whose id never arrived."""
        return recovery.recover(run, self._client, self._threads, self._follower)

    def submit_tool_outputs(self, run: LiveRun, outputs: Mapping[str, str]) -> Iterator[Event]:
        """Send the outputs of the functions, by call id, and follow the run on."""
        step = answer_step(run.items, outputs)
        for answer in step.new:
            yield ItemDone(answer)
        items = ItemCollector((*run.items, *step.new))
        known_run = Run(run.thread_id, run.run_id, model=run.model, items=items)
        body: Json = {
            "tool_outputs": [
                {"tool_call_id": call_id_of(answer), "output": answer.content["output"]}
                for answer in step.answers
                if answer.kind is ItemKind.TOOL_RESULT
            ],
            "stream": True,
        }
        path = f"/threads/{run.thread_id}/runs/{run.run_id}/submit_tool_outputs"
        yield from self._cancelled_on_exit(known_run, lambda: self._submit(known_run, path, body))

    def _submit(self, run: Run, path: str, body: Json) -> Iterator[Event]:
        missing_error: ChatmgrError = NetworkDown("The answer broke off.", "What arrived is kept.")
        try:
            stream: Stream = yield from self._client.retrying(lambda: self._client.open(path, body))
            yield from self._follower.read_stream(run, stream)
        except NetworkDown as error:
            if not error.heard:
                raise
            yield Notice("The connection broke; looking up the run.")
            missing_error = error
        if not run.ended:
            yield from self._follower.find(run, missing_error)

    def cancel(self, run: LiveRun) -> None:
        """Ask the server to stop a run."""
        if run.thread_id and run.run_id:
            self._follower.cancel(Run(run.thread_id, run.run_id))

    def prepare(self, assistant: Assistant, model: str, remote_assistant: str) -> Iterator[Event]:
        """Create the remote assistant and thread before the first turn."""
        if not remote_assistant:
            yield from self._create_assistant(assistant, self._client.pick_model(model))
        yield ThreadSynced(self._threads.create(), 0)

    def fetch_messages(self, thread: str) -> Iterator[RemoteMessage]:
        """Every message of a remote thread, oldest first."""
        return self._threads.fetch_messages(thread)

    def delete(self, kind: RemoteKind, remote_id: str) -> Generator[Event, None, str]:
        """Delete a thread, with its messages and runs, or a file; answers are stored in the thread."""
        if kind != "response":
            yield from self._client.retrying(lambda: self._client.remove(f"/{kind}s/{remote_id}"))
        return ""

    def complete(self, instructions: str, text: str, model: str, max_tokens: int) -> str:
        """A short answer, by Chat Completions: this API cannot answer without a thread."""
        return one_shot.by_completions(self._client, instructions, text, model, max_tokens)

    def models(self) -> list[ModelInfo]:
        """The models that the server lists."""
        return self._client.models()

    def fetch_assistant(self, remote_id: str) -> Json:
        """An assistant that exists on the server, as the server describes it."""
        return self._client.get(f"/assistants/{remote_id}")


def _is_missing(error: ProviderRefused, kind: str) -> bool:
    """Whether the server says that it has no such assistant or thread."""
    reason = error.message.partition("): ")[2].lower()  # without the provider's name, which may be "thread"
    return error.status == 404 and bool(re.search(rf"no {kind}\b|\b{kind}\b.*\bnot (found|exist)", reason))
