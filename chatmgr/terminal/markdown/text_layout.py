"""Text with styles, and how it becomes lines: SGR codes, columns, wrapping.

Colours are the terminal's own six, none of them bright: its theme has made those readable on its
background, and nothing here knows whether that is dark or light. NO_COLOR takes the colours and leaves
bold, italic and underline, as its standard has it.
"""

import os
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

Run = tuple[int, str]
"""A style, as SGR parameters, and where in the text it ends."""


class Line(NamedTuple):
    """One row of the screen. ``end``: how much of its leaf is shown with it.

    ``joined``: the next row is the same line, which the terminal is left to wrap.
    """

    text: str
    columns: int
    end: int
    joined: bool = False


@lru_cache(maxsize=256)
def _sgr(style: str, colourless: bool) -> str:
    codes = [one for one in style.split(";") if one and (not colourless or int(one) < 30)]
    return f"\x1b[{';'.join(codes)}m" if codes else ""


def painted(text: str, style: str) -> str:
    """Text in one style."""
    codes = _sgr(style, bool(os.environ.get("NO_COLOR"))) if style else ""
    return f"{codes}{text}\x1b[0m" if codes and text else text


def paint(text: str, runs: Sequence[Run], start: int, end: int) -> str:
    """A part of a text in its styles; each line ends without one."""
    if len(runs) == 1:
        return painted(text[start:end], runs[0][1])
    found, at = [], start
    number = bisect_left(runs, (start + 1, ""))
    while at < end and number < len(runs):
        until, style = runs[number]
        stop = min(until, end)
        found.append(painted(text[at:stop], style))
        at, number = stop, number + 1
    return "".join(found)


_CELLS: dict[str, int] = {}


def columns(text: str) -> int:
    """Columns that a terminal gives to a text, at most: what joins into one picture may not join there."""
    if text.isascii():
        return len(text)
    found = _CELLS
    return sum([found[char] if char in found else _cells(char) for char in text])


def _cells(char: str) -> int:
    from wcwidth import wcwidth

    signs = char == "\ufe0f" or "\U0001f3fb" <= char <= "\U0001f3ff"  # they make one picture of two, or none
    size = (1 if char == "\ufe0f" else 2) if signs else max(wcwidth(char), 0)
    if len(_CELLS) < 20_000:
        _CELLS[char] = size
    return size


def wrapped(text: str, start: int, width: int) -> Iterator[tuple[int, int, int, int]]:
    """Cut a text into rows: where each begins and ends, where the next begins, and its columns."""
    length = len(text)
    while True:
        stop = text.find("\n", start)
        line_end = length if stop < 0 else stop
        if text[start:line_end].isascii():
            while line_end - start > width:
                end = text.rfind(" ", start, start + width + 1)
                if end <= start:
                    end = start + width
                after = end
                while after < line_end and text[after] == " ":
                    after += 1
                if after >= line_end:
                    break
                yield start, end, after, end - start
                start = after
            line_end_shown = start + len(text[start:line_end].rstrip(" "))
        else:
            for row in _wide(text, start, line_end, width):
                yield row
                start = row[2]
            line_end_shown = line_end
        if stop < 0:
            yield start, line_end_shown, length, columns(text[start:line_end_shown])
            return
        yield start, line_end_shown, stop + 1, columns(text[start:line_end_shown])
        start = stop + 1


def _wide(text: str, start: int, stop: int, width: int) -> Iterator[tuple[int, int, int, int]]:
    """All rows but the last of a line that has more than ASCII: between wide signs it may break as well."""
    found = _CELLS
    used, at = 0, start
    break_end, break_next, break_used = start, start, 0
    while at < stop:
        char = text[at]
        size = found[char] if char in found else _cells(char)
        if used + size > width and at > start and char != " ":
            if break_next <= start:
                break_end, break_next, break_used = at, at, used
            yield start, break_end, break_next, break_used
            start = at = break_next
            used = 0
            break_end = break_next = start
            continue
        if char == " ":
            if at == start or text[at - 1] != " ":
                break_end, break_used = at, used
            break_next = at + 1
        elif size == 2 and at > start and text[at - 1] != "\u200d":
            if text[at - 1] != " ":
                break_end, break_used = at, used
            break_next = at
        used += size
        at += 1


def rows(text: str, runs: Sequence[Run], offset: int, width: int, indent: int = 0) -> Iterator[Line]:
    """A line as the terminal wraps it, each row on its own.

    ``offset`` is where it begins in its leaf, ``indent`` the columns before its first row.
    """
    if text.isascii() and "\t" not in text:
        start, end = 0, width - indent
        while end < len(text):
            yield Line(paint(text, runs, start, end), end - start, offset + end, True)
            start, end = end, end + width
        yield Line(paint(text, runs, start, len(text)), len(text) - start, offset + len(text) + 1)
        return
    start, used, lead = 0, indent, ""
    found, length = _CELLS, len(text)
    text = text.rstrip("\t")  # nothing to see; behind the last column they would not even take a row
    for at, char in enumerate(text):
        tab = char == "\t"
        size = 8 - used % 8 if tab else found[char] if char in found else _cells(char)
        if used + size > width - tab and at > start:
            # A terminal does not wrap at a tab: there, blanks take its place.
            filled = lead + paint(text, runs, start, at) + (" " * (width - used) if tab else "")
            lead = " " * min(8, width) if tab and used >= width else ""
            start, used, size = at + tab, len(lead), 0 if tab else size
            yield Line(filled, width, offset + start, True)
        used += size
    yield Line(lead + paint(text, runs, start, len(text)), used, offset + length + 1)
