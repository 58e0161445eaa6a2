"""Text from a model, a file or a name, made harmless for a terminal.

Control and escape sequences could move the cursor, set the title, write the clipboard or forge
output; bidirectional overrides and invisible characters could show one thing and copy another. They
are made visible instead of removed, so that nothing seems to be what it is not: ESC is shown as ``␛``.
"""

import re
from collections.abc import Iterator
from functools import cache

_BIDI = [*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x061C, 0x200E, 0x200F]
_INVISIBLE = [0x00AD, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180E, 0x200B, *range(0x2060, 0x2066), 0x3164, 0xFEFF]
_INVISIBLE += [*range(0x206A, 0x2070), 0xFFA0, *range(0xFFF9, 0xFFFC)]
_TABLE: dict[int, str] = {code: chr(0x2400 + code) for code in range(0x20) if chr(code) not in "\t\n"}
_TABLE |= {0x7F: "\u2421"}
_TABLE |= {code: f"<{code:02X}>" for code in range(0x80, 0xA0)}
_TABLE |= {code: f"<{code:04X}>" for code in (0x2028, 0x2029, *_BIDI, *_INVISIBLE)}
_TABLE |= {code: f"<{code:X}>" for code in range(0xE0000, 0xE0080)}
_TABLE |= dict.fromkeys(range(0xD800, 0xE000), "\ufffd")


@cache
def _hostile() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """What is looked for; made when the first text is not plain, since making it takes milliseconds.

    Two patterns: one class that mixes both planes is forty times slower (measured).
    """
    low = "".join(re.escape(chr(code)) for code in _TABLE if code < 0x10000)
    return re.compile(f"[{low}]"), re.compile("[\U000e0000-\U000e007f]")


def clean(text: str) -> str:
    """Text fit for a terminal; line feeds and tabs stay."""
    if text.isascii() and text.isprintable():
        return text
    if not any(pattern.search(text) for pattern in _hostile()):
        return text
    return text.replace("\r\n", "\n").translate(_TABLE)


def one_line(text: str, width: int = 0) -> str:
    """Cleaned, on one line, and cut to ``width`` columns with an ellipsis; 0 leaves the length."""
    line = clean(" ".join(text.split()))
    if not width or display_width(line) <= width:
        return line
    kept, used = [], 0
    for char in line:
        used += display_width(char)
        if used > width - 1:
            break
        kept.append(char)
    return "".join(kept) + "…"


def display_width(text: str) -> int:
    """Columns that a terminal gives to a text: wide characters take two, combining ones none."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(char) else 2 if east_asian_width(char) in "WF" else 1 for char in text)


def rows_of(text: str, width: int) -> Iterator[tuple[int, int]]:
    """Where one line breaks at blanks to fit a width: begin and end of each row, without those blanks.

    A word is never broken: one that is longer than a row has a row of its own, for the terminal to wrap.
    """
    start, stop = 0, len(text)
    while display_width(text[start:stop]) > width:
        first = start + len(text[start:]) - len(text[start:].lstrip(" "))
        end = text.rfind(" ", first, _fitting(text, start, width) + 1)
        end = text.find(" ", first) if end < 0 else end
        if end < 0 or not text[end:].strip(" "):
            break
        yield start, len(text[:end].rstrip(" "))
        start = stop - len(text[end:].lstrip(" "))
    yield start, stop


def _fitting(text: str, start: int, width: int) -> int:
    """Where the first character stands that does not fit into a row."""
    if text.isascii():
        return start + width
    at = start
    while at < len(text) and (width := width - display_width(text[at])) >= 0:
        at += 1
    return at


def wrap(text: str, width: int) -> str:
    """A text whose lines break at blanks to fit a width."""
    lines = text.split("\n")
    return "\n".join(line[begin:end] for line in lines for begin, end in rows_of(line, width))
