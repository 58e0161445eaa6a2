"""Ctrl-C during a turn: the first stops the answer, the second asks to leave, the third leaves at once.

The second does not interrupt the stopping. Asking the server to stop and saving the partial answer takes
a moment, and a run left open would have to be recovered by the next command.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from chatmgr.domain.interrupts import interrupts
from chatmgr.terminal.console import console

_LEAVING = "Leaving as soon as the partial answer is saved. Press Ctrl-C again to leave at once."


class InterruptCounter:
    """Counts how often Ctrl-C is pressed during a turn."""

    def __init__(self) -> None:
        self._count = 0
        self._stopped = self._announced = False

    @property
    def wants_to_leave(self) -> bool:
        """Whether the user wants to leave the chat: Ctrl-C was pressed more than once."""
        return self._count > 1

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Count within this block, starting at zero."""
        self._count = 0
        self._stopped = self._announced = False
        with interrupts.reacting(self._react):
            try:
                yield
            finally:
                self._count = interrupts.count

    def _react(self, count: int) -> bool:
        """Stop at the first press, and at the third; a second one that comes meanwhile is only answered."""
        if not self._stopped:
            self._stopped = True
            return True
        if count == 2 and not self._announced:
            self._announced = True
            console.note(_LEAVING, "")
            return False
        return True
