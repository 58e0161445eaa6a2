"""Text as it may be stored: names, messages, and whatever servers send.

PostgreSQL refuses NUL, UTF-8 has no lone surrogates, and a name must be typed in a shell: each rule
is kept here, once, so that both databases hold the same.
"""

import re

from chatmgr.domain.errors import UsageFault

MESSAGE_LIMIT = 1_048_576  # characters; what hosted APIs take at most, and far past any context

# Scripts that put no spaces between words, or too few to tell them apart, as ranges of a character class:
# Thai, Lao, Tibetan, Burmese, Hangul, Khmer, Chinese, Japanese, Yi.
SPACELESS = "\u0e00-\u109f\u1100-\u11ff\u1780-\u17ff\u2e80-\u9fff\ua000-\ua4cf\uac00-\ud7af\uf900-\ufaff"
SPACELESS += "\uff66-\uff9f\U00020000-\U0003ffff"

_ESCAPED_BYTE = re.compile("[\udc80-\udcff]")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def valid_message(text: str, limit: int = MESSAGE_LIMIT, what: str = "message") -> str:
    """Check what a user sends before anything is kept or sent; returned as it was typed."""
    if not text.strip():
        raise UsageFault(f"The {what} is empty.", "Type something, or pipe it in.")
    return valid_text(text, limit, what)


def valid_text(text: str, limit: int = MESSAGE_LIMIT, what: str = "text") -> str:
    """As ``valid_message``, for text that may be empty (instructions)."""
    if len(text) > limit:
        raise UsageFault(
            f"The {what} has {len(text):,} characters; the limit is {limit:,}.",
            "Send it in parts, or raise the setting message_limit.",
        )
    if found := _UNSTORABLE.search(text):
        bad = found.group()
        name = "a NUL byte" if bad == "\0" else "bytes that are not UTF-8"
        if _ESCAPED_BYTE.match(bad):
            name = f"byte 0x{ord(bad) - 0xDC00:02x}, which is not UTF-8"
        raise UsageFault(
            f"The {what} holds {name} (at character {found.start():,}): that is not text.",
            "Convert it first, for instance with iconv.",
        )
    return text


def storable(text: str) -> str:
    """Make what a server sent fit for any database: surrogate pairs joined, the rest replaced by U+FFFD."""
    if not _UNSTORABLE.search(text):
        return text
    joined = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return joined.replace("\0", "\ufffd")


def as_sentence(text: str) -> str:
    """Somebody else's words with exactly one end mark, to stand among ours."""
    text = text.strip()
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


def dollars(billionths: int) -> str:
    """An amount in US dollars: to the cent, or with as many digits as it takes to see it."""
    whole = f"{billionths / 1e9:,.9f}".rstrip("0")
    cents = whole.index(".") + 3
    return f"${whole.ljust(cents, '0')}"
