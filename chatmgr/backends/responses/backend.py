"""The backend for the Responses API, with or without the server's conversations.

Where the server has ``/conversations``, the thread lives there and a turn sends only the new message.
Where it has none, or accepts a conversation's id and ignores it (``evidence`` decides), the transcript is
sent as input items. Instructions and model go with every response either way.

A response is created once. If the connection breaks after that, the backend finds out what became of
it: it continues a background response after the last event received, fetches any other response once
that is done, and looks in the conversation for one whose id never arrived.
"""

import re
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from functools import partial

from chatmgr.backends import history, one_shot
from chatmgr.backends.continuation import as_instruction
from chatmgr.backends.http.client import ApiClient, Json
from chatmgr.backends.http.retry import busy
from chatmgr.backends.http.stream import Stream
from chatmgr.backends.items.collector import ItemCollector
from chatmgr.backends.items.sending import Target
from chatmgr.backends.items.steps import Continuation, after, continuation, waits_for_nothing
from chatmgr.backends.json_values import as_id
from chatmgr.backends.message_format import responses_message
from chatmgr.backends.model_list import refuses_model
from chatmgr.backends.params import params_for_api
from chatmgr.backends.responses import evidence
from chatmgr.backends.responses.conversations import NOT_SUPPORTED, Conversations
from chatmgr.backends.responses.input_items import answer_items, are_answerable, input_items
from chatmgr.backends.responses.recovery import ResponseRecovery
from chatmgr.backends.responses.response_state import ResponseState
from chatmgr.backends.responses.retrieval import Retrieval
from chatmgr.domain.errors import NetworkDown, ProviderRefused
from chatmgr.domain.events import STATELESS, Event, Finished, ItemDone, Notice, Opened, Sending, ThreadSynced
from chatmgr.domain.items import waits_for_answer
from chatmgr.domain.model import (
    Assistant,
    LiveRun,
    Message,
    ModelInfo,
    Provider,
    RemoteMessage,
    TurnRequest,
)
from chatmgr.domain.remote import RemoteKind

_OPTIONAL = {"stream", "context_management"}  # fields of ours that a server may refuse
_OPEN_CALL = re.compile(r"no tool (output|call) found|no .{0,30}output .{0,30}found for", re.IGNORECASE)
_LEAST_COMPACT_THRESHOLD = 1000  # tokens; the API accepts no less


class ResponsesBackend:
    """Creates a response on the remote conversation, after bringing that in sync with the transcript."""

    def __init__(self, provider: Provider) -> None:
        self._client = ApiClient(provider)
        self._conversations = Conversations(self._client)
        self._retrieval = Retrieval(self._client)
        self._recovery = ResponseRecovery(self._conversations, self._retrieval)
        threshold = int(provider.options.get("compact_threshold", 0))
        self._compact_threshold = threshold and max(threshold, _LEAST_COMPACT_THRESHOLD)

    def stream(self, request: TurnRequest) -> Iterator[Event]:
        """Run a turn; replaces a conversation that is gone or locked, then runs the refused turn again."""
        request = as_instruction(request)
        request = replace(request, model=self._client.pick_model(request.model))
        yield Opened(model=request.model)
        thread = yield from self._conversations.ensure_synced(request)
        if thread != STATELESS and not (self._conversations.is_new or are_answerable(request.pending)):
            thread = yield from self._conversations.build(request)
        yield from self._run(request, thread)

    def _run(
        self, request: TurnRequest, thread: str, going_on: Continuation | None = None
    ) -> Iterator[Event]:
        try:
            yield from self._run_turn(request, thread, going_on)
        except ProviderRefused as error:
            if refuses_model(error):
                raise self._client.unknown_model(request.model) from None
            reason = _why_rebuilt(error)
            if thread == STATELESS or not reason:
                raise
            yield Notice(f"The provider's thread {reason}; rebuilding it from the transcript.")
            thread = yield from self._rebuild(request, request.history(0), going_on)
            yield from self._run_turn(request, thread, going_on)

    def _run_turn(self, request: TurnRequest, thread: str, going_on: Continuation | None) -> Iterator[Event]:
        """Run the turn on its conversation; one that is too long is replaced by one with the newest turns."""

        def run(sent: history.Sent) -> Iterator[Event]:
            own = thread
            if sent.earlier is not None and thread != STATELESS:
                own = yield from self._rebuild(request, sent.earlier, going_on)
            body = self._body(request, own, self._input(request, own, sent, going_on))
            yield from self._run_once(request, body, own, going_on, is_whole=sent.earlier is None)

        max_tokens = params_for_api("responses", request.assistant.params).get("max_output_tokens")
        rest = (going_on.answered,) if going_on else ()
        kept = thread != STATELESS
        yield from history.run_with_history(
            request, run, max_tokens, api="responses", kept_remotely=kept, rest=rest
        )

    def _rebuild(
        self, request: TurnRequest, earlier: list[Message], going_on: Continuation | None
    ) -> Generator[Event, None, str]:
        """Create a conversation of earlier messages, and of what a run that goes on has said so far."""
        if going_on is None:
            return (yield from self._conversations.build(request, earlier))
        messages = [*earlier, request.message, going_on.said]
        return (yield from self._conversations.build(request, messages, going_on.open_ids))

    def _input(
        self,
        request: TurnRequest,
        thread: str,
        sent: history.Sent,
        going_on: Continuation | None,
    ) -> list[Json]:
        """What is new to the conversation; without one, everything."""
        if thread == STATELESS:
            rest = [going_on.answered] if going_on else []
            target = Target("responses", request.model, sent.form)
            return input_items([*(sent.earlier or ()), sent.message, *rest], target)
        if going_on:
            return answer_items(going_on.step.calls, going_on.step.answers)
        images = self._conversations.carried
        message = replace(sent.message, attachments=(*images, *sent.message.attachments))
        pending = self._conversations.unheard(request.pending)
        calls = [item for item in pending if waits_for_answer(item)]
        return [*answer_items(calls, pending), responses_message(message)]

    def _run_once(
        self,
        request: TurnRequest,
        body: Json,
        thread: str,
        going_on: Continuation | None,
        *,
        is_whole: bool,
    ) -> Iterator[Event]:
        """Create the response and follow it; leaving early asks the server to cancel it.

        A conversation that was built of some earlier messages alone is not judged by what it holds.
        """
        state = ResponseState(
            background=bool(body.get("background")),
            max_output_tokens=body.get("max_output_tokens"),
            model=body["model"],
            items=ItemCollector(going_on.answered.items if going_on else ()),
        )
        if thread != STATELESS:
            yield Opened(thread_id=thread)
        yield Sending()
        searched = STATELESS if going_on else thread
        try:
            with closing(self._create_and_follow(body, request, searched, state)) as events:
                for event in events:
                    if isinstance(event, Finished) and searched != STATELESS and is_whole:
                        yield from evidence.check_kept(
                            self._conversations, request, thread, body, state, event
                        )
                    yield event
        except (GeneratorExit, KeyboardInterrupt):
            self._stop(state)
            raise

    def _create_and_follow(
        self, body: Json, request: TurnRequest, thread: str, state: ResponseState
    ) -> Generator[Event, None, None]:
        try:
            stream = yield from self._create(body, request)
            with closing(iter(stream)) as events:
                yield from self._retrieval.read_stream(
                    events, state, lambda response: _record_id(response, state)
                )
            if not state.ended:
                raise NetworkDown(
                    "The answer broke off: the stream ended before the answer did.",
                    broke_off=True,
                )
        except (NetworkDown, ProviderRefused) as error:
            refused = isinstance(error, ProviderRefused) and error.status < 500
            if state.ended or (not state.id and (refused or not error.touched)):
                raise
            yield from self._recovery.find_rest(state, request, thread, error)

    def _body(self, request: TurnRequest, thread: str, items: list[Json]) -> Json:
        params = params_for_api("responses", request.assistant.params)
        body: Json = {"stream": True, **params, "model": request.model}
        if request.background:
            body["background"] = True
        if request.assistant.instructions:
            body["instructions"] = request.assistant.instructions
        body["input"] = items
        if thread != STATELESS:
            body["conversation"] = thread
            if self._compact_threshold and not body.keys() & {"context_management", "truncation"}:
                compaction = {"type": "compaction", "compact_threshold": self._compact_threshold}
                body["context_management"] = [compaction]
        return body

    def _create(self, body: Json, request: TurnRequest) -> Generator[Event, None, Stream]:
        """Create the response; a field that the server does not know is left out at the next try.

        Nothing is created twice: the server has refused each earlier try.
        """
        optional = _OPTIONAL - request.assistant.params.keys()
        if body.get("background"):
            optional -= {"stream"}
        while True:
            try:
                return (
                    yield from self._client.retrying(partial(self._client.open, "/responses", body, optional))
                )
            except ProviderRefused as error:
                complaint = f"{error.code} {error.message}".lower() if error.status == 400 else ""
                if not (body.get("background") and body["stream"] and "stream" in complaint):
                    raise
            yield Notice("The server does not stream background runs; polling it until the run is done.")
            body = {**body, "stream": False}

    def _stop(self, state: ResponseState) -> None:
        """Ask the server to stop a background response; no other can be cancelled."""
        if state.background and state.id and not state.ended:
            self._retrieval.cancel(state.id)

    def cancel(self, run: LiveRun) -> None:
        """Cancel a background response; one that is done already needs nothing."""
        if run.background and run.run_id:
            self._retrieval.cancel(run.run_id)

    def submit_tool_outputs(self, run: LiveRun, outputs: Mapping[str, str]) -> Iterator[Event]:
        """Answer the calls of a response with another one, on the same conversation or with everything."""
        if run.request is None:
            raise waits_for_nothing()
        items = run.items or (yield from self._retrieval.items_of(run))
        going_on = continuation(run, items, outputs)
        if not going_on.step.calls:
            raise waits_for_nothing()
        for answer in going_on.step.new:
            yield ItemDone(answer)
        model = self._client.pick_model(run.model or run.request.model)
        events = self._run(replace(run.request, model=model), run.thread_id or STATELESS, going_on)
        with closing(after(run.text, events)) as joined:
            yield from joined

    def recover(self, run: LiveRun) -> Iterator[Event]:
        """Find out what became of a response whose process died: continue, await or fetch it."""
        return self._recovery.recover(run)

    def prepare(self, assistant: Assistant, model: str, remote_assistant: str) -> Iterator[Event]:
        """Create the conversation before the first turn."""
        try:
            yield ThreadSynced(self._conversations.create([]), 0)
        except ProviderRefused as error:
            if error.status not in NOT_SUPPORTED:
                raise
            yield ThreadSynced(STATELESS, 0)

    def fetch_messages(self, thread: str) -> Iterator[RemoteMessage]:
        """Every message of a remote thread, oldest first."""
        return self._conversations.fetch_messages(thread)

    def delete(self, kind: RemoteKind, remote_id: str) -> Generator[Event, None, str]:
        """Delete a conversation with its items, a stored response or a file."""
        if kind == "thread":
            return (yield from self._conversations.delete(remote_id))
        yield from self._client.retrying(lambda: self._client.remove(f"/{kind}s/{remote_id}"))
        return ""

    def complete(self, instructions: str, text: str, model: str, max_tokens: int) -> str:
        """A short answer, of which the server stores nothing."""
        return one_shot.by_responses(self._client, instructions, text, model, max_tokens)

    def models(self) -> list[ModelInfo]:
        """The models that the server lists."""
        return self._client.models()


def _why_rebuilt(error: ProviderRefused) -> str:
    """Why a conversation has to be replaced by another, after a refusal; empty if that would not help."""
    if error.status == 404:
        return "is gone"
    if busy(error):
        return "is still locked by another turn"
    if error.status == 400 and _OPEN_CALL.search(error.message):
        return "holds a call without its output"
    return ""


def _record_id(response: Json, state: ResponseState) -> Iterator[Event]:
    """Report the response's id as soon as the server names it."""
    state.id = as_id(response["id"])
    yield Opened(run_id=state.id)
