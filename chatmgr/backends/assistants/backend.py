"""Assistants v2: assistants, threads, messages and runs, for the servers that still speak it.

The SDK deprecates its own bindings for this API, so it is spoken through the client's generic verbs.
The run carries instructions and model, so that one remote assistant serves every version of ours and
an adopted one is never changed. Servers in the wild give ids without prefix, no usage, and answer a
streamed run with one JSON object: that run is polled.

Message and run are made once each. Where the line breaks, the thread is looked at: a message that is
not there was not heard, and a run that is there is followed.
"""

import re
from collections.abc import Generator, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial

from chatmgr.backends import one_shot
from chatmgr.backends.assistants.run_follower import Run, RunFollower
from chatmgr.backends.assistants.threads import Threads
from chatmgr.backends.http.client import ApiClient, Json, Stream
from chatmgr.backends.http.retry import busy
from chatmgr.backends.params import for_api
from chatmgr.domain.errors import ChatmgrError, NetworkDown, ProviderRefused
from chatmgr.domain.events import Event, Finished, Notice, Opened, Rebuilt, Sending
from chatmgr.domain.model import Assistant, LiveRun, ModelInfo, Provider, RemoteMessage, TurnRequest
from chatmgr.domain.remote import RemoteKind
from chatmgr.domain.states import RunState

_ASSISTANT_PARAMS = {"temperature", "top_p", "response_format", "reasoning_effort", "tools", "tool_resources"}
_SEARCH = {"type": "file_search"}  # without this tool, documents in a thread are not read


class AssistantsBackend:
    """Appends the message to the thread, runs the assistant on it, reads the answer."""

    def __init__(self, provider: Provider) -> None:
        self._client = ApiClient(provider, {"OpenAI-Beta": "assistants=v2"})
        self._threads = Threads(self._client)
        self._follower = RunFollower(self._client)

    def stream(self, request: TurnRequest) -> Iterator[Event]:
        """Run a turn; what is missing on the server (assistant, thread) is made first."""
        model = self._client.pick_model(request.model)
        yield Opened(model=model)
        assistant = request.remote_assistant
        if not assistant:
            assistant = yield from self._create_assistant(request.assistant, model)
        thread = yield from self._threads.ready(request)
        yield Sending()
        thread, message = yield from self._say(thread, request)
        yield Opened(thread_id=thread)
        try:
            yield from self._run(request.assistant, assistant, model, thread, message)
        except ChatmgrError as error:
            error.touched = True  # the message is in the thread by now, even if the run was refused
            if not isinstance(error, ProviderRefused):
                raise
            if _lacks(error, "assistant"):
                yield Notice(f"The assistant {assistant} is gone from the server; it is made anew.")
                assistant = yield from self._create_assistant(request.assistant, model)
            elif _lacks(error, "thread") or busy(error):
                thread = yield from self._anew(thread, request, error)
                message = yield from self._threads.say(thread, request.message)
                yield Opened(thread_id=thread)
            else:
                raise
            yield from self._run(request.assistant, assistant, model, thread, message)

    def _create_assistant(self, persona: Assistant, model: str) -> Generator[Event, None, str]:
        params = for_api("assistants", persona.params)
        body: Json = {key: value for key, value in params.items() if key in _ASSISTANT_PARAMS}
        body |= {"model": model, "name": persona.name}
        if persona.instructions:
            body["instructions"] = persona.instructions
        found = yield from self._client.retrying(lambda: self._client.post("/assistants", body))
        made = str(found.get("id", ""))
        yield Opened(assistant_id=made)
        return made

    def _say(self, thread: str, request: TurnRequest) -> Generator[Event, None, tuple[str, str]]:
        """Append the message, once, and return thread and message.

        Where the line breaks, what is not in the thread was not heard; a thread that went since it was
        looked at is made anew.
        """
        before = self._threads.tip
        try:
            return thread, (yield from self._threads.say(thread, request.message))
        except NetworkDown as error:
            if not error.heard:
                raise
            newest = yield from self._client.asked(partial(self._threads.newest, thread))
            if newest and newest[0].id != before and newest[0].content.endswith(request.text):
                return thread, newest[0].id
            yield Notice("The connection broke, and the message was not heard; it is sent again.")
        except ProviderRefused as error:
            if error.status != 404 and not busy(error):
                raise
            thread = yield from self._anew(thread, request, error)
        return thread, (yield from self._threads.say(thread, request.message))

    def _anew(self, thread: str, request: TurnRequest, error: ProviderRefused) -> Generator[Event, None, str]:
        """Another thread in place of one that is gone, or stays taken by another run."""
        why = "stays locked by another run" if busy(error) else "is gone"
        yield Notice(f"The thread {thread} {why}; it is rebuilt from the transcript.")
        built = yield from self._threads.build(request)
        yield Sending()
        return built

    def _run(
        self, persona: Assistant, assistant: str, model: str, thread: str, message: str
    ) -> Iterator[Event]:
        """Create the run and follow it; leaving early asks the server to cancel it."""
        body: Json = {
            **for_api("assistants", persona.params),
            "assistant_id": assistant,
            "model": model,
            "stream": True,
        }
        body.setdefault("truncation_strategy", {"type": "auto"})
        if self._threads.documents:
            tools = [one for one in body.get("tools") or () if one != _SEARCH]
            body["tools"] = [*tools, _SEARCH]
        if persona.instructions or persona.version > 1:  # else the server's assistant has those of old
            body["instructions"] = persona.instructions
        run = Run(thread, after=message)
        try:
            yield from self._create(run, body)
        except (GeneratorExit, KeyboardInterrupt):
            if run.id and not run.ended:
                self._follower.cancel(run)
            raise

    def _create(self, run: Run, body: Json) -> Iterator[Event]:
        path = f"/threads/{run.thread}/runs"
        try:
            stream: Stream = yield from self._client.retrying(lambda: self._client.open(path, body))
            yield from self._follower.follow(run, stream)
        except (NetworkDown, ProviderRefused) as error:
            certain = isinstance(error, ProviderRefused) and error.status < 500
            if not run.id and (certain or not error.touched):
                raise
            what = "The connection broke" if isinstance(error, NetworkDown) else "No answer came"
            yield Notice(f"{what}; the run is looked up.")
            broke = error if isinstance(error, NetworkDown) else NetworkDown(error.message, error.hint)
            yield from self._follower.find(run, broke if run.id else error, None if broke is error else 0.0)
            return
        if not run.ended:
            yield from self._follower.find(run, NetworkDown("The answer broke off.", "What arrived is kept."))

    def recover(self, run: LiveRun) -> Iterator[Event]:
        """Take up a run that was left behind, also one whose id never arrived."""
        if not run.thread_id:
            yield Finished(RunState.INTERRUPTED, error="the process ended before the message was heard")
            return
        known = Run(run.thread_id, run.run_id, parts=[run.text] if run.text else [])
        try:
            if not known.id:
                newest = yield from self._client.asked(partial(self._threads.newest, run.thread_id))
                ours = [one for one in newest if one.role == "user" and one.content.endswith(run.user)]
                known.after = ours[0].id if ours else ""
            age = (datetime.now(UTC) - run.started_at).total_seconds()
            patience = max(self._follower.patience - age, 0.0)
            lost = (
                "the server did not keep the run"
                if known.id
                else "the process ended before the run was created"
            )
            yield from self._follower.find(known, ProviderRefused(lost), patience)
        except ProviderRefused as error:
            reason = "the thread is gone" if error.status == 404 else error.message
            yield Finished(RunState.INTERRUPTED, error=reason)

    def answer(self, run: LiveRun, outputs: Mapping[str, str]) -> Iterator[Event]:
        """Hand in what the functions gave, and follow the run on."""
        known = Run(run.thread_id, run.run_id)
        body = {
            "tool_outputs": [{"tool_call_id": call, "output": text} for call, text in outputs.items()],
            "stream": True,
        }
        path = f"/threads/{run.thread_id}/runs/{run.run_id}/submit_tool_outputs"
        try:
            yield from self._submit(known, path, body)
        except (GeneratorExit, KeyboardInterrupt):
            if not known.ended:
                self._follower.cancel(known)
            raise

    def _submit(self, run: Run, path: str, body: Json) -> Iterator[Event]:
        broke: ChatmgrError = NetworkDown("The answer broke off.", "What arrived is kept.")
        try:
            stream: Stream = yield from self._client.retrying(lambda: self._client.open(path, body))
            yield from self._follower.follow(run, stream)
        except NetworkDown as error:
            if not error.heard:
                raise
            yield Notice("The connection broke; the run is looked up.")
            broke = error
        if not run.ended:
            yield from self._follower.find(run, broke)

    def cancel(self, run: LiveRun) -> None:
        """Ask the server to stop a run."""
        if run.thread_id and run.run_id:
            self._follower.cancel(Run(run.thread_id, run.run_id))

    def prepare(self, assistant: Assistant, model: str, remote_assistant: str) -> Iterator[Event]:
        """Create the remote assistant and thread ahead of the first turn."""
        if not remote_assistant:
            yield from self._create_assistant(assistant, self._client.pick_model(model))
        yield Rebuilt(self._threads.create(), 0)

    def fetch(self, thread: str) -> Iterator[RemoteMessage]:
        """Every message of a remote thread, oldest first."""
        return self._threads.fetch(thread)

    def erase(self, kind: RemoteKind, remote_id: str) -> Generator[Event, None, str]:
        """Delete a thread, with its messages and runs, or a file; answers are not stored apart from it."""
        if kind != "response":
            yield from self._client.retrying(lambda: self._client.delete(f"/{kind}s/{remote_id}"))
        return ""

    def complete(self, instructions: str, text: str, model: str, limit: int) -> str:
        """A short answer; this API has none without a thread, so the completions beside it are asked."""
        return one_shot.by_completions(self._client, instructions, text, model, limit)

    def models(self) -> list[ModelInfo]:
        """The models the server lists."""
        return self._client.models()

    def fetch_assistant(self, remote_id: str) -> Json:
        """An assistant that exists on the server, as the server describes it."""
        return self._client.get(f"/assistants/{remote_id}")


def _lacks(error: ProviderRefused, what: str) -> bool:
    """Whether a server said that it does not have this thing."""
    told = error.message.partition("): ")[2].lower()  # without the provider's own name
    return error.status == 404 and bool(re.search(rf"no {what}\b|\b{what}\b.*\bnot (found|exist)", told))
