"""Rows that stay at the bottom of the screen while other output goes on above them.

The area begins where the cursor was, at the start of a row. To write above it, it is erased, the text is
written, and the area is drawn again below that: all in one piece, which terminals that know synchronised
output show at once. It never reaches the scrollback, because it is never higher than the screen and is erased
before anything scrolls.

Any thread may write above the area or have it drawn; ``lock`` is held meanwhile. Whoever draws rows of
its own above it (a ``Region``) holds the same lock from reading ``free_size`` to the end of its drawing, so
that the area does not grow in between. What the area shows is made by ``compose``, which must only read
values that are replaced as a whole.
"""

import os
import re
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import NamedTuple

from chatmgr.terminal.region import Size, stdout_size
from chatmgr.terminal.running_line import RunningLine

_SHOW_CURSOR = "\x1b[?25h"
_BEGIN, _END = "\x1b[?2026h\x1b[?25l", f"{_SHOW_CURSOR}\x1b[?2026l"
_NO_WRAP, _WRAP = "\x1b[?7l", "\x1b[?7h"  # a screen that has just become narrower cuts rows off
_SEQUENCE = re.compile("\x1b(?:\\[[0-?]*[ -/]*[@-~]|[\\]P_][^\x1b\x07]*(?:\x07|\x1b\\\\))")
_SIGNAL_SECONDS = 0.2  # how long a signal's handler waits for another thread that is drawing
_REFLOWING = ("TMUX", "VTE_VERSION", "KITTY_WINDOW_ID", "WEZTERM_PANE", "WT_SESSION", "ALACRITTY_WINDOW_ID")
_REFLOWING_PROGRAMS = {"iTerm.app", "Apple_Terminal", "WezTerm", "ghostty", "vscode"}


class Row(NamedTuple):
    """One row of the area: its text, which may be styled, and its columns."""

    text: str
    columns: int


class Picture(NamedTuple):
    """What the area shows, and the row and column of its cursor."""

    rows: tuple[Row, ...]
    cursor: tuple[int, int]


class BottomArea:
    """Rows at the bottom of the screen, with the terminal's cursor in one of them.

    ``running`` is the line about what goes on; ``compose`` makes the picture, with that line in it. Whoever
    draws above sets ``on_others_output``, which is called when another program has written below its rows.
    """

    def __init__(
        self,
        write: Callable[[str], None],
        compose: Callable[[Size], Picture],
        get_size: Callable[[], Size] = stdout_size,
    ) -> None:
        self.lock = threading.RLock()
        self.on_others_output: Callable[[], None] = lambda: None
        self.running = RunningLine(self.write_above)
        self._write = write
        self._compose = compose
        self._get_size = get_size
        self._picture: Picture | None = None
        self._size: Size = (0, 0)
        self._most_rows = 0
        self._shown = self._mid_line = False

    def free_size(self) -> Size:
        """The size of the screen as it is for those who draw above the area.

        Rows that the area once needed are never given back: what was there may have scrolled away.
        """
        columns, lines = self._get_size()
        return columns, max(lines - max(self._most_rows - 1, 0), 2)

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Show the area within this block."""
        self.show()
        try:
            yield
        finally:
            self.hide()

    @contextmanager
    def hidden(self) -> Iterator[None]:
        """Hide the area within this block, for a question or another program."""
        self.hide()
        try:
            yield
        finally:
            self.show()

    def show(self) -> None:
        """Draw the area, at the row of the cursor."""
        with self.lock:
            self._shown, self._mid_line = True, False
            self.refresh()

    def hide(self) -> None:
        """Remove the area from the screen."""
        with self.lock:
            if self._picture:
                with suppress(OSError):
                    self._write(f"{self._erasing()}{_SHOW_CURSOR}")
            self._picture, self._shown = None, False

    def refresh(self, *, wait: bool = True) -> None:
        """Draw the area if it would show something else now, or the screen has another size.

        Without ``wait``, nothing is done while somebody else draws, who may be waiting for this thread.
        """
        if not self.lock.acquire(blocking=wait):
            return
        try:
            if not self._shown or self._mid_line:
                return
            size = self._get_size()
            picture = self._compose(size)
            if picture != self._picture or size != self._size:
                with suppress(OSError):  # the terminal is gone
                    self._replace("", picture, size)
        finally:
            self.lock.release()

    def write_above(self, text: str) -> None:
        """Write a text above the area, which is out of the way until the text's last line has ended."""
        with self.lock:
            if not self._shown:
                self._write(text)
                return
            visible = _SEQUENCE.sub("", text)
            if visible:
                self._mid_line = visible[-1] not in "\r\n"
            size = self._get_size()
            if self._mid_line:
                self._replace(text, None, size)
            else:
                unchanged = self._picture is not None and size == self._size
                self._replace(text, self._picture if unchanged else self._compose(size), size)

    def hide_in_handler(self) -> bool:
        """As ``hide``, in the handler of a signal, where whoever draws now may never finish that.

        Returns whether the area was shown. Writes past stdout's buffer, which may be in use.
        """
        if not self.lock.acquire(timeout=_SIGNAL_SECONDS):
            return False
        try:
            was_shown, erasing = self._shown, self._erasing()
            self._picture, self._shown = None, False
            with suppress(OSError):
                os.write(sys.stdout.fileno(), f"{erasing}{_SHOW_CURSOR}".encode())
            return was_shown
        finally:
            self.lock.release()

    def show_soon(self) -> None:
        """Have the area drawn by the next ``refresh``: a signal's handler must not draw it.

        Others have written on the screen meanwhile.
        """
        self.on_others_output()
        self._shown = True

    def _replace(self, text: str, picture: Picture | None, size: Size) -> None:
        output = self._erasing() + text
        self._picture, self._size = picture, size
        if picture:
            self._most_rows = max(self._most_rows, len(picture.rows))
            row, column = picture.cursor
            rows_up = len(picture.rows) - 1 - row
            rows = "\n".join(line.text for line in picture.rows)
            output += f"{_NO_WRAP}{rows}{_WRAP}"
            output += (f"\x1b[{rows_up}A" if rows_up else "") + "\r" + (f"\x1b[{column}C" if column else "")
        self._write(f"{_BEGIN}{output}{_END}")

    def _erasing(self) -> str:
        """The sequence that removes the area, and puts the cursor where it began."""
        if self._picture is None:
            return ""
        cursor_row, cursor_column = self._picture.cursor
        columns = self._get_size()[0]
        if columns < self._size[0] and reflows(os.environ):
            above = self._picture.rows[:cursor_row]
            cursor_row = sum(max(row.columns - 1, 0) // columns + 1 for row in above)
            cursor_row += cursor_column // columns
        return "\r" + (f"\x1b[{cursor_row}A" if cursor_row else "") + "\x1b[J"


def reflows(environment: Mapping[str, str]) -> bool:
    """Whether the terminal is known to wrap its rows anew when it gets narrower; others cut them off."""
    program = environment.get("TERM_PROGRAM", "")
    term = environment.get("TERM", "").partition("-")[0]
    return (
        any(environment.get(variable) for variable in _REFLOWING)
        or program in _REFLOWING_PROGRAMS
        or term in {"tmux", "alacritty", "foot", "ghostty"}
    )
