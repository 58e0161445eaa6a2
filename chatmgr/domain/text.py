"""Text as it may be stored: names, messages, and whatever servers send.

PostgreSQL refuses NUL, UTF-8 has no lone surrogates, and a name must be typed in a shell: each rule
is kept here, once, so that both databases hold the same.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable

from chatmgr.domain.errors import UsageFault

NAME_LIMIT = 64
TAG_LIMIT = 32
TITLE_LIMIT = 200
_SHORT = 8  # characters
MESSAGE_LIMIT = 1_048_576  # characters; what hosted APIs take at most, and far past any context

# Scripts that put no spaces between words, or too few to tell them apart, as ranges of a character class:
# Thai, Lao, Tibetan, Burmese, Hangul, Khmer, Chinese, Japanese, Yi.
SPACELESS = "\u0e00-\u109f\u1100-\u11ff\u1780-\u17ff\u2e80-\u9fff\ua000-\ua4cf\uac00-\ud7af\uf900-\ufaff"
SPACELESS += "\uff66-\uff9f\U00020000-\U0003ffff"

_ESCAPED_BYTE = re.compile("[\udc80-\udcff]")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def valid_name(kind: str, name: str) -> str:
    """Check and normalise (NFC) a name; ``@`` is for addresses, a leading ``-`` for options."""
    shown = ascii(name)[1:-1][:80]
    try:
        name = unicodedata.normalize("NFC", name.strip())
        name.encode()
    except UnicodeEncodeError:
        raise UsageFault(f"The {kind} name “{shown}” is not valid text.") from None
    if not name:
        raise UsageFault(f"The {kind} name is empty.", "Give it a word or two.")
    if not name.isprintable():
        raise UsageFault(
            f"The {kind} name “{shown}” holds control or invisible characters.",
            "Use letters, digits, spaces and punctuation.",
        )
    if "@" in name or name.startswith("-"):
        raise UsageFault(
            f"The {kind} name “{name}” may neither hold “@” nor begin with “-”.",
            "“@” addresses a turn (name@3), and “-” begins an option.",
        )
    if len(name) > NAME_LIMIT:
        raise UsageFault(f"The {kind} name has {len(name)} characters; {NAME_LIMIT} is the limit.")
    return name


def valid_tag(word: str) -> str:
    """Check and normalise (NFC) a tag."""
    tag = unicodedata.normalize("NFC", word)
    fits = 0 < len(tag) <= TAG_LIMIT and not tag.startswith("-")
    if not fits or any(char not in "._-/" and unicodedata.category(char)[0] not in "LMN" for char in tag):
        raise UsageFault(
            f"“{ascii(word)[1:-1][:80]}” cannot be a tag.",
            f"Tags are letters, digits and ._-/, {TAG_LIMIT} at most, and begin with no “-”.",
        )
    return tag


def tag_changes(added: Iterable[str], removed: Iterable[str]) -> tuple[set[str], set[str]]:
    """The tags to add and to remove, checked; no tag can be both."""
    to_add, to_remove = {valid_tag(word) for word in added}, {valid_tag(word) for word in removed}
    if both := to_add & to_remove:
        raise UsageFault(f"“{min(both)}” cannot be added and removed at once.")
    return to_add, to_remove


def valid_title(text: str) -> str:
    """Check a title: one line of visible characters; empty for none."""
    if len(text) > TITLE_LIMIT:
        raise UsageFault(f"The title has {len(text):,} characters; {TITLE_LIMIT} is the limit.")
    valid_text(text, what="title")
    if not text.isprintable():
        raise UsageFault("The title holds control or invisible characters.")
    return text


def free_name(name: str, taken: Callable[[str], object]) -> str:
    """A name as it is, or numbered where it is taken (``plan-2``), and never longer than names may be."""
    found, number = name, 1
    while taken(found):
        number += 1
        end = f"-{number}"
        found = name[: NAME_LIMIT - len(end)] + end
    return found


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


def slug(text: str, taken: Iterable[str] = ()) -> str:
    """A short name made of the text's first words, numbered where taken: ``plan-my-trip-2``."""
    words = re.findall(r"[^\W_]+", unicodedata.normalize("NFC", text.lower()))[:5]
    base = "-".join(words)[:40].strip("-") or "chat"
    used = set(taken)
    name, number = base, 1
    while name in used:
        number += 1
        name = f"{base}-{number}"
    return name


def named_after(one: str, other: str) -> bool:
    """Whether a name is another's, as words, or that with a number."""
    return re.fullmatch(rf"{re.escape(slug(other))}(-\d+)?", slug(one)) is not None


def sentence(text: str) -> str:
    """Somebody else's words with exactly one end mark, to stand among ours."""
    text = text.strip()
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


def counted(count: int, noun: str) -> str:
    """A number and its noun: ``1 turn``, ``2,000 turns``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def nearest(name: str, known: Iterable[str]) -> list[str]:
    """Up to two known names that the user may have meant, best first.

    Short names are alike by chance: “nope” and “openai” share three letters in a row.
    """
    import difflib

    by_fold = {one.casefold(): one for one in known}
    cutoff = 0.65 if len(name) < _SHORT else 0.55
    return [by_fold[one] for one in difflib.get_close_matches(name.casefold(), by_fold, n=2, cutoff=cutoff)]
