"""One response of the Responses API: following its stream, and getting the rest of it after a failure."""

from collections.abc import Callable, Generator, Iterable, Iterator
from functools import partial
from typing import TypeVar

from chatmgr.backends.answer_text import gap_error, read_content, remaining_text
from chatmgr.backends.error_body import reason
from chatmgr.backends.http.client import ApiClient, Json
from chatmgr.backends.http.errors import stream_refusal
from chatmgr.backends.http.retry import wait
from chatmgr.backends.http.sse import BODY, DONE, UNREADABLE, Batch, merged
from chatmgr.backends.json_values import as_id, as_object
from chatmgr.backends.overflow import parse_overflow
from chatmgr.backends.polling import poll
from chatmgr.backends.responses import response_object
from chatmgr.backends.responses.message_parts import MessageParts
from chatmgr.backends.responses.response_state import TEXT_EVENTS, ResponseState
from chatmgr.domain.errors import ChatmgrError, NetworkDown, ProviderRefused
from chatmgr.domain.events import Delta, Event, Finished, Reasoning
from chatmgr.domain.states import RunState

T = TypeVar("T")
_STREAM_ATTEMPTS = 4  # to continue a background stream after the last event received
_REASONING_EVENTS = {"response.reasoning_summary_text.delta", "response.reasoning_text.delta"}
_FINAL_EVENTS = {"response.completed", "response.incomplete", "response.failed", "response.cancelled"}
_FINAL_EVENTS |= {"response.done", "response.canceled"}


class Retrieval:
    """Follows responses, and gets the rest of one whose connection broke or whose process died.

    ``recover_seconds`` is how long a response is looked for.
    """

    def __init__(self, client: ApiClient) -> None:
        self._client = client
        options = client.provider.options
        self.recover_seconds = float(options.get("recover_seconds", 30.0))
        self._queued_seconds = float(options.get("queued_seconds", 600.0))
        self._run_seconds = float(options.get("run_seconds", 600.0))

    def resume(
        self,
        state: ResponseState,
        timeout_error: ChatmgrError,
        *,
        missing_error: ChatmgrError,
        refused_error: ChatmgrError,
    ) -> Iterator[Event]:
        """Continue a background stream after the last event received, else wait for the whole response.

        Raises ``timeout_error`` if the response is never done, ``missing_error`` if the server has none, and
        ``refused_error`` if it shows none: that a look-up failed is not why the answer is incomplete.
        """
        if state.background and state.cursor is not None:
            yield from self._continue_stream(state)
            if state.ended:
                return
        try:
            response = yield from self._fetch(state)
            yield from self._wait_until_done(state, response, timeout_error)
        except ProviderRefused as error:
            raise (missing_error if error.status == 404 else refused_error) from None

    def _continue_stream(self, state: ResponseState) -> Iterator[Event]:
        for attempt in range(_STREAM_ATTEMPTS):
            if attempt:
                yield from wait(0.125 * 2**attempt, "cannot be reached")
            try:
                stream = self._client.open(
                    f"/responses/{state.id}", None, stream="true", starting_after=state.cursor
                )
                yield from self.read_stream(stream, state)
            except NetworkDown:
                continue
            except ProviderRefused:
                return
            if state.ended:
                return

    def _fetch(self, state: ResponseState) -> Generator[Event, None, Json]:
        return (yield from self._client.query_run(partial(self._client.get, f"/responses/{state.id}")))

    def read_stream(
        self,
        batches: Iterable[Batch],
        state: ResponseState,
        on_response: Callable[[Json], Iterator[Event]] | None = None,
    ) -> Iterator[Event]:
        """Follow a stream to its end, or to where it breaks off.

        ``on_response`` is called with the first response object that the stream names. A server that
        does not stream sends the response itself: then this waits until it is done.
        """
        parts = MessageParts(state)
        for text, name, event in merged(batches, state.read_plain):
            if text:
                yield Delta(text, state.cursor)
                continue
            event_type = "error" if name == "error" else event.get("type") or name
            if type(event_type) is not str:
                event_type = name
            if event_type in TEXT_EVENTS:
                delta = state.add_text(read_content(event.get("delta")).text, event.get("sequence_number"))
                if delta.text:
                    yield delta
                continue
            if event_type in _REASONING_EVENTS:
                yield state.add_reasoning(event)
                continue
            if name == UNREADABLE:
                state.has_gap = True
            elif (yield from self._read_object(name, event_type, event, state, on_response)):
                return
            else:
                yield from parts.read(event_type, event)

    def _read_object(
        self,
        name: str,
        event_type: str,
        event: Json,
        state: ResponseState,
        on_response: Callable[[Json], Iterator[Event]] | None,
    ) -> Generator[Event, None, bool]:
        """What an event tells of the response as a whole; returns whether the stream is over with it."""
        not_streamed = name == BODY or (
            event.get("object") == "response" and not event_type.startswith("response.")
        )
        response = event if not_streamed else as_object(event.get("response"))
        if response:
            if on_response and not state.id and as_id(response.get("id")):
                yield from on_response(response)
            if response.get("status") == "failed":
                self._raise_if_too_long(response, state)
            yield from state.read(response)
        if event_type in _FINAL_EVENTS:
            yield from _finish(response, state, event_type.rpartition(".")[2])
        elif event_type == "error":
            state.ended = True
            yield self._client.failure(event, heard=any(state.text_parts))
        elif not_streamed:
            yield from self._wait_until_done(state, event)
        elif name == DONE and not (state.has_gap or state.background):
            state.ended = True
            yield Finished(RunState.COMPLETED, "refusal" if state.refused else "")
        else:
            return False
        return True

    def _raise_if_too_long(self, response: Json, state: ResponseState) -> None:
        """Raise the refusal of a prompt that is too long, if nothing was answered: then less is sent."""
        if not any(state.text_parts) and parse_overflow({"error": response.get("error")}):
            state.ended = True
            raise stream_refusal(self._client.provider, response)

    def _wait_until_done(
        self, state: ResponseState, response: Json, timeout_error: ChatmgrError | None = None
    ) -> Iterator[Event]:
        """Ask until the response is done; raise ``timeout_error`` if that takes too long."""
        response = yield from poll(
            response,
            partial(self._fetch, state),
            done=response_object.is_done,
            limit=lambda latest: self._limit(state, latest),
            reason=lambda latest: "queued" if _is_queued(latest) else "still being answered",
        )
        if response_object.is_done(response):
            yield from _finish(response, state)
        elif _is_queued(response) and state.background:
            self.cancel(state.id)
            state.ended = True
            yield Finished(RunState.CANCELLED, "queued", "it waited too long in the server's queue")
        else:
            raise timeout_error or NetworkDown(
                "The server has not finished the response.", "Ask again later."
            )

    def _limit(self, state: ResponseState, response: Json) -> float:
        """Seconds to wait for a response, by what it is doing now."""
        if _is_queued(response):
            return self._queued_seconds
        return self._run_seconds if state.background else self.recover_seconds

    def search(self, look: Callable[[], T | None], seconds: float) -> Generator[Event, None, T | None]:
        """Call ``look`` for so many seconds, until it returns something; None where it never does."""
        ask = partial(self._client.query_run, look)
        try:
            return (
                yield from poll(
                    (yield from ask()),
                    ask,
                    done=lambda latest: latest is not None,
                    limit=lambda _: seconds,
                    reason=lambda _: "looking for the answer",
                )
            )
        except ProviderRefused:
            return None

    def cancel(self, response_id: str) -> None:
        """Ask the server to stop a background response; one that is done already needs nothing."""
        try:
            self._client.post(f"/responses/{response_id}/cancel", {})
        except ChatmgrError:
            return


def _is_queued(response: Json) -> bool:
    return response_object.status_of(response) == "queued"


def _finish(response: Json, state: ResponseState, event: str = "") -> Iterator[Event]:
    """The end of a response: its usage, what was not streamed of its text, and its final state.

    ``event`` is the last word of the event that brought it. If a piece of the answer could not be read and
    the response does not hold the whole, raises NetworkDown once, so that the response is looked up.
    """
    yield from state.read(response)
    text = response_object.answer_text(response)
    if state.has_gap and not text:
        if not state.gap_told:
            state.gap_told = True
            raise gap_error()
        yield Finished(RunState.INTERRUPTED, error=gap_error().message)
        return
    if not state.reasoning_parts and (reasoning := response_object.reasoning_text(response)):
        yield Reasoning(reasoning)
    yield from remaining_text(text, "".join(state.text_parts), state.cursor)
    state.ended = True
    run_state, detail = response_object.final_state(response, event, state.max_output_tokens)
    if run_state is RunState.COMPLETED and state.refused:
        detail = "refusal"
    failed = run_state is RunState.FAILED or response.get("error")
    yield Finished(run_state, detail, reason(response.get("error")) if failed else "", text or None)
