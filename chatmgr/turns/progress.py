"""What has arrived of one answer, and how a run is closed on the strength of it."""

from collections.abc import Callable
from dataclasses import replace

from chatmgr.domain.errors import ChatmgrError, NetworkDown
from chatmgr.domain.events import Delta, Finished, Usage
from chatmgr.domain.states import RunState
from chatmgr.domain.text import storable
from chatmgr.store.writer import RunOutcome


class Progress:
    """Text, reasoning and usage so far, and how much of the text is written down.

    ``lasting`` is the conversation's name where its run goes on at the server without this process;
    ``waited``: the run waits there for functions until something is heard of it.
    """

    def __init__(self, text: str = "", *, lasting: str = "", waited: bool = False) -> None:
        self.lasting = lasting
        self.waited = waited
        self._parts = [Delta(text)] if text else []
        self._written = len(self._parts)
        self._thoughts: list[str] = []
        self.add = self._parts.append
        self.think = self._thoughts.append
        self.usage = Usage()
        self.price: Callable[[Usage], int | None] = lambda _: None
        self.preload: Callable[[], None] = lambda: None
        self.model = ""
        self.sent = False
        self.run_id = ""
        self.finished: Finished | None = None

    @property
    def text(self) -> str:
        """The answer so far."""
        return self._joined(len(self._parts))

    def _joined(self, count: int) -> str:
        return storable("".join([part.text for part in self._parts[:count]]))

    @property
    def reasoning(self) -> str:
        """What the model said to itself so far."""
        return storable("".join(self._thoughts))

    def news(self) -> tuple[str, int | None]:
        """The text so far and its cursor, if there is more than at the last call; else nothing.

        Asked from another thread than the one that adds: both are taken up to the same part, so that
        a stream continued after the cursor neither misses nor doubles a word.
        """
        count = len(self._parts)
        if count == self._written:
            return "", None
        self._written = count
        return self._joined(count), self._parts[count - 1].cursor


def ending(finished: Finished, progress: Progress) -> RunOutcome:
    """How a run that came to its end is closed."""
    return RunOutcome(
        finished.state,
        storable(finished.text or "") or progress.text,
        finished.detail,
        storable(finished.error),
        progress.usage,
        thread_synced=finished.state is RunState.COMPLETED,
        reasoning=progress.reasoning,
        cost=progress.price(progress.usage),
    )


def aborted(progress: Progress, state: RunState, error: str) -> RunOutcome:
    """How a run that did not come to its end is closed: what arrived is kept."""
    return RunOutcome(
        state,
        progress.text,
        error=storable(error),
        usage=progress.usage,
        thread_synced=False if progress.sent else None,
        reasoning=progress.reasoning,
        cost=progress.price(progress.usage) if progress.sent else 0,
    )


def failed(progress: Progress, error: ChatmgrError) -> RunOutcome:
    """How a run is closed that an error ended: broken off, or refused."""
    broke = isinstance(error, NetworkDown) and error.heard
    end = aborted(progress, RunState.INTERRUPTED if broke else RunState.FAILED, error.message)
    return end if error.touched else replace(end, thread_synced=None, cost=0)
