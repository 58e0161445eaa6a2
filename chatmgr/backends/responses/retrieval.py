"""One response of the Responses API: following its stream, and getting the rest of it after a failure."""

from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from chatmgr.backends.answer_text import join_messages, remaining_text
from chatmgr.backends.error_body import reason
from chatmgr.backends.http.client import ApiClient, Json
from chatmgr.backends.http.errors import stream_refusal
from chatmgr.backends.http.retry import wait
from chatmgr.backends.overflow import parse_overflow
from chatmgr.backends.polling import poll
from chatmgr.backends.responses.evidence import named_conversation
from chatmgr.domain.errors import ChatmgrError, NetworkDown, ProviderRefused
from chatmgr.domain.events import Delta, Event, Finished, Reasoning, Usage
from chatmgr.domain.states import LIVE, RunState, from_provider_status

T = TypeVar("T")
_STREAM_ATTEMPTS = 4  # to continue a background stream after the last event received
_TEXT_EVENTS = {"response.output_text.delta", "response.refusal.delta"}
_REASONING_EVENTS = {"response.reasoning_summary_text.delta", "response.reasoning_text.delta"}
_FINAL_EVENTS = {"response.completed", "response.incomplete", "response.failed", "response.cancelled"}


@dataclass(slots=True)
class ResponseState:
    """What has arrived of one response.

    ``cursor`` is the sequence number of the last event received, ``max_output_tokens`` the length that
    was asked for, and ``ended`` says that ``Finished`` was yielded. ``conversation`` is the one that the
    server named, ``usage`` the tokens that it counted.
    """

    id: str = ""
    background: bool = False
    cursor: int | None = None
    max_output_tokens: object = None
    text_parts: list[str] = field(default_factory=list)
    reasoning_parts: list[str] = field(default_factory=list)
    reasoning_item: tuple[object, ...] = ()
    conversation: str = ""
    usage: Usage | None = None
    ended: bool = False

    def read(self, response: Json) -> Iterator[Event]:
        """Keep what a response object tells besides its text; a broken stream may not get to its end."""
        self.conversation = named_conversation(response) or self.conversation
        usage = response.get("usage")
        if usage and isinstance(usage, dict) and (counted := _usage(usage)) != self.usage:
            self.usage = counted
            yield counted

    def add_text(self, text: str, sequence_number: object) -> Delta:
        """Keep a piece of the answer's text."""
        self.text_parts.append(text)
        if isinstance(sequence_number, int):
            self.cursor = sequence_number
        return Delta(text, self.cursor)

    def add_reasoning(self, event: Json) -> Reasoning:
        """Keep a piece of the reasoning; a blank line separates two items of it."""
        item = tuple(event.get(key) for key in ("type", "item_id", "summary_index", "content_index"))
        separator = "\n\n" if self.reasoning_parts and item != self.reasoning_item else ""
        self.reasoning_item = item
        self.reasoning_parts.append(separator + str(event.get("delta", "")))
        sequence_number = event.get("sequence_number")
        if isinstance(sequence_number, int) and self.cursor is not None:
            self.cursor = sequence_number
        return Reasoning(self.reasoning_parts[-1])


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
        events: Iterable[tuple[str, Json]],
        state: ResponseState,
        on_response: Callable[[Json], Iterator[Event]] | None = None,
    ) -> Iterator[Event]:
        """Follow a stream to its end, or to where it breaks off.

        ``on_response`` is called with the first response object that the stream names. A server that
        does not stream sends the response itself: then this waits until it is done.
        """
        for name, event in events:
            event_type = "error" if name == "error" else str(event.get("type") or name)
            if event_type in _TEXT_EVENTS:
                yield state.add_text(str(event.get("delta", "")), event.get("sequence_number"))
                continue
            if event_type in _REASONING_EVENTS:
                yield state.add_reasoning(event)
                continue
            if event_type == "response.output_item.added" and any(state.text_parts):
                if (event.get("item") or {}).get("type") == "message":
                    yield state.add_text("\n\n", event.get("sequence_number"))
                continue
            not_streamed = event.get("object") == "response" and not event_type.startswith("response.")
            response = event if not_streamed else event.get("response")
            if isinstance(response, dict):
                if on_response and not state.id and response.get("id"):
                    yield from on_response(response)
                if response.get("status") == "failed":
                    self._raise_if_too_long(response, state)
                yield from state.read(response)
            if event_type in _FINAL_EVENTS:
                yield from _finish(response or {}, state)
                return
            if event_type == "error":
                state.ended = True
                yield self._client.failure(event, heard=any(state.text_parts))
                return
            if not_streamed:
                yield from self._wait_until_done(state, event)
                return

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
            done=_is_done,
            limit=lambda latest: self._limit(state, latest),
            reason=lambda latest: "queued" if _is_queued(latest) else "still being answered",
        )
        if _is_done(response):
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


def _is_done(response: Json) -> bool:
    return from_provider_status(str(response.get("status") or ""))[0] not in LIVE


def _is_queued(response: Json) -> bool:
    return response.get("status") == "queued"


def _finish(response: Json, state: ResponseState) -> Iterator[Event]:
    """The end of a response: its usage, what was not streamed of its text, and its final state."""
    yield from state.read(response)
    text = join_messages(
        "".join(str(part.get("text") or part.get("refusal") or "") for part in content)
        for content in _message_contents(response)
    )
    if not state.reasoning_parts and (reasoning := "\n\n".join(_reasoning_texts(response))):
        yield Reasoning(reasoning)
    yield from remaining_text(text, "".join(state.text_parts), state.cursor)
    state.ended = True
    run_state, detail = _final_state(response, state)
    failed = run_state is RunState.FAILED or response.get("error")
    yield Finished(run_state, detail, reason(response.get("error")) if failed else "", text or None)


def _usage(usage: Json) -> Usage:
    return Usage(
        usage.get("input_tokens"),
        usage.get("output_tokens"),
        (usage.get("input_tokens_details") or {}).get("cached_tokens"),
        (usage.get("output_tokens_details") or {}).get("reasoning_tokens"),
    )


def _final_state(response: Json, state: ResponseState) -> tuple[RunState, str]:
    """The run's state and detail, with the two cases that the status alone does not tell."""
    run_state, detail = from_provider_status(str(response.get("status") or "failed"))
    if run_state is RunState.INCOMPLETE:
        reason = str((response.get("incomplete_details") or {}).get("reason") or "")
        return run_state, "length" if reason == "max_output_tokens" else reason
    if run_state is not RunState.COMPLETED:
        return run_state, detail
    if any(part.get("type") == "refusal" for content in _message_contents(response) for part in content):
        return run_state, "refusal"
    output_tokens = (response.get("usage") or {}).get("output_tokens")
    if state.max_output_tokens and output_tokens == state.max_output_tokens:
        return RunState.INCOMPLETE, "length"  # llama.cpp calls a truncated answer completed
    return run_state, detail


def _message_contents(response: Json) -> Iterator[list[Json]]:
    """The content parts of each message in a response's output."""
    for item in response.get("output") or ():
        if item.get("type") == "message":
            yield list(item.get("content") or ())


def _reasoning_texts(response: Json) -> Iterator[str]:
    """The reasoning in a response's output: its summary where there is one, else all of it."""
    for item in response.get("output") or ():
        if item.get("type") == "reasoning":
            for part in item.get("summary") or item.get("content") or ():
                if text := part.get("text"):
                    yield str(text)
