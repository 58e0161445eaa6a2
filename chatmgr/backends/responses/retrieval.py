"""A response of the ``responses`` API: what has come of it, how it ended, and how to get the rest."""

import time
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from chatmgr.backends.http.client import ApiClient, Json
from chatmgr.backends.http.retry import wait
from chatmgr.backends.thread_sync import joined
from chatmgr.domain.errors import ChatmgrError, NetworkDown, ProviderRefused
from chatmgr.domain.events import Delta, Event, Finished, Notice, Reasoning, Usage
from chatmgr.domain.states import LIVE, RunState, from_wire

T = TypeVar("T")
_CONTINUED = 4  # times that a stream is continued after the last event kept
_TEXT = {"response.output_text.delta", "response.refusal.delta"}
_REASONING = {"response.reasoning_summary_text.delta", "response.reasoning_text.delta"}
_TERMINAL = {"response.completed", "response.incomplete", "response.failed", "response.cancelled"}


@dataclass(slots=True)
class ResponseState:
    """What has arrived of one response. ``limit`` is the length that was asked for, if any."""

    id: str = ""
    background: bool = False
    cursor: int | None = None
    limit: object = None
    parts: list[str] = field(default_factory=list)
    thoughts: list[str] = field(default_factory=list)
    thought: tuple[object, ...] = ()
    ended: bool = False

    def add(self, text: str, number: object) -> Delta:
        """Take a piece."""
        self.parts.append(text)
        if isinstance(number, int):
            self.cursor = number
        return Delta(text, self.cursor)

    def think(self, data: Json) -> Reasoning:
        """Take a piece of a thought; a blank line stands between two of them."""
        begun = tuple(data.get(key) for key in ("type", "item_id", "summary_index", "content_index"))
        gap = "\n\n" if self.thoughts and begun != self.thought else ""
        self.thought = begun
        self.thoughts.append(gap + str(data.get("delta", "")))
        if isinstance(number := data.get("sequence_number"), int) and self.cursor is not None:
            self.cursor = number
        return Reasoning(self.thoughts[-1])


class Retrieval:
    """Gets what is left of a response whose line broke or whose process died.

    ``patience`` is how many seconds it is looked for.
    """

    def __init__(self, client: ApiClient) -> None:
        self._client = client
        options = client.provider.options
        self.patience = float(options.get("recover_seconds", 30.0))
        self._queued = float(options.get("queued_seconds", 600.0))
        self._run = float(options.get("run_seconds", 600.0))

    def resume(
        self, answer: ResponseState, broke: ChatmgrError, gone: ChatmgrError | None = None
    ) -> Iterator[Event]:
        """Continue a background stream after the last event kept; else wait for the response itself.

        ``broke`` is raised where the response never ends, ``gone`` where the server does not have it.
        """
        if answer.background and answer.cursor is not None:
            for attempt in range(_CONTINUED):
                if attempt:
                    yield from wait(0.125 * 2**attempt, "not reachable")
                try:
                    begin = {"stream": "true", "starting_after": answer.cursor}
                    yield from self.read(self._client.open(f"/responses/{answer.id}", None, **begin), answer)
                except NetworkDown:
                    continue
                except ProviderRefused:
                    break
                if answer.ended:
                    return
        try:
            found = yield from self._client.asked(partial(self._client.get, f"/responses/{answer.id}"))
            yield from self.settle(answer, found, broke)
        except ProviderRefused as error:
            if error.status == 404:
                raise gone or broke from None
            raise

    def read(
        self,
        stream: Iterable[tuple[str, Json]],
        answer: ResponseState,
        opened: Callable[[Json], Iterator[Event]] | None = None,
    ) -> Iterator[Event]:
        """Follow a stream to its end, or to where it breaks off; ``opened`` is told of the response."""
        for name, data in stream:
            kind = str(data.get("type") or name)
            if kind in _TEXT:
                yield answer.add(str(data.get("delta", "")), data.get("sequence_number"))
                continue
            if kind in _REASONING:
                yield answer.think(data)
                continue
            if kind == "response.output_item.added" and any(answer.parts):
                if (data.get("item") or {}).get("type") == "message":
                    yield answer.add("\n\n", data.get("sequence_number"))
                continue
            whole = data.get("object") == "response" and not kind.startswith("response.")
            response = data if whole else data.get("response")
            if opened and not answer.id and isinstance(response, dict) and response.get("id"):
                yield from opened(response)
            if kind in _TERMINAL:
                yield from ending(response or {}, answer)
                return
            if kind == "error":
                yield from failure(data, answer)
                return
            if whole:  # not streamed: the response as it stands now
                yield from self.settle(answer, data)
                return

    def settle(
        self, answer: ResponseState, found: Json, broke: ChatmgrError | None = None
    ) -> Iterator[Event]:
        """Ask until the response is done; ``broke`` is raised where it never is."""
        begun = time.monotonic()
        limit = self._run if answer.background else self.patience
        pause = 0.1
        while from_wire(str(found.get("status") or ""))[0] in LIVE:
            passed = time.monotonic() - begun
            queued = found.get("status") == "queued"
            if queued and answer.background and passed > self._queued:
                self.cancel(answer.id)
                answer.ended = True
                yield Finished(RunState.CANCELLED, "queued", "it waited too long in the server's queue")
                return
            if passed > (self._queued if queued else limit):
                if broke is None:
                    broke = NetworkDown("The server has not finished the response.", "Ask again later.")
                raise broke
            if pause >= 1.0:
                yield from wait(pause, "queued" if queued else "still being answered")
            else:
                time.sleep(pause)
            pause = min(pause * 1.6, 4.0)
            found = yield from self._client.asked(partial(self._client.get, f"/responses/{answer.id}"))
        yield from ending(found, answer)

    def until(self, look: Callable[[], T | None], seconds: float) -> Generator[Event, None, T | None]:
        """Look until there is something to see, for so many seconds."""
        deadline = time.monotonic() + seconds
        pause = 0.1
        while True:
            try:
                if (found := (yield from self._client.asked(look))) is not None:
                    return found
            except ProviderRefused:
                return None
            if time.monotonic() + pause > deadline:
                return None
            yield from wait(pause, "looking for the answer")
            pause = min(pause * 1.6, 4.0)

    def cancel(self, run_id: str) -> None:
        """Ask the server to stop a background response; it may be done already."""
        try:
            self._client.post(f"/responses/{run_id}/cancel", {})
        except ChatmgrError:
            return


def failure(data: Json, answer: ResponseState) -> Iterator[Event]:
    """An ``error`` event: the run failed."""
    answer.ended = True
    inner = data.get("error")
    error = inner if isinstance(inner, dict) else data
    yield Finished(RunState.FAILED, error=str(error.get("message") or "no reason given"))


def ending(response: Json, answer: ResponseState) -> Iterator[Event]:
    """Usage, the rest of the text, and the state in our words."""
    usage = response.get("usage") or {}
    if usage:
        yield Usage(
            usage.get("input_tokens"),
            usage.get("output_tokens"),
            (usage.get("input_tokens_details") or {}).get("cached_tokens"),
            (usage.get("output_tokens_details") or {}).get("reasoning_tokens"),
        )
    state, detail = from_wire(str(response.get("status") or "failed"))
    parts = [
        part
        for item in response.get("output") or ()
        if item.get("type") == "message"
        for part in item.get("content") or ()
    ]
    if state is RunState.INCOMPLETE:
        reason = str((response.get("incomplete_details") or {}).get("reason") or "")
        detail = "length" if reason == "max_output_tokens" else reason
    elif state is RunState.COMPLETED and any(part.get("type") == "refusal" for part in parts):
        detail = "refusal"
    elif state is RunState.COMPLETED and answer.limit and usage.get("output_tokens") == answer.limit:
        state, detail = RunState.INCOMPLETE, "length"  # llama.cpp calls a cut answer completed
    text = joined(
        "".join(str(part.get("text") or part.get("refusal") or "") for part in item.get("content") or ())
        for item in response.get("output") or ()
        if item.get("type") == "message"
    )
    if not answer.thoughts and (thoughts := "\n\n".join(_thoughts(response))):
        yield Reasoning(thoughts)
    yield from rest(text, answer)
    answer.ended = True
    error = response.get("error") or {}
    yield Finished(state, detail, str(error.get("message") or ""), text or None)


def _thoughts(response: Json) -> Iterator[str]:
    """What the model said to itself, as the whole response tells it: in summary, else in full."""
    for item in response.get("output") or ():
        if item.get("type") == "reasoning":
            for part in item.get("summary") or item.get("content") or ():
                if text := part.get("text"):
                    yield str(text)


def rest(text: str, answer: ResponseState) -> Iterator[Event]:
    """What the whole text has beyond what was streamed."""
    so_far = "".join(answer.parts)
    if text.startswith(so_far) and len(text) > len(so_far):
        yield answer.add(text[len(so_far) :], None)
    elif so_far and text and not text.startswith(so_far) and not so_far.startswith(text):
        yield Notice("The server has a different text than was streamed; the whole one is kept.")
