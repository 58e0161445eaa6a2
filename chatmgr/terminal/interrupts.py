"""Ctrl-C during a turn: the first stops the answer, the second asks to leave, the third leaves at once.

The second does not interrupt the stopping. Asking the server to stop and saving the partial answer takes
a moment, and a run left open would have to be recovered by the next command.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_LEAVING_NOTICE = (
    b"\r\x1b[KLeaving as soon as the partial answer is saved. Press Ctrl-C again to leave at once.\n"
)


class InterruptCounter:
    """Counts how often Ctrl-C is pressed during a turn."""

    def __init__(self) -> None:
        self.count = 0

    @property
    def wants_to_leave(self) -> bool:
        """Whether the user wants to leave the chat: Ctrl-C was pressed more than once."""
        return self.count > 1

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Count within this block, starting at zero."""
        self.count = 0
        previous_handler = signal.signal(signal.SIGINT, self._on_interrupt)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, previous_handler)

    def _on_interrupt(self, signum: int, frame: FrameType | None) -> None:
        self.count += 1
        if self.count == 2:
            os.write(2, _LEAVING_NOTICE)  # not sys.stderr, which may be in the middle of a write
            return
        raise KeyboardInterrupt
