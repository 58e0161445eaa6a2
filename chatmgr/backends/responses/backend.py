"""Responses + Conversations: OpenAI's API, and the stateless form of it that local servers speak.

Where the server has ``/conversations``, the thread lives there and a turn sends only what is new.
Where it has none, or accepts one and ignores it (the response then does not name it), the transcript
goes along as input items. Instructions and model travel with every response either way.

A response is created once. When the line breaks after that, what became of it is looked up: a
background response is streamed on from the last event that was kept, any other is fetched when it is
done, and one whose id never arrived is looked for in the conversation.
"""

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime

from chatmgr.backends import history, one_shot
from chatmgr.backends.http.client import ApiClient, Json, Stream
from chatmgr.backends.http.retry import busy
from chatmgr.backends.message_format import responses_message
from chatmgr.backends.params import for_api
from chatmgr.backends.responses.conversations import NO_SUCH_THING, Conversations
from chatmgr.backends.responses.retrieval import ResponseState, Retrieval
from chatmgr.backends.thread_sync import answer_to, joined
from chatmgr.domain.errors import ChatmgrError, NetworkDown, ProviderRefused, UsageFault
from chatmgr.domain.events import (
    STATELESS,
    Delta,
    Event,
    Finished,
    Notice,
    Opened,
    Rebuilt,
    Sending,
)
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
from chatmgr.domain.states import RunState

_LEAST_TO_COMPACT = 1000  # tokens; the API takes no less


class _Ignored(Exception):
    """The server took the conversation's id and did not use it."""


class ResponsesBackend:
    """Builds on the remote conversation when it is in step, completes or replaces it when it is not."""

    def __init__(self, provider: Provider) -> None:
        self._client = ApiClient(provider)
        self._threads = Conversations(self._client)
        self._retrieval = Retrieval(self._client)
        wanted = int(provider.options.get("compact_threshold", 0))
        self._compact = wanted and max(wanted, _LEAST_TO_COMPACT)

    def stream(self, request: TurnRequest) -> Iterator[Event]:
        """Run a turn; a conversation that is gone or ignored is replaced, then the turn is run."""
        model = self._client.pick_model(request.model)
        yield Opened(model=model)
        thread = yield from self._threads.ready(request)
        try:
            yield from self._turn(request, model, thread)
        except _Ignored:
            yield Notice(
                f"{self._client.provider.name} keeps no conversations; the history is sent along instead."
            )
            yield Rebuilt(STATELESS, 0)
            yield from self._turn(request, model, STATELESS)
        except ProviderRefused as error:
            missing = error.status == 404
            if missing and "model" in f"{error.code} {error.message}".lower():
                raise self._client.unknown_model(model) from None
            if thread == STATELESS or not (missing or busy(error)):
                raise
            why = "is gone" if missing else "stays locked by another turn"
            yield Notice(f"The thread {thread} {why}; it is rebuilt from the transcript.")
            thread = yield from self._threads.build(request)
            yield from self._turn(request, model, thread)

    def _turn(self, request: TurnRequest, model: str, thread: str) -> Iterator[Event]:
        """Create the response, follow it, and where the line breaks, look up what became of it."""
        body = self._body(request, model, thread)
        answer = ResponseState(background=bool(body.get("background")), limit=body.get("max_output_tokens"))
        if thread != STATELESS:
            yield Opened(thread_id=thread)
        yield Sending()
        try:
            yield from self._followed(body, request, thread, answer)
        except (GeneratorExit, KeyboardInterrupt):
            self._stop(answer)
            raise

    def _followed(
        self, body: Json, request: TurnRequest, thread: str, answer: ResponseState
    ) -> Iterator[Event]:
        try:
            stream = yield from self._create(body, request)
            with closing(iter(stream)) as events:
                yield from self._retrieval.read(
                    events, answer, lambda response: self._opened(request, response, thread, answer)
                )
            if not answer.ended:
                raise NetworkDown(
                    "The answer broke off: the stream ended before the answer did.",
                    "What arrived is kept. Send the message again for a whole answer.",
                )
        except (NetworkDown, ProviderRefused) as error:
            certain = isinstance(error, ProviderRefused) and error.status < 500
            if not answer.id and (certain or not error.touched):
                raise
            yield from self._look(answer, request, thread, error)

    def _body(self, request: TurnRequest, model: str, thread: str) -> Json:
        body: Json = {**for_api("responses", request.assistant.params), "model": model, "stream": True}
        if request.background:
            body["background"] = True
        if request.assistant.instructions:
            body["instructions"] = request.assistant.instructions
        body["input"] = [responses_message(request.message)]
        if thread != STATELESS:
            body["conversation"] = thread
            if self._compact and not body.keys() & {"context_management", "truncation"}:
                body["context_management"] = [{"type": "compaction", "compact_threshold": self._compact}]
        return body

    def _create(self, body: Json, request: TurnRequest) -> Generator[Event, None, Stream]:
        """Create the response, once; what a server says it does not know was not heard, and is left out."""
        while True:
            try:
                return (yield from self._post(body, request))
            except ProviderRefused as error:
                told = f"{error.code} {error.message}".lower()
                if error.status == 400 and "context_management" in body and "context_management" in told:
                    body = {key: value for key, value in body.items() if key != "context_management"}
                elif error.status == 400 and body.get("background") and body["stream"] and "stream" in told:
                    yield Notice(
                        "The server does not stream background runs; it is asked until the run is done."
                    )
                    body = {**body, "stream": False}
                else:
                    raise

    def _post(self, body: Json, request: TurnRequest) -> Generator[Event, None, Stream]:
        """Post what is new; without a thread at the server, with the whole memory before it."""
        if "conversation" in body:
            return (yield from self._client.retrying(lambda: self._client.open("/responses", body)))

        def post(earlier: list[Message]) -> Stream:
            items = [*map(responses_message, earlier), *body["input"]]
            return self._client.open("/responses", {**body, "input": items})

        return (yield from history.send(self._client, request, post, body.get("max_output_tokens")))

    def _opened(
        self, request: TurnRequest, response: Json, thread: str, answer: ResponseState
    ) -> Iterator[Event]:
        """Record the ids; find out whether the server really uses the conversation."""
        named = response.get("conversation")
        used = named.get("id") if isinstance(named, dict) else named
        if thread != STATELESS and used != thread:
            if request.answered:
                raise _Ignored
            yield Rebuilt(STATELESS, 0)
            thread = STATELESS
        answer.id = str(response["id"])
        yield Opened(thread_id="" if thread == STATELESS else thread, run_id=answer.id)

    def _look(
        self, answer: ResponseState, request: TurnRequest, thread: str, error: ChatmgrError
    ) -> Iterator[Event]:
        """The line broke: find out what became of the response; raise what broke where nobody can say."""
        if answer.id:
            yield Notice("The connection broke; the answer is looked up.")
            broke = error if isinstance(error, NetworkDown) else NetworkDown(error.message, error.hint)
            gone = ProviderRefused("The connection broke, and the server did not keep the answer.")
            yield from self._retrieval.resume(answer, broke, gone if answer.background else broke)
        elif thread != STATELESS:
            yield Notice("No answer came; looking whether the message was heard.")
            earlier = request.history(max(request.answered - 3, 0))
            patience = self._retrieval.patience if isinstance(error, NetworkDown) else 0.0
            if not (yield from self._adopted(thread, request.text, earlier, patience)):
                raise error
        else:
            raise error

    def _adopted(
        self, thread: str, text: str, earlier: Sequence[Message], seconds: float
    ) -> Generator[Event, None, bool]:
        """Take the answer to a message from the conversation, if it is there or appears in time."""
        found = yield from self._retrieval.until(
            lambda: answer_to(text, earlier, self._threads.newest(thread)), seconds
        )
        if not found:
            return False
        whole = joined(one.content for one in found)
        yield Delta(whole)
        if all(one.whole for one in found):
            refused = any(one.refused for one in found)
            yield Finished(RunState.COMPLETED, "refusal" if refused else "", text=whole)
        else:
            yield Finished(RunState.INCOMPLETE, text=whole)
        return True

    def _stop(self, answer: ResponseState) -> None:
        """Ask the server to stop a background response; no other can be cancelled."""
        if answer.background and answer.id and not answer.ended:
            self._retrieval.cancel(answer.id)

    def cancel(self, run: LiveRun) -> None:
        """Cancel a background response; one that is done already needs nothing."""
        if run.background and run.run_id:
            self._retrieval.cancel(run.run_id)

    def answer(self, run: LiveRun, outputs: Mapping[str, str]) -> Iterator[Event]:
        """Functions are not offered to this API, so no run of it waits for one."""
        raise UsageFault("This run waits for nothing.")

    def recover(self, run: LiveRun) -> Iterator[Event]:
        """Take up a response that was left: stream it on, wait for it, or fetch it."""
        if run.run_id:
            answer = ResponseState(id=run.run_id, background=run.background, cursor=run.cursor)
            if run.text:
                answer.parts.append(run.text)
            broke: ChatmgrError = ProviderRefused("the server has not finished the response")
            if run.background:  # it goes on there: it stays live here, to be asked for again
                broke = NetworkDown("The server is still at work on the answer.")
            gone = ProviderRefused("the server did not keep the response")
            try:
                yield from self._retrieval.resume(answer, broke, gone)
            except ProviderRefused as error:
                yield Finished(RunState.INTERRUPTED, error=error.message)
            return
        if run.thread_id:  # sent, and nobody knows whether it was heard
            age = (datetime.now(UTC) - run.started_at).total_seconds()
            patience = max(self._retrieval.patience - age, 0.0)
            if (yield from self._adopted(run.thread_id, run.user, run.earlier, patience)):
                return
        yield Finished(RunState.INTERRUPTED, error="the process ended before the server answered")

    def prepare(self, assistant: Assistant, model: str, remote_assistant: str) -> Iterator[Event]:
        """Create the conversation ahead of the first turn."""
        try:
            yield Rebuilt(self._threads.create([]), 0)
        except ProviderRefused as error:
            if error.status not in NO_SUCH_THING:
                raise
            yield Rebuilt(STATELESS, 0)

    def fetch(self, thread: str) -> Iterator[RemoteMessage]:
        """Every message of a remote thread, oldest first."""
        return self._threads.fetch(thread)

    def erase(self, kind: RemoteKind, remote_id: str) -> Generator[Event, None, str]:
        """Delete a conversation with its items, a stored response or a file."""
        if kind == "thread":
            return (yield from self._threads.erase(remote_id))
        yield from self._client.retrying(lambda: self._client.delete(f"/{kind}s/{remote_id}"))
        return ""

    def complete(self, instructions: str, text: str, model: str, limit: int) -> str:
        """A short answer, of which the server keeps nothing."""
        return one_shot.by_responses(self._client, instructions, text, model, limit)

    def models(self) -> list[ModelInfo]:
        """The models the server lists."""
        return self._client.models()
