"""A screen without a process: what is written to it, it shows; rows that left it are kept."""

import re
from collections.abc import Callable, Iterable

import pyte

from chatmgr.terminal.console import Console
from chatmgr.terminal.markdown import rendered_lines
from chatmgr.terminal.markdown.streaming_writer import MarkdownWriter
from chatmgr.terminal.region import Size
from tests.support.emulator import WideSigns

_SGR = re.compile(r"\x1b\[[0-9;]*m")


class _Screen(WideSigns, pyte.HistoryScreen):
    """Rows that leave it are kept."""


class Paper(Console):
    """A screen of ``columns`` × ``lines`` as a console; ``raw`` is every piece that was written."""

    def __init__(self, columns: int, lines: int = 24) -> None:
        super().__init__()
        self.screen = _Screen(columns, lines, history=100_000, ratio=0.001)
        self._stream = pyte.Stream(self.screen)
        self.raw: list[str] = []

    def out(self, text: str, end: str = "\n") -> None:
        """As ``write``: its styles are those of a terminal."""
        self.write(text + end)

    def write(self, text: str) -> None:
        """Show it, as a terminal behind a tty does."""
        self.raw.append(text)
        self._stream.feed(text.replace("\n", "\r\n"))

    def resize(self, columns: int, lines: int) -> None:
        """Another size: what does not fit into a row is wrapped anew, and the cursor stays where it was."""
        old, above = self.screen, self.text_to_cursor
        self.screen = _Screen(columns, lines, history=100_000, ratio=0.001)
        self._stream = pyte.Stream(self.screen)
        self._stream.feed("".join(f"{row}\r\n" for row in above))
        assert old.cursor.x == 0

    @property
    def text_to_cursor(self) -> list[str]:
        """The rows above the cursor."""
        above = [*self.screen.history.top, *(self.screen.buffer[at] for at in range(self.screen.cursor.y))]
        return ["".join(row[at].data for at in range(self.screen.columns)).rstrip() for row in above]

    def size(self) -> Size:
        """Columns and rows."""
        return self.screen.columns, self.screen.lines

    @property
    def rows(self) -> list[list[tuple[str, ...]]]:
        """All rows, those that left the screen too: each sign with its colour and style."""
        every = [*self.screen.history.top, *(self.screen.buffer[at] for at in range(self.screen.lines))]
        collected = []
        for row in every:
            cells = [row[at] for at in range(self.screen.columns)]
            looks = [
                (cell.data, cell.fg, *map(str, (cell.bold, cell.italics, cell.underscore)))
                if cell.data != " "
                else (" ",)
                for cell in cells
            ]
            while looks and looks[-1] == (" ",):
                looks.pop()
            collected.append(looks)
        while collected and not collected[-1]:
            collected.pop()
        return collected

    @property
    def text(self) -> str:
        """All rows as text."""
        return "\n".join("".join(sign[0] for sign in row) for row in self.rows)


def plain(lines: Iterable[str]) -> str:
    """Lines without their styles."""
    return _SGR.sub("", "\n".join(lines))


def static(text: str, columns: int, lines: int = 24) -> Paper:
    """A whole message on a screen."""
    paper = Paper(columns, lines)
    for line in rendered_lines(text, columns):
        paper.out(line)
    return paper


def streamed(
    pieces: Iterable[str], columns: int, lines: int = 24, each: Callable[[Paper, int], None] | None = None
) -> Paper:
    """The pieces of a message, each drawn as it comes; ``each`` is called after every one."""
    paper = Paper(columns, lines)
    writer = MarkdownWriter(paper, paper.size)
    for number, piece in enumerate(pieces):
        writer.draw(piece)
        if each:
            each(paper, number)
    writer.finish()
    return paper
