"""Styled text and its layout: column widths and wrapping. What a style looks like, ``theme`` says."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from chatmgr.terminal.theme import paint

StyleRun = tuple[int, str]
"""Where in the text a style ends, and the style: names of the theme, joined by blanks."""


class ScreenRow(NamedTuple):
    """One row of the screen. ``end`` is how much of its leaf has been shown including this row.

    ``joined``: the next row continues the same line, which the terminal is left to wrap.
    """

    text: str
    columns: int
    end: int
    joined: bool = False


def paint_span(text: str, runs: Sequence[StyleRun], start: int, end: int) -> str:
    """Part of a text in its styles; resets the style at the end."""
    if len(runs) == 1:
        return paint(text[start:end], runs[0][1])
    pieces, position = [], start
    index = bisect_left(runs, (start + 1, ""))
    while position < end and index < len(runs):
        run_end, style = runs[index]
        piece_end = min(run_end, end)
        pieces.append(paint(text[position:piece_end], style))
        position, index = piece_end, index + 1
    return "".join(pieces)


_CHAR_WIDTHS: dict[str, int] = {}


def max_columns(text: str) -> int:
    """The most columns a text may take; emoji sequences that one terminal joins, another may not."""
    if text.isascii():
        return len(text)
    widths = _CHAR_WIDTHS
    return sum([widths[char] if char in widths else _char_width(char) for char in text])


def _char_width(char: str) -> int:
    from wcwidth import wcwidth

    # Variation selectors and skin tones may or may not join the character before them.
    is_modifier = char == "\ufe0f" or "\U0001f3fb" <= char <= "\U0001f3ff"
    width = (1 if char == "\ufe0f" else 2) if is_modifier else max(wcwidth(char), 0)
    if len(_CHAR_WIDTHS) < 20_000:
        _CHAR_WIDTHS[char] = width
    return width


def wrap_rows(text: str, start: int, width: int) -> Iterator[tuple[int, int, int, int]]:
    """Wrap a text into rows: yields each row's start, end, the start of the next row, and its columns."""
    length = len(text)
    while True:
        line_break = text.find("\n", start)
        line_end = length if line_break < 0 else line_break
        if text[start:line_end].isascii():
            while line_end - start > width:
                end = text.rfind(" ", start, start + width + 1)
                if end <= start:
                    end = start + width
                next_start = end
                while next_start < line_end and text[next_start] == " ":
                    next_start += 1
                if next_start >= line_end:
                    break
                yield start, end, next_start, end - start
                start = next_start
            line_end_shown = start + len(text[start:line_end].rstrip(" "))
        else:
            for row in _wrap_wide(text, start, line_end, width):
                yield row
                start = row[2]
            line_end_shown = line_end
        if line_break < 0:
            yield start, line_end_shown, length, max_columns(text[start:line_end_shown])
            return
        yield start, line_end_shown, line_break + 1, max_columns(text[start:line_end_shown])
        start = line_break + 1


def _wrap_wide(text: str, start: int, stop: int, width: int) -> Iterator[tuple[int, int, int, int]]:
    """All rows but the last of a line that is not ASCII; it may also break between wide characters."""
    widths = _CHAR_WIDTHS
    used, position = 0, start
    break_end, break_next, break_used = start, start, 0
    while position < stop:
        char = text[position]
        char_width = widths[char] if char in widths else _char_width(char)
        if used + char_width > width and position > start and char != " ":
            if break_next <= start:
                break_end, break_next, break_used = position, position, used
            yield start, break_end, break_next, break_used
            start = position = break_next
            used = 0
            break_end = break_next = start
            continue
        if char == " ":
            if position == start or text[position - 1] != " ":
                break_end, break_used = position, used
            break_next = position + 1
        elif char_width == 2 and position > start and text[position - 1] != "\u200d":
            if text[position - 1] != " ":
                break_end, break_used = position, used
            break_next = position
        used += char_width
        position += 1


def terminal_rows(
    text: str, runs: Sequence[StyleRun], offset: int, width: int, indent: int = 0
) -> Iterator[ScreenRow]:
    """The rows of a line that the terminal wraps by itself.

    ``offset`` is where the line starts in its leaf, ``indent`` the columns before its first row.
    """
    if text.isascii() and "\t" not in text:
        start, end = 0, width - indent
        while end < len(text):
            yield ScreenRow(paint_span(text, runs, start, end), end - start, offset + end, True)
            start, end = end, end + width
        yield ScreenRow(paint_span(text, runs, start, len(text)), len(text) - start, offset + len(text) + 1)
        return
    start, used, lead = 0, indent, ""
    widths, length = _CHAR_WIDTHS, len(text)
    text = text.rstrip("\t")  # invisible, and past the last column they would not take a row
    for position, char in enumerate(text):
        is_tab = char == "\t"
        columns = 8 - used % 8 if is_tab else widths[char] if char in widths else _char_width(char)
        if used + columns > width - is_tab and position > start:
            # A terminal does not wrap at a tab, so blanks replace it there.
            filled_row = (
                lead + paint_span(text, runs, start, position) + (" " * (width - used) if is_tab else "")
            )
            lead = " " * min(8, width) if is_tab and used >= width else ""
            start, used, columns = position + is_tab, len(lead), 0 if is_tab else columns
            yield ScreenRow(filled_row, width, offset + start, True)
        used += columns
    yield ScreenRow(lead + paint_span(text, runs, start, len(text)), used, offset + length + 1)
