"""The rows at the end of the screen that may still change, and how they are drawn over each other.

Between two drawings the cursor stands on the empty row below them, so that a status line may come and
go there. Rows that left the screen are out of reach; nothing above the region is ever touched.
"""

import os
import sys
from collections.abc import Callable, Sequence
from typing import Protocol

Size = tuple[int, int]
"""Columns and rows."""


class Row(Protocol):
    """What is drawn: its text with styles, its columns, and whether the next row is the same line."""

    @property
    def text(self) -> str: ...
    @property
    def columns(self) -> int: ...
    @property
    def joined(self) -> bool: ...


def size_of(descriptor: int) -> Size:
    """The size of a terminal; 80 × 24 where it does not tell."""
    try:
        columns, lines = os.get_terminal_size(descriptor)
    except OSError:
        columns = lines = 0
    return columns or 80, lines or 24


def size_of_stdout() -> Size:
    """The size of the terminal that stdout is."""
    return size_of(sys.stdout.fileno())


class Region:
    """Draws rows over those it drew before, beginning with the first that differs."""

    def __init__(self, put: Callable[[str], None], size: Callable[[], Size]) -> None:
        self._put = put
        self._size = size
        self._rows: list[tuple[str, int, bool]] = []
        self.width, self._height = size()

    @property
    def room(self) -> int:
        """How many rows can be redrawn."""
        return max(self._height - 1, 1)

    def adapt(self) -> int:
        """Read the size anew; returns how many of the rows are out of reach now, and stay as they are.

        A narrower terminal has wrapped a longer row anew, or has not: terminals differ, and none tells.
        What is at or above such a row is left alone, and goes on below it.
        """
        width, self._height = self._size()
        reach = min(len(self._rows), self.room)
        if width != self.width:
            self.width = width
            known = 0
            for at in range(len(self._rows) - 1, -1, -1):
                _, columns, joined = self._rows[at]
                if joined or columns > width or (at and self._rows[at - 1][2]):
                    break
                known += 1
            reach = min(reach, known)
        lost = len(self._rows) - reach
        del self._rows[:lost]
        return lost

    def draw(self, rows: Sequence[Row], kept: int = 0) -> None:
        """Show these rows in place of those before; the first ``kept`` are never touched again."""
        wanted = [(one.text, one.columns, one.joined) for one in rows]
        same = 0
        for one, other in zip(self._rows, wanted, strict=False):
            if one != other:
                break
            same += 1
        up = len(self._rows) - same
        if up or len(wanted) > same:
            lines = "".join(text if joined else f"{text}\n" for text, _, joined in wanted[same:])
            back = f"\x1b[{up}A" if up else ""
            self._put(f"\r{back}\x1b[J{lines}")
        self._rows = wanted[kept:]

    def leave(self) -> None:
        """Leave the rows as they are, for good."""
        self._rows = []

    def erase(self) -> None:
        """Take the rows away."""
        self.draw(())
