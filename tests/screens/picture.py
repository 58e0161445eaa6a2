"""What a terminal shows, as text that a person can review: the rows, then the styles of each row.

::

    80 × 24, cursor at row 3, column 3

     1│▌ Why is the sky blue?
     2│
     3│❯

     1│1 cyan · 3–22 bold

Columns count from 1, and a wide sign takes two. Rows are written up to the last one that shows anything.
What differs from run to run is replaced by something that does not: see ``MASKS``.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from tests.support.emulator import Cell, Emulator

Mask = tuple[re.Pattern[str], str]
_BLANK, _RIGHT_HALF = Cell(" "), "\x00"
_ATTRIBUTES = ("bold", "dim", "italics", "underscore", "strikethrough", "reverse", "blink")
_SEEN_ON_BLANKS = ("underscore", "strikethrough", "reverse")
MASKS: tuple[Mask, ...] = (
    (re.compile(r"\b\d+(?:\.\d+)? s\b"), "1.2 s"),
    (re.compile(r"[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]"), "⠸"),
    (re.compile(r"127\.0\.0\.1:\d{4,5}\b"), "127.0.0.1:40000"),
)


@dataclass(frozen=True, slots=True)
class Picture:
    """The cells of a screen, and the row and column of its cursor from 0; None where it is hidden."""

    rows: list[list[Cell]]
    cursor: tuple[int, int] | None

    @property
    def text(self) -> str:
        """The picture as a golden file has it."""
        lines, columns = len(self.rows), len(self.rows[0])
        shown = [_visible(row) for row in self.rows]
        while shown and all(cell == _BLANK for cell in shown[-1]):
            shown.pop()
        cursor = f"cursor at row {self.cursor[0] + 1}, column {self.cursor[1] + 1}" if self.cursor else ""
        texts = ("".join(cell.data for cell in row).rstrip() for row in shown)
        styles = ((number, " · ".join(_runs(row))) for number, row in enumerate(shown, 1))
        return "\n".join(
            [
                f"{columns} × {lines}, {cursor or 'no cursor'}",
                "",
                *(f"{number:>2}│{text}" for number, text in enumerate(texts, 1)),
                "",
                *(f"{number:>2}│{runs}" for number, runs in styles if runs),
                "",
            ]
        )


def taken(emulator: Emulator, masks: tuple[Mask, ...] = ()) -> Picture:
    """The picture of a screen as it stands, with what differs from run to run replaced."""
    cursor = None if emulator.cursor.hidden else (emulator.cursor.y, emulator.cursor.x)
    rows = emulator.cells
    for pattern, replacement in (*masks, *MASKS):
        rows = [_masked(row, pattern, replacement) for row in rows]
    return Picture(rows, cursor)


def _masked(row: list[Cell], pattern: re.Pattern[str], replacement: str) -> list[Cell]:
    """Replace what matches, in the style of its first cell; what stands behind a gap stays in its columns."""
    text = "".join(cell.data[:1] or _RIGHT_HALF for cell in row)
    for match in reversed(list(pattern.finditer(text))):
        style, (start, end) = row[match.start()], match.span()
        rest = row[end:]
        surplus = len(replacement) - (end - start)
        gap = re.search(r"  +|\s*$", text[end:])
        at = gap.start() if gap else 0
        rest[at:at] = [_BLANK] * max(0, -surplus)
        del rest[at : at + max(0, surplus)]
        row = [*row[:start], *(style._replace(data=char) for char in replacement), *rest]
    return row


def _visible(row: list[Cell]) -> list[Cell]:
    """The row with the styles that can be seen: of a blank's, only few can."""
    return [
        cell
        if cell.data != " " or cell.bg != "default" or any(getattr(cell, name) for name in _SEEN_ON_BLANKS)
        else _BLANK
        for cell in row
    ]


def _runs(row: list[Cell]) -> Iterator[str]:
    """The stretches of one style, such as ``3–40 bold cyan``; words of one style are one stretch."""
    styles = [_style(cell) for cell in row]
    for column in range(1, len(row)):  # a blank between words of one style is theirs
        if row[column] == _BLANK and row[column - 1].data != " ":
            following = next((at for at in range(column, len(row)) if row[at] != _BLANK), None)
            if following is not None and following - column == 1 and styles[following] == styles[column - 1]:
                styles[column] = styles[following]
    column = 1
    for style, group in groupby(styles):
        width = len(list(group))
        if style:
            yield f"{column}–{column + width - 1} {style}" if width > 1 else f"{column} {style}"
        column += width


def _style(cell: Cell) -> str:
    words = [name for name in _ATTRIBUTES if getattr(cell, name)]
    words += [cell.fg] if cell.fg != "default" else []
    words += [f"on {cell.bg}"] if cell.bg != "default" else []
    return " ".join(words).replace("brown", "yellow").replace("bfightmagenta", "brightmagenta")
