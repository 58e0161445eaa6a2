"""Characters that act on a terminal, or that make a text look like another, and how to show them.

Control and escape sequences could move the cursor, set the title, write to the clipboard or forge output.
Bidirectional overrides and invisible characters could show one thing and copy another. They are made visible
rather than removed, so that nothing is disguised: ESC is shown as ``␛``.

There are two sets. Documents (exports) lose the *live* ones: controls and bidirectional overrides. A terminal
also shows the *hidden* ones, which mean something in some scripts and may stay in a document.
"""

import re
from functools import cache

_CONTROLS = [range(0x09), range(0x0B, 0x20), range(0x7F, 0xA0)]  # all but line feeds and tabs
_BIDI_OVERRIDES = [range(0x202A, 0x202F), range(0x2066, 0x206A)]
_SURROGATES = range(0xD800, 0xE000)
_BIDI_MARKS = [0x061C, 0x200E, 0x200F]
_INVISIBLE = [0x00AD, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180E, 0x200B, *range(0x2060, 0x2066), 0x3164, 0xFEFF]
_INVISIBLE += [*range(0x206A, 0x2070), 0xFFA0, *range(0xFFF9, 0xFFFC), 0x2028, 0x2029]
_ASTRAL_TAGS = range(0xE0000, 0xE0080)

Table = dict[int, str]


@cache
def live_table() -> Table:
    """Controls, bidirectional overrides and surrogates, each with what stands for it (``str.translate``)."""
    table = {
        code: chr(0x2400 + code) if code < 0x20 else f"<{code:02X}>" for codes in _CONTROLS for code in codes
    }
    table |= {0x7F: "\u2421"}
    table |= {code: f"<{code:04X}>" for codes in _BIDI_OVERRIDES for code in codes}
    return table | dict.fromkeys(_SURROGATES, "\ufffd")


@cache
def hostile_table() -> Table:
    """The live characters and the hidden ones."""
    hidden = {code: f"<{code:04X}>" for code in (*_BIDI_MARKS, *_INVISIBLE)}
    return live_table() | hidden | {code: f"<{code:X}>" for code in _ASTRAL_TAGS}


@cache
def _hostile_patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Patterns that find hostile characters; compiled on first use, from ranges, since that takes time.

    There are two: a single class that mixes both planes is forty times slower (measured).
    """
    ranges = [f"{chr(codes[0])}-{chr(codes[-1])}" for codes in (*_CONTROLS, *_BIDI_OVERRIDES, _SURROGATES)]
    hidden = map(chr, (*_BIDI_MARKS, *_INVISIBLE))
    return re.compile(f"[{''.join([*ranges, *hidden])}]"), re.compile("[\U000e0000-\U000e007f]")


def has_hostile(text: str) -> bool:
    """Whether a text has any live or hidden character; line feeds and tabs are neither."""
    if text.isascii() and text.isprintable():
        return False
    return any(pattern.search(text) for pattern in _hostile_patterns())


def without_live(text: str) -> str:
    """A text for a document: live characters are made visible; line ends become line feeds."""
    if text.isascii() and text.isprintable():
        return text
    return text.replace("\r\n", "\n").replace("\r", "\n").translate(live_table())


def escaped_json(text: str) -> str:
    r"""JSON in which hostile characters are written as ``\uXXXX``: it reads as the same value.

    JSON itself escapes only the controls up to U+001F.
    """
    if text.isascii() and "\x7f" not in text:
        return text
    for pattern in _hostile_patterns():
        text = pattern.sub(_json_escape, text)
    return text


def _json_escape(match: re.Match[str]) -> str:
    if match.group() in "\t\n\r":
        return match.group()  # white space between values; inside a string, JSON has escaped it
    units = match.group().encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))
