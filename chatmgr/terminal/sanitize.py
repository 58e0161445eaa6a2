"""Makes text from a model, a file or a name safe to print at a terminal, and lays it out in columns.

Which characters are hostile, and what is shown instead, is in ``domain.control_characters``.
"""

import re
from collections.abc import Iterator

from chatmgr.domain.control_characters import has_hostile, hostile_table

_WITHOUT_WIDTH = frozenset(map(chr, [0x200C, 0x200D, *range(0xFE00, 0xFE10)]))  # joiners, variation selectors

# Our own sequences: colours, and links to addresses of the web.
_STYLE = re.compile("(\x1b\\[[0-9;]*m|\x1b\\]8;;(?:https?://[!-~]+?)?\x1b\\\\)")


def clean(text: str) -> str:
    """Text that is safe for a terminal; line feeds and tabs stay."""
    return text.replace("\r\n", "\n").translate(hostile_table()) if has_hostile(text) else text


def clean_styled(text: str) -> str:
    """Text of ours that is safe for a terminal: its colours and links stay, everything else is cleaned.

    The last line of defence, at the streams themselves: what others wrote was cleaned before it was styled.
    """
    if "\x1b" not in text:
        return clean(text)
    pieces = _STYLE.split(text)
    pieces[::2] = map(clean, pieces[::2])
    return "".join(pieces)


def one_line(text: str, width: int = 0) -> str:
    """Cleaned text on one line, cut to ``width`` columns with an ellipsis; a width of 0 does not cut."""
    line = clean(" ".join(text.split()))
    if not width or display_width(line) <= width:
        return line
    chars, columns = [], 0
    for char in line:
        columns += display_width(char)
        if columns > width - 1:
            break
        chars.append(char)
    return "".join(chars) + "…"


def display_width(text: str) -> int:
    """The columns that a text takes at a terminal: wide characters take two, combining ones none."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(
        0 if combining(char) or char in _WITHOUT_WIDTH else 2 if east_asian_width(char) in "WF" else 1
        for char in text
    )


def row_spans(text: str, width: int) -> Iterator[tuple[int, int]]:
    """Break one line at blanks to fit a width; yields the start and end of each row, without those blanks.

    Words are never broken: one that is longer than a row gets a row of its own, for the terminal to wrap.
    """
    start, length = 0, len(text)
    while display_width(text[start:length]) > width:
        word_start = start + len(text[start:]) - len(text[start:].lstrip(" "))
        end = text.rfind(" ", word_start, _first_overflow(text, start, width) + 1)
        end = text.find(" ", word_start) if end < 0 else end
        if end < 0 or not text[end:].strip(" "):
            break
        yield start, len(text[:end].rstrip(" "))
        start = length - len(text[end:].lstrip(" "))
    yield start, length


def _first_overflow(text: str, start: int, width: int) -> int:
    """The index of the first character that does not fit into a row."""
    if text.isascii():
        return start + width
    index = start
    while index < len(text) and (width := width - display_width(text[index])) >= 0:
        index += 1
    return index


def wrap(text: str, width: int) -> str:
    """Wrap text at blanks to fit a width; existing line breaks stay."""
    lines = text.split("\n")
    return "\n".join(line[begin:end] for line in lines for begin, end in row_spans(line, width))
