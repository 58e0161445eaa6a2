"""A line on stderr that comes and goes: what is being waited for, and what the model thinks.

Where stderr is no terminal, each reason to wait is said once, and thoughts are not shown.
"""

from typing import TextIO

from chatmgr.terminal.console import styled
from chatmgr.terminal.sanitize import clean, one_line


class Status:
    """Shows at most one line, and takes it away before anything else is written."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._terminal = stream.isatty()
        self._shown = False
        self._thinking = False
        self._said = ""

    def show(self, text: str, *, brief: bool = False) -> None:
        """Replace the line; what is ``brief`` is not worth a line where none can be taken away."""
        if self._terminal:
            self._end_thought()
            self._stream.write(f"\r\x1b[K{styled(one_line(text, 78), 'dim', True)}")
            self._shown = True
        elif not brief and text.partition(":")[0] != self._said:
            self._said = text.partition(":")[0]
            self._stream.write(f"{one_line(text)}\n")
        self._stream.flush()

    def think(self, text: str) -> None:
        """A piece of the model's thoughts, dimmed, before its answer."""
        if self._terminal:
            self._take_away()
            self._stream.write(styled(clean(text), "dim", True))
            self._stream.flush()
            self._thinking = True

    def clear(self) -> None:
        """Take the line away; end the thoughts' last line."""
        if self._shown or self._thinking:
            self._take_away()
            self._end_thought()
            self._stream.flush()

    def _take_away(self) -> None:
        if self._shown:
            self._stream.write("\r\x1b[K")
            self._shown = False

    def _end_thought(self) -> None:
        if self._thinking:
            self._stream.write("\n")
            self._thinking = False
