"""Ctrl-C during a turn: the first stops the answer, the second asks to leave, the third does at once.

The second does not interrupt the stopping: asking the server to stop, and writing down what had
come, takes a moment, and a run left open would have to be taken up by the next command.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_LEAVING = b"\r\x1b[KLeaving once what has come is kept; Ctrl-C again leaves at once.\n"


class InterruptCounter:
    """How often Ctrl-C was pressed during a turn."""

    def __init__(self) -> None:
        self.count = 0

    @property
    def leaving(self) -> bool:
        """Whether the person wants to leave the chat."""
        return self.count > 1

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Count in this block."""
        self.count = 0
        before = signal.signal(signal.SIGINT, self._pressed)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    def _pressed(self, number: int, frame: FrameType | None) -> None:
        self.count += 1
        if self.count == 2:
            os.write(2, _LEAVING)  # a stream of Python's may be in the middle of a write
            return
        raise KeyboardInterrupt
