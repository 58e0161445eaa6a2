"""Where citations point to once parts of the text that they are for were replaced. Pure functions, no I/O.

Citations name places in a text by their characters: our own (``start``, ``end``), and those of every API, in
the same object or in one inside it. They stand in a list beside the text.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

_LISTS = ("citations", "annotations")
_TEXTS = ("text", "value", "content")  # of an item and of Responses, of Assistants, of Completions
_SPANS = (("start", "end"), ("start_index", "end_index"), ("index", "index"))
_FILE_PATH = "file_path"  # its index is one in a list of files


class Replacement(NamedTuple):
    """A part of a text, and how many characters take its place."""

    start: int
    end: int
    length: int


def with_moved_citations(
    value: dict[str, Any], replacements_in: Callable[[str], Sequence[Replacement]]
) -> dict[str, Any]:
    """A JSON object whose citations point to the same words after its text was replaced.

    One whose edge was inside what is replaced no longer says where it belongs; the rest of it stays.
    """
    lists = [name for name in _LISTS if isinstance(value.get(name), list)]
    texts = [value[name] for name in _TEXTS if isinstance(value.get(name), str)]
    if not lists or not texts or not (replacements := replacements_in(texts[0])):
        return value
    return value | {name: [_moved(citation, replacements) for citation in value[name]] for name in lists}


def _moved(citation: Any, replacements: Sequence[Replacement]) -> Any:
    if not isinstance(citation, dict):
        return citation
    moved = {
        key: _moved(inner, replacements) if isinstance(inner, dict) else inner
        for key, inner in citation.items()
    }
    for names in _SPANS:
        keys = [key for key in dict.fromkeys(names) if _is_place(moved, key)]
        places = [_new_place(moved[key], replacements) for key in keys]
        for key, place in zip(keys, places, strict=True):
            if None in places:
                del moved[key]
            else:
                moved[key] = place
    return moved


def _is_place(citation: dict[str, Any], key: str) -> bool:
    place = citation.get(key)
    is_number = isinstance(place, int) and not isinstance(place, bool)
    return is_number and not (key == "index" and citation.get("type") == _FILE_PATH)


def _new_place(place: int, replacements: Sequence[Replacement]) -> int | None:
    """Where a place is now; None where what it was in is gone."""
    moved = place
    for start, end, length in replacements:
        if start < place < end:
            return None
        if end <= place:
            moved += length - (end - start)
    return moved
