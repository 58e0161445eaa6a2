"""File names made of conversations' names: safe on every system, and none of them twice.

Two names that some file system takes for one (``Plan`` and ``plan``, or two ways to write ``é``) both get
a piece of their conversation's id, whichever is exported first: a later export finds the same names.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable

_UNSAFE = re.compile(r"[^\w.+=, ()-]+")
_RESERVED = re.compile(
    r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$|index)(\..*)?", re.IGNORECASE
)
_LONGEST = 120  # bytes; with an id and an extension far below any system's limit


def safe_file_name(name: str) -> str:
    """A name that is one file name anywhere, without an extension."""
    found = _UNSAFE.sub("-", unicodedata.normalize("NFC", name))
    found = found.encode()[:_LONGEST].decode(errors="ignore").strip(" .-")
    if not found:
        return "conversation"
    return f"_{found}" if _RESERVED.fullmatch(found) else found


def unique_file_names(conversations: Iterable[tuple[int, str, str]]) -> dict[int, str]:
    """File names by key, for pairs of key, name and id."""
    rows = [(pk, safe_file_name(name), key) for pk, name, key in conversations]
    met = Counter(_folded(name) for _, name, _ in rows)
    given: dict[int, str] = {}
    taken = set(met)
    for pk, name, key in rows:
        chosen, length = name, 8
        while met[_folded(name)] > 1 and (chosen == name or _folded(chosen) in taken):
            chosen, length = (
                f"{name}-{safe_file_name(key[:length])}" if length <= len(key) else f"{name}-{pk}",
                length + 8,
            )
        taken.add(_folded(chosen))
        given[pk] = chosen
    return given


def _folded(name: str) -> str:
    """What a file system that tells neither case nor composition apart makes of a name."""
    return unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", name).casefold())
