"""Text that can be stored and sent: validation of what users type, and repair of what servers send.

PostgreSQL refuses NUL, and UTF-8 has no lone surrogates. The rules are kept here once, so that both
databases hold the same text.
"""

import re

from chatmgr.domain.errors import UsageFault

MESSAGE_LIMIT = 1_048_576  # characters; the most that hosted APIs accept, and far beyond any context

# Scripts without spaces between words, or with too few to separate them, as ranges of a character class:
# Thai, Lao, Tibetan, Burmese, Hangul, Khmer, Chinese, Japanese, Yi.
SPACELESS = "\u0e00-\u109f\u1100-\u11ff\u1780-\u17ff\u2e80-\u9fff\ua000-\ua4cf\uac00-\ud7af\uf900-\ufaff"
SPACELESS += "\uff66-\uff9f\U00020000-\U0003ffff"

# Joiners shape what stands beside them: ZWNJ in Persian and Indic words, ZWJ in emoji made of several.
JOINERS = "\u200c\u200d"
# Printed as nothing, although their categories are those of letters, marks and symbols: Hangul fillers, the
# empty Braille cell, the combining grapheme joiner, Khmer's inherent vowels, the Mongolian selectors.
BLANK = "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0\U0001d159"
_VISIBLE_CATEGORIES = "LNPS"

_ESCAPED_BYTE = re.compile("[\udc80-\udcff]")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def valid_message(text: str, limit: int = MESSAGE_LIMIT, what: str = "message") -> str:
    """Check a user's message before it is stored or sent; returns it unchanged."""
    if not text.strip():
        raise UsageFault(f"The {what} is empty.", "Type something, or pipe it in.")
    return valid_text(text, limit, what)


def valid_text(text: str, limit: int = MESSAGE_LIMIT, what: str = "text") -> str:
    """Like ``valid_message``, for text that may be empty (instructions)."""
    if len(text) > limit:
        raise UsageFault(
            f"The {what} has {len(text):,} characters; the limit is {limit:,}.",
            "Send it in parts, or raise the setting message_limit.",
        )
    if match := _UNSTORABLE.search(text):
        char = match.group()
        problem = "a NUL byte" if char == "\0" else "not UTF-8"
        if _ESCAPED_BYTE.match(char):
            problem = f"byte 0x{ord(char) - 0xDC00:02x}, which is not UTF-8"
        raise UsageFault(
            f"The {what} is not valid text: character {match.start():,} is {problem}.",
            "Convert it first, for example with iconv.",
        )
    return text


def storable(text: str) -> str:
    """Make a server's text fit for any database: join surrogate pairs, replace other bad characters."""
    if text.isascii() and "\0" not in text:  # a search for a class of characters takes ten times as long
        return text
    if not _UNSTORABLE.search(text):
        return text
    joined = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return joined.replace("\0", "\ufffd")


def as_sentence(text: str) -> str:
    """Someone else's words with exactly one end mark, to stand among ours."""
    text = text.strip()
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


def counted(count: int, noun: str) -> str:
    """A number and its noun: ``1 turn``, ``2,000 turns``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def is_plain_line(text: str) -> bool:
    """Whether a text is one line of printable characters; joiners count where they join something."""
    if text.isprintable():
        return True
    return without_stray_joiners(text) == text and all(char.isprintable() or char in JOINERS for char in text)


def without_stray_joiners(text: str) -> str:
    """A text without those joiners that do not stand between two characters that print."""
    kept: list[str] = []
    for index, char in enumerate(text):
        if char in JOINERS:
            beside = (kept[-1] if kept else "", text[index + 1 : index + 2])
            if not all(other.strip() and other.isprintable() for other in beside):
                continue
        kept.append(char)
    return "".join(kept)


def shows_something(text: str) -> bool:
    """Whether a text has at least one character that can be seen by itself."""
    from unicodedata import category

    return any(category(char)[0] in _VISIBLE_CATEGORIES and char not in BLANK for char in text)
