"""Makes text from a model, a file or a name safe to print at a terminal.

Control and escape sequences could move the cursor, set the title, write to the clipboard or forge
output. Bidirectional overrides and invisible characters could show one thing and copy another. They
are made visible rather than removed, so that nothing is disguised: ESC is shown as ``␛``.
"""

import re
from collections.abc import Iterator
from functools import cache

_BIDI = [*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x061C, 0x200E, 0x200F]
_INVISIBLE = [0x00AD, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180E, 0x200B, *range(0x2060, 0x2066), 0x3164, 0xFEFF]
_INVISIBLE += [*range(0x206A, 0x2070), 0xFFA0, *range(0xFFF9, 0xFFFC)]
_VISIBLE: dict[int, str] = {code: chr(0x2400 + code) for code in range(0x20) if chr(code) not in "\t\n"}
_VISIBLE |= {0x7F: "\u2421"}
_VISIBLE |= {code: f"<{code:02X}>" for code in range(0x80, 0xA0)}
_VISIBLE |= {code: f"<{code:04X}>" for code in (0x2028, 0x2029, *_BIDI, *_INVISIBLE)}
_VISIBLE |= {code: f"<{code:X}>" for code in range(0xE0000, 0xE0080)}
_WITHOUT_WIDTH = frozenset(map(chr, [0x200C, 0x200D, *range(0xFE00, 0xFE10)]))  # joiners, variation selectors
_VISIBLE |= dict.fromkeys(range(0xD800, 0xE000), "\ufffd")


@cache
def _hostile_patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Patterns that find hostile characters; compiled on first use, since that takes milliseconds.

    There are two: a single class that mixes both planes is forty times slower (measured).
    """
    bmp_class = "".join(re.escape(chr(code)) for code in _VISIBLE if code < 0x10000)
    return re.compile(f"[{bmp_class}]"), re.compile("[\U000e0000-\U000e007f]")


def clean(text: str) -> str:
    """Text that is safe for a terminal; line feeds and tabs stay."""
    if text.isascii() and text.isprintable():
        return text
    if not any(pattern.search(text) for pattern in _hostile_patterns()):
        return text
    return text.replace("\r\n", "\n").translate(_VISIBLE)


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
