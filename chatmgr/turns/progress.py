"""What has arrived of one answer, and with what outcome its run is closed."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple

from chatmgr.domain.errors import ChatmgrError, NetworkDown
from chatmgr.domain.events import Delta, Event, Finished, Reasoning, Usage
from chatmgr.domain.states import RunState
from chatmgr.domain.text import storable
from chatmgr.store.writer import RunOutcome

_REWRITTEN = 65_536  # characters of an answer that are written whole; beyond them, only what is new


class UnsavedText(NamedTuple):
    """Text to be saved: what follows the first ``start`` characters, up to the delta of number ``deltas``."""

    text: str
    cursor: int | None
    start: int
    deltas: int


class Progress:
    """The text, reasoning and usage of a run so far, and how much of the text is saved.

    ``conversation`` is its name. ``outlives_process``: the server finishes the run without this process.
    ``awaits_output``: the run waits at the server for the outputs of functions, until it is heard of again.
    ``begun`` is the beginning of the text that an earlier run gave, which the server does not repeat.
    """

    def __init__(
        self,
        text: str = "",
        *,
        conversation: str = "",
        outlives_process: bool = False,
        awaits_output: bool = False,
        begun: str = "",
    ) -> None:
        self.begun = begun
        self.conversation = conversation
        self.outlives_process = outlives_process
        self.awaits_output = awaits_output
        self._deltas = [Delta(text)] if text else []
        self._saved_count = len(self._deltas)
        self._saved_length = len(text)
        self._has_cursors = False
        self._reasoning: list[str] = []
        self.add_delta = self._deltas.append
        self.add_reasoning = self._reasoning.append
        self.next_item = 0  # the position of the next item; 0 while it is not known
        self.usage_before = Usage()
        self.usage = Usage()
        self.cost: Callable[[Usage], int | None] = lambda _: None
        self.preload_prices: Callable[[], None] = lambda: None
        self.model = ""
        self.thread_id = ""
        self.sent = False
        self.run_id = ""
        self.finished: Finished | None = None

    @property
    def text(self) -> str:
        """The answer so far."""
        return storable("".join([delta.text for delta in self._deltas]))

    @property
    def reasoning(self) -> str:
        """The model's reasoning so far."""
        return storable("".join(self._reasoning))

    def begin_with(self, usage: Usage, api: str) -> None:
        """Take what the run had used before it waited for the outputs of functions.

        An Assistants server reports what the whole run has used; others, each request by itself.
        """
        self.usage = usage
        self.usage_before = Usage() if api == "assistants" else usage

    def add_usage(self, usage: Usage) -> None:
        """Take what the run has used since then."""
        names = ("input_tokens", "output_tokens", "cached_tokens", "reasoning_tokens")
        self.usage = Usage(*(_sum(getattr(self.usage_before, name), getattr(usage, name)) for name in names))

    def unsaved(self) -> UnsavedText | None:
        """What has arrived and is not saved, with its cursor; None where that is nothing.

        The checkpoint thread calls this while deltas are added. Text and cursor come from the same
        delta, so that a stream continued after the cursor neither misses nor repeats a word. A character
        that was cut in two waits for its second half; so does, where the stream can be continued, a delta
        without a cursor for the next one that has one.
        """
        count = len(self._deltas)
        if self.outlives_process and not self._has_cursors:
            new = self._deltas[self._saved_count : count]
            self._has_cursors = any(delta.cursor is not None for delta in new)
        while count > self._saved_count and self._is_partial(self._deltas[count - 1]):
            count -= 1
        is_long = self._saved_length > _REWRITTEN
        first = self._saved_count if is_long else 0
        text = storable("".join([delta.text for delta in self._deltas[first:count]]))
        if count == self._saved_count or not text:
            return None
        start = self._saved_length if is_long else 0
        return UnsavedText(text, self._deltas[count - 1].cursor, start, count)

    def _is_partial(self, delta: Delta) -> bool:
        return (self._has_cursors and delta.cursor is None) or "\ud800" <= delta.text[-1:] <= "\udbff"

    def mark_saved(self, piece: UnsavedText) -> None:
        """Note that a piece is in the database; one that could not be written is part of the next."""
        self._saved_count, self._saved_length = piece.deltas, piece.start + len(piece.text)


def _sum(before: int | None, count: int | None) -> int | None:
    """Two counts, of which either may be unknown."""
    return before if count is None else count + (before or 0)


def whole_characters(events: Iterable[Event]) -> Iterator[Event]:
    """The events, with a character that was cut in two put together.

    JSON escapes an emoji as two halves, and some servers send each in a piece of its own. A piece that ends
    with the first half waits for the next one of its kind.
    """
    held: Delta | Reasoning | None = None
    for event in events:
        if isinstance(event, (Delta, Reasoning)):
            if held is not None and type(held) is type(event):
                event.text = held.text + event.text
                held = None
            if "\ud800" <= event.text[-1:] <= "\udbff":
                held = event
                continue
            if not event.text.isascii():
                event.text = storable(event.text)
        elif held is not None and isinstance(event, Finished):
            yield held
            held = None
        yield event
    if held is not None:
        yield held


def finished_outcome(finished: Finished, progress: Progress) -> RunOutcome:
    """The outcome of a run that the provider ended."""
    whole = storable(finished.text or "")
    return RunOutcome(
        finished.state,
        progress.begun + whole if whole else progress.text,
        finished.detail,
        storable(finished.error),
        progress.usage,
        # A thread holds an answer that was gone on with in two messages, and the request to go on.
        thread_synced=finished.state is RunState.COMPLETED and not progress.begun,
        reasoning=progress.reasoning,
        cost=progress.cost(progress.usage),
        model=progress.model,
        thread_id=progress.thread_id,
        run_id=progress.run_id,
    )


def aborted_outcome(progress: Progress, state: RunState, error: str) -> RunOutcome:
    """The outcome of a run that the provider did not end: what arrived is kept."""
    return RunOutcome(
        state,
        progress.text,
        error=storable(error),
        usage=progress.usage,
        thread_synced=False if progress.sent else None,
        reasoning=progress.reasoning,
        cost=progress.cost(progress.usage) if progress.sent else 0,
        model=progress.model,
        thread_id=progress.thread_id,
        run_id=progress.run_id,
    )


def failed_outcome(progress: Progress, error: ChatmgrError) -> RunOutcome:
    """The outcome of a run that an error ended: interrupted if the server may have run it, else failed."""
    interrupted = isinstance(error, NetworkDown) and error.heard
    state = RunState.INTERRUPTED if interrupted else RunState.FAILED
    outcome = aborted_outcome(progress, state, error.message)
    return outcome if error.touched else replace(outcome, thread_synced=None, cost=0)
