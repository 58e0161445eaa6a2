"""Draws the golden screens as the documentation's pictures: ``python docs/tools/screens.py``.

The tests hold the files in ``tests/screens/golden`` against a real terminal, so the pictures show what
chatmgr shows. ``--check`` only compares the pictures with the files; it writes nothing.
"""

import argparse
import html
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from wcwidth import wcwidth

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "screens" / "golden"
# A picture below docs/, the golden file that it shows, and its title, which screen readers read.
PICTURES = (
    ("terminal.svg", "answer.80x30", "A question in the chat, and its answer with code and a table"),
    ("screens/wizard.svg", "wizard.80x24", "The first start: which provider to talk to"),
    ("screens/streaming.svg", "streaming.80x24", "An answer that arrives while the next question is typed"),
    (
        "screens/replay.svg",
        "replay.80x40",
        "A conversation that is resumed: its last turns, and the input line",
    ),
    ("screens/picker.svg", "picker.80x24", "The picker: conversations above, and a preview below"),
    ("screens/list.svg", "list.80x24", "The list of conversations"),
    ("screens/search.svg", "search.80x24", "What a search finds, with the words marked"),
    ("screens/stats.svg", "stats.80x40", "Turns, tokens and cost, with bars"),
)
_CELL_WIDTH, _LINE_HEIGHT, _MARGIN, _TITLE_HEIGHT, _BASELINE = 8.4, 17, 16, 28, 13
_BACKGROUND, _FOREGROUND = "#1e1e2e", "#d9dbe4"
_COLOURS = {
    "black": "#45475a",
    "red": "#f38ba8",
    "green": "#8fd694",
    "yellow": "#f2c97d",
    "blue": "#89b4fa",
    "magenta": "#d6a4e8",
    "cyan": "#7fd6d6",
    "white": "#bac2de",
    "brightblack": "#7f849c",
}
# How much of a cell is filled, from its left side and from its bottom.
_BLOCKS = {sign: (eighths / 8, 1.0) for eighths, sign in enumerate("▏▎▍▌▋▊▉█", 1)}
_BLOCKS |= {sign: (1.0, eighths / 8) for eighths, sign in enumerate("▁▂▃▄▅▆▇", 1)}
# Lines are drawn, not written: a font's own would leave gaps between the rows.
_LINES = {"─": "lr", "│": "ud", "┌": "rd", "┐": "ld", "└": "ru", "┘": "lu"}
_LINES |= {"├": "udr", "┤": "udl", "┬": "lrd", "┴": "lru", "┼": "lrud"}
_ATTRIBUTES = {
    "bold": ' font-weight="bold"',
    "dim": ' opacity="0.62"',
    "italics": ' font-style="italic"',
    "underscore": ' text-decoration="underline"',
    "strikethrough": ' text-decoration="line-through"',
    "blink": "",
}
_FONT = "ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace"


@dataclass(frozen=True, slots=True)
class Cell:
    """A sign and its style, such as ``bold cyan on blue``; empty in the right half of a wide sign."""

    sign: str
    style: str = ""


@dataclass(frozen=True, slots=True)
class Screen:
    """What a golden file holds; the cursor's row and column count from 0."""

    columns: int
    rows: list[list[Cell]]
    cursor: tuple[int, int] | None


def main() -> int:
    """Draw the pictures, or compare them; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--check", action="store_true", help="Only compare; end with 1 if one is out of date."
    )
    check = parser.parse_args().check
    stale = []
    for name, golden, title in PICTURES:
        target = ROOT / "docs" / name
        drawn = draw(read((GOLDEN / f"{golden}.txt").read_text(encoding="utf-8")), title)
        if not check:
            target.parent.mkdir(exist_ok=True)
            target.write_text(drawn, encoding="utf-8")
        elif not target.exists() or target.read_text(encoding="utf-8") != drawn:
            stale.append(f"docs/{name}")
    if stale:
        print(f"Out of date: {', '.join(stale)}. Run: python docs/tools/screens.py", file=sys.stderr)
    return 1 if stale else 0


def read(golden: str) -> Screen:
    """The screen in a golden file: its rows, then the styles of each row."""
    head, rows, *styles = golden.rstrip("\n").split("\n\n")
    size = re.match(r"(\d+) × (\d+)", head)
    place = re.search(r"row (\d+), column (\d+)", head)
    if size is None:
        raise ValueError(f"not a golden screen: {head}")
    cells = [_cells(line.partition("│")[2], int(size[1])) for line in rows.split("\n")]
    for line in styles[0].split("\n") if styles else ():
        number, _, runs = line.partition("│")
        row = cells[int(number) - 1]
        for run in runs.split(" · "):
            columns, _, style = run.partition(" ")
            first, _, last = columns.partition("–")
            for column in range(int(first) - 1, int(last or first)):
                row[column] = Cell(row[column].sign, style)
    return Screen(int(size[1]), cells, (int(place[1]) - 1, int(place[2]) - 1) if place else None)


def _cells(text: str, columns: int) -> list[Cell]:
    """A row's cells: a wide sign takes two, and a combining one none."""
    cells: list[Cell] = []
    for char in text:
        if wcwidth(char) == 0 and cells:
            cells[-1] = Cell(cells[-1].sign + char)
        else:
            cells += [Cell(char), Cell("")][: wcwidth(char)]
    return cells + [Cell(" ")] * (columns - len(cells))


def draw(screen: Screen, title: str) -> str:
    """The screen as SVG, on a ground of its own: it reads the same on light and dark pages."""
    width = round(screen.columns * _CELL_WIDTH + 2 * _MARGIN)
    height = _TITLE_HEIGHT + len(screen.rows) * _LINE_HEIGHT + 2 * _MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" role="img">',
        f"<title>{html.escape(title)}</title>",
        f'<rect width="{width}" height="{height}" rx="8" fill="{_BACKGROUND}"/>',
        *(
            f'<circle cx="{_MARGIN + 6 + 18 * index}" cy="18" r="6" fill="{_COLOURS[colour]}"/>'
            for index, colour in enumerate(("red", "yellow", "green"))
        ),
        f'<g font-family="{_FONT}" font-size="14" fill="{_FOREGROUND}" shape-rendering="crispEdges">',
    ]
    for number, row in enumerate(screen.rows):
        parts.extend(_row(row, _TITLE_HEIGHT + _MARGIN + number * _LINE_HEIGHT))
    if screen.cursor and screen.cursor[0] < len(screen.rows):
        top = _TITLE_HEIGHT + _MARGIN + screen.cursor[0] * _LINE_HEIGHT
        parts.append(_rect(screen.cursor[1], top, 1, f'fill="{_FOREGROUND}" opacity="0.55"'))
    return "\n".join([*parts, "</g>", "</svg>", ""])


def _row(row: list[Cell], top: int) -> Iterator[str]:
    """Runs of one style, each at its own column: no font's own widths can move them."""
    column = 0
    for (style, is_drawn), group in groupby(row, key=lambda cell: (cell.style, _is_drawn(cell.sign))):
        signs = [cell.sign for cell in group]
        words, _, ground = style.partition("on ")
        colour, attributes = _FOREGROUND, []
        for word in words.split():
            if word in _ATTRIBUTES:
                attributes.append(_ATTRIBUTES[word])
            elif word != "reverse":
                colour = _hex(word)
        if "reverse" in words or ground:
            fill = colour if "reverse" in words else _hex(ground)
            yield _rect(column, top, len(signs), f'fill="{fill}"')
            colour = (_hex(ground) if ground else _BACKGROUND) if "reverse" in words else colour
        look = "".join(attributes)
        if is_drawn:
            yield from _drawing(signs, column, top, colour, look)
        elif text := "".join(signs).strip():
            start = next(at for at, sign in enumerate(signs) if sign != " ")
            length = len(signs) - start - next(at for at, sign in enumerate(reversed(signs)) if sign != " ")
            fill = "" if colour == _FOREGROUND else f' fill="{colour}"'
            yield _text(text, column + start, length, top, fill + look)
        column += len(signs)


def _is_drawn(sign: str) -> bool:
    return sign in _BLOCKS or sign in _LINES


def _hex(colour: str) -> str:
    return _COLOURS.get(colour, f"#{colour}")


def _x(column: float) -> float:
    return round(_MARGIN + column * _CELL_WIDTH, 1)


def _text(text: str, column: int, columns: int, top: int, look: str) -> str:
    length = round(columns * _CELL_WIDTH, 1)
    escaped = html.escape(text, quote=False).replace(" ", "\N{NO-BREAK SPACE}")
    return f'<text x="{_x(column)}" y="{top + _BASELINE}" textLength="{length}"{look}>{escaped}</text>'


def _rect(column: int, top: int, columns: float, look: str, rows: float = 1.0) -> str:
    """A rectangle that fills cells from their left side and from their bottom."""
    width, height = round(columns * _CELL_WIDTH, 1), round(rows * _LINE_HEIGHT, 1)
    y = round(top + _LINE_HEIGHT - height, 1)
    return f'<rect x="{_x(column)}" y="{y}" width="{width}" height="{height}" {look}/>'


def _drawing(signs: list[str], column: int, top: int, colour: str, look: str) -> Iterator[str]:
    """Blocks as rectangles, lines as strokes; neighbours that are equal are one."""
    for sign, group in groupby(signs):
        count = len(list(group))
        if sign in _BLOCKS:
            width, height = _BLOCKS[sign]
            for at in range(count) if width < 1 else (0,):
                columns = width if width < 1 else count
                yield _rect(column + at, top, columns, f'fill="{colour}"{look}', height)
        else:
            strokes = "".join(_strokes(_LINES[sign], column, count, top))
            yield f'<path d="{strokes}" stroke="{colour}"{look}/>'
        column += count


def _strokes(arms: str, column: int, count: int, top: int) -> Iterator[str]:
    """The path of one or more equal line signs: ``arms`` are the sides of the cell that it reaches."""
    middle = top + _LINE_HEIGHT / 2
    if "l" in arms or "r" in arms:
        start = column + (0 if "l" in arms else 0.5)
        end = column + count - (0 if "r" in arms else 0.5)
        yield f"M{_x(start)} {middle}H{_x(end)}"
    if "u" in arms or "d" in arms:
        first, last = top if "u" in arms else middle, top + _LINE_HEIGHT if "d" in arms else middle
        for at in range(count):
            yield f"M{_x(column + at + 0.5)} {first}V{last}"


if __name__ == "__main__":
    sys.exit(main())
