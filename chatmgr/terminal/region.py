"""A region of rows at the end of the screen that is redrawn in place.

Between two drawings the cursor is on the empty row below the region, where a status line may come and
go. Rows that have scrolled off the screen cannot be redrawn; nothing above the region is ever touched.
"""

import os
import sys
from collections.abc import Callable, Sequence
from typing import Protocol

Size = tuple[int, int]
"""Columns and rows."""


class RegionRow(Protocol):
    """One row to draw: styled text, its columns, and whether the next row continues the same line."""

    @property
    def text(self) -> str: ...
    @property
    def columns(self) -> int: ...
    @property
    def joined(self) -> bool: ...


def terminal_size(descriptor: int) -> Size:
    """The size of the terminal at a file descriptor; 80 × 24 if it is unknown."""
    try:
        columns, lines = os.get_terminal_size(descriptor)
    except OSError:
        columns = lines = 0
    return columns or 80, lines or 24


def stdout_size() -> Size:
    """The size of the terminal that stdout is connected to."""
    return terminal_size(sys.stdout.fileno())


class Region:
    """Draws rows over the previous ones, starting at the first that differs."""

    def __init__(self, write: Callable[[str], None], get_size: Callable[[], Size]) -> None:
        self._write = write
        self._get_size = get_size
        self._rows: list[tuple[str, int, bool]] = []
        self._lost = False
        self.width, self._height = get_size()

    @property
    def capacity(self) -> int:
        """How many rows can be redrawn."""
        return max(self._height - 1, 1)

    def resize(self) -> int:
        """Read the terminal's size; returns how many rows are now out of reach and stay as they are.

        A narrower terminal may or may not have wrapped its longer rows again: terminals differ, and none
        reports it. Such a row and everything above it is left alone; drawing continues below it.
        """
        width, self._height = self._get_size()
        reachable = min(len(self._rows), self.capacity)
        if width != self.width:
            self.width = width
            unwrapped = 0
            for index in range(len(self._rows) - 1, -1, -1):
                _, columns, joined = self._rows[index]
                if joined or columns > width or (index and self._rows[index - 1][2]):
                    break
                unwrapped += 1
            reachable = min(reachable, unwrapped)
        if self._lost:
            self._lost, reachable = False, 0
        unreachable = len(self._rows) - reachable
        del self._rows[:unreachable]
        return unreachable

    def lose(self) -> None:
        """The rows cannot be redrawn: another program has written below them. Takes effect at ``resize``."""
        self._lost = True

    def draw(self, rows: Sequence[RegionRow], kept: int = 0) -> None:
        """Show these rows in place of the previous ones; the first ``kept`` are never touched again."""
        new_rows = [(row.text, row.columns, row.joined) for row in rows]
        unchanged = 0
        for old_row, new_row in zip(self._rows, new_rows, strict=False):
            if old_row != new_row:
                break
            unchanged += 1
        rows_up = len(self._rows) - unchanged
        if rows_up or len(new_rows) > unchanged:
            output = "".join(text if joined else f"{text}\n" for text, _, joined in new_rows[unchanged:])
            cursor_up = f"\x1b[{rows_up}A" if rows_up else ""
            self._write(f"\r{cursor_up}\x1b[J{output}")
        self._rows = new_rows[kept:]

    def release(self) -> None:
        """Leave the rows on the screen for good."""
        self._rows = []

    def erase(self) -> None:
        """Remove the rows from the screen."""
        self.draw(())
