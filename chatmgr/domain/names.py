"""Names, tags and titles: which are valid, which is free, and which was meant."""

import re
import unicodedata
from collections.abc import Callable, Iterable

from chatmgr.domain.errors import UsageFault
from chatmgr.domain.text import JOINERS, is_plain_line, shows_something, valid_text

NAME_LIMIT = 64
TAG_LIMIT = 32
TITLE_LIMIT = 200
DEFAULT_ASSISTANT = "default"  # the assistant that answers where none is named
_SHORT = 8  # characters
_WORDS_OF_A_NAME = 3
_QUESTION_MARKS = "?¿？؟՞፧‽。！"  # and the marks that end a sentence where words are not spaced


def valid_name(kind: str, name: str) -> str:
    """Check and normalise (NFC) a name. ``@`` is for addresses, a leading ``-`` for options."""
    printable = ascii(name)[1:-1][:80]
    try:
        name = unicodedata.normalize("NFC", name.strip())
        name.encode()
    except UnicodeEncodeError:
        raise UsageFault(f"The {kind} name “{printable}” is not valid text.") from None
    if not name:
        raise UsageFault(f"The {kind} name is empty.", "Give it a word or two.")
    if not is_plain_line(name):
        raise UsageFault(
            f"The {kind} name “{printable}” contains control or invisible characters.",
            "Use letters, digits, spaces and punctuation.",
        )
    if not shows_something(name):
        raise UsageFault(
            f"The {kind} name “{printable}” would print as nothing.", "Give it a letter, a digit or a sign."
        )
    if "@" in name or name.startswith("-"):
        raise UsageFault(
            f"The {kind} name “{name}” may not contain “@” or start with “-”.",
            "“@” addresses a turn (name@3), and “-” starts an option.",
        )
    if kind == "conversation" and re.search(r"~[1-9]\d*$", name):
        raise UsageFault(
            f"The {kind} name “{name}” may not end like a path.", "“~2” addresses a path (name~2)."
        )
    if len(name) > NAME_LIMIT:
        raise UsageFault(f"The {kind} name has {len(name)} characters; {NAME_LIMIT} is the limit.")
    return name


def valid_tag(word: str) -> str:
    """Check and normalise (NFC) a tag."""
    tag = unicodedata.normalize("NFC", word)
    has_valid_form = 0 < len(tag) <= TAG_LIMIT and not tag.startswith("-")
    has_valid_form = has_valid_form and is_plain_line(tag) and shows_something(tag)
    if not has_valid_form or any(
        char not in f"._-/{JOINERS}" and unicodedata.category(char)[0] not in "LMN" for char in tag
    ):
        raise UsageFault(
            f"“{ascii(word)[1:-1][:80]}” cannot be a tag.",
            f"A tag has up to {TAG_LIMIT} letters, digits and ._-/, and does not start with “-”.",
        )
    return tag


def tag_changes(added: Iterable[str], removed: Iterable[str]) -> tuple[set[str], set[str]]:
    """The tags to add and to remove, checked; no tag can be both."""
    to_add, to_remove = {valid_tag(word) for word in added}, {valid_tag(word) for word in removed}
    if both := to_add & to_remove:
        raise UsageFault(f"“{min(both)}” cannot be added and removed at once.")
    return to_add, to_remove


def valid_title(text: str) -> str:
    """Check a title: one line of visible characters; empty means no title."""
    if len(text) > TITLE_LIMIT:
        raise UsageFault(f"The title has {len(text):,} characters; {TITLE_LIMIT} is the limit.")
    valid_text(text, what="title")
    if not is_plain_line(text):
        raise UsageFault("The title contains control or invisible characters.")
    if text and not shows_something(text):
        raise UsageFault("The title would print as nothing.", "Give it a letter, a digit or a sign.")
    return text


def free_name(name: str, taken: Callable[[str], object]) -> str:
    """The name, or a numbered one if it is taken (``plan-2``), never longer than names may be."""
    candidate, number = name, 1
    while taken(candidate):
        number += 1
        suffix = f"-{number}"
        candidate = name[: NAME_LIMIT - len(suffix)] + suffix
    return candidate


def slug(text: str, taken: Iterable[str] = ()) -> str:
    """A short name from the text's first words, numbered if it is taken: ``plan-my-trip-2``."""
    words = re.findall(r"[^\W_]+", unicodedata.normalize("NFC", text.lower()))[:5]
    base = "-".join(words)[:40].strip("-")
    if not shows_something(base.replace("-", "")):
        base = "chat"
    taken_names = set(taken)
    name, number = base, 1
    while name in taken_names:
        number += 1
        name = f"{base}-{number}"
    return name


def reads_as_message(text: str) -> bool:
    """Whether a text was hardly meant as a name: a question, a sentence, more than three words, or lines."""
    words = text.split()
    is_sentence = len(words) > 1 and text.rstrip().endswith((".", "!", "…", ":"))
    return (
        len(words) > _WORDS_OF_A_NAME
        or is_sentence
        or "\n" in text.strip()
        or any(mark in text for mark in _QUESTION_MARKS)
    )


def is_numbered_name(name: str, other: str) -> bool:
    """Whether ``name`` is ``other`` as a slug, perhaps with a number."""
    return re.fullmatch(rf"{re.escape(slug(other))}(-\d+)?", slug(name)) is not None


def notable_assistant(assistant: str, conversation: str) -> str:
    """The assistant's name where it says more than the conversation's; empty where that is enough."""
    return "" if assistant in {DEFAULT_ASSISTANT, conversation} else assistant


def nearest(name: str, known: Iterable[str]) -> list[str]:
    """Up to two known names that the user may have meant, the best first.

    Short names must match better, since they are alike by chance: “nope” and “openai” share three letters.
    """
    import difflib

    by_fold = {known_name.casefold(): known_name for known_name in known}
    cutoff = 0.65 if len(name) < _SHORT else 0.55
    return [
        by_fold[known_name]
        for known_name in difflib.get_close_matches(name.casefold(), by_fold, n=2, cutoff=cutoff)
    ]
