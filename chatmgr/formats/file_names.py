"""File names made from conversations' names: valid on every system, and unique.

If two names are the same to some file system (``Plan`` and ``plan``, or two ways to write ``é``), both get
part of their conversation's id, whichever is exported first, so that a later export uses the same names.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable

_UNSAFE = re.compile(r"[^\w.+=, ()-]+")
_RESERVED = re.compile(
    r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$|index)(\..*)?", re.IGNORECASE
)
_MAX_BYTES = 120  # with an id and an extension, still far below any system's limit


def safe_file_name(name: str) -> str:
    """A name that is valid as a file name on any system, without an extension."""
    cleaned = _UNSAFE.sub("-", unicodedata.normalize("NFC", name))
    cleaned = cleaned.encode()[:_MAX_BYTES].decode(errors="ignore").strip(" .-")
    if not cleaned:
        return "conversation"
    return f"_{cleaned}" if _RESERVED.fullmatch(cleaned) else cleaned


def unique_file_names(conversations: Iterable[tuple[int, str, str]]) -> dict[int, str]:
    """File names by primary key, for triples of primary key, name and id."""
    rows = [(pk, safe_file_name(name), conversation_id) for pk, name, conversation_id in conversations]
    occurrences = Counter(_fold_file_name(name) for _, name, _ in rows)
    file_names: dict[int, str] = {}
    taken = set(occurrences)
    for pk, name, conversation_id in rows:
        file_name, length = name, 8
        while occurrences[_fold_file_name(name)] > 1 and (
            file_name == name or _fold_file_name(file_name) in taken
        ):
            file_name, length = (
                f"{name}-{safe_file_name(conversation_id[:length])}"
                if length <= len(conversation_id)
                else f"{name}-{pk}",
                length + 8,
            )
        taken.add(_fold_file_name(file_name))
        file_names[pk] = file_name
    return file_names


def _fold_file_name(name: str) -> str:
    """The name as a file system compares it that ignores case and composition."""
    return unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", name).casefold())
