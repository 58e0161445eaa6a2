"""A terminal in memory: pyte's screen, and what pyte does not know of today's terminals.

Feed it what a program writes; ``buffer`` then holds the cells as a person would see them. pyte drops faint
text, has no second screen, and would print the body of sequences that it cannot parse.
"""

import copy
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, cast

import pyte
from wcwidth import wcwidth

_ALTERNATE_SCREEN, _SYNCHRONISED = 1049, 2026
# Strings (DCS, APC, PM, SOS), operating system commands beyond titles, and CSI with a prefix that pyte does
# not read: keyboard protocols, image protocols, hyperlinks, notifications.
_UNREAD = re.compile(
    r"\x1b[_P^X][^\x1b]*\x1b\\"
    r"|\x1b\](?![012];)[^\x07\x1b]*(?:\x07|\x1b\\)"
    r"|\x1b\[[<=>][0-9;:]*[ -/]*[@-~]"
)
_UNFINISHED = re.compile(r"\x1b(?:[_P^X\]][^\x07\x1b]*\x1b?|\[[0-?]*[ -/]*)?\Z")


class Cell(NamedTuple):
    """One cell: pyte's fields, and whether it is dim. The right half of a wide sign has empty ``data``."""

    data: str
    fg: str = "default"
    bg: str = "default"
    bold: bool = False
    italics: bool = False
    underscore: bool = False
    strikethrough: bool = False
    reverse: bool = False
    blink: bool = False
    dim: bool = False


class WideSigns(pyte.Screen):
    """A wide sign that does not fit into the last column goes to the next row, as at other terminals."""

    def draw(self, data: str) -> None:
        if data.isascii():
            super().draw(data)
            return
        for char in data:
            if self.cursor.x == self.columns - 1 and wcwidth(char) == 2:
                super().draw(" ")
            super().draw(char)


class Emulator(WideSigns):
    """A screen of ``columns`` × ``lines``; answers to a program's questions go to ``send``."""

    def __init__(self, columns: int, lines: int, send: Callable[[str], object]) -> None:
        self._send = send
        self._primary: tuple[Any, Any] | None = None
        self._rest = ""
        super().__init__(columns, lines)
        self._stream = pyte.Stream(self)

    def feed(self, text: str) -> None:
        """Show what a program wrote; a sequence may come in pieces."""
        text = self._rest + text
        unfinished = _UNFINISHED.search(text)
        self._rest = unfinished.group() if unfinished else ""
        self._stream.feed(_UNREAD.sub("", text.removesuffix(self._rest)))

    @property
    def synchronising(self) -> bool:
        """Whether the program has asked not to show what it draws until it is done."""
        return _SYNCHRONISED << 5 in self.mode

    @property
    def cells(self) -> list[list[Cell]]:
        """The rows from the top."""
        rows = cast(Mapping[int, Mapping[int, Cell]], self.buffer)
        return [[rows[row][column] for column in range(self.columns)] for row in range(self.lines)]

    def write_process_input(self, data: str) -> None:
        """Answer as a terminal does that is asked where the cursor is."""
        self._send(data)

    @property
    def default_char(self) -> Any:
        """An empty ``Cell``; for pyte, which only copies it, as good as a cell of its own."""
        return Cell(" ")

    def reset(self) -> None:
        """Begin with an empty screen."""
        super().reset()
        self.cursor.attrs = self.default_char

    def select_graphic_rendition(self, *attrs: int, **private: bool) -> None:
        """Set the style of what is drawn next."""
        if private:  # CSI > 4 ; 1 m and the like set keyboards, not colours
            return
        for group in _style_groups(attrs or (0,)):
            if group in {(2,), (22,)}:
                self.cursor.attrs = cast(Any, self.cursor.attrs)._replace(dim=group == (2,))
            if group != (2,):
                super().select_graphic_rendition(*group)

    def set_mode(self, *modes: int, **private: bool) -> None:
        """Switch to the second screen, or set another mode."""
        if private and _ALTERNATE_SCREEN in modes and self._primary is None:
            self._primary = self.buffer, copy.copy(self.cursor)
            self.buffer = copy.copy(self.buffer)
            self.buffer.clear()
        super().set_mode(*modes, **private)

    def reset_mode(self, *modes: int, **private: bool) -> None:
        """Switch back to the first screen, as it was, or reset another mode."""
        super().reset_mode(*modes, **private)
        if private and _ALTERNATE_SCREEN in modes and self._primary is not None:
            self.buffer, self.cursor = self._primary
            self._primary = None


def _style_groups(codes: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """Split the codes of a style so that a colour's numbers stay together: ``38;5;2`` is not faint."""
    start = 0
    while start < len(codes):
        size = 1
        if codes[start] in {38, 48} and start + 1 < len(codes):
            size = 3 if codes[start + 1] == 5 else 5
        yield codes[start : start + size]
        start += size
