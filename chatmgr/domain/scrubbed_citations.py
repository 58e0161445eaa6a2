"""Where citations point to once parts of the text that they are for were replaced. Pure functions, no I/O.

Citations name places in a text by their characters: our own (``start``, ``end``), and those of every API, in
the same object or in one inside it. They stand in a list beside the text.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

_OURS = "citations"
_LISTS = (_OURS, "annotations")
_TEXTS = ("text", "value", "content")  # of an item and of Responses, of Assistants, of Completions
_SPANS = (("start", "end"), ("start_index", "end_index"), ("index",))
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

    One that begins or ends inside what is replaced no longer says where it belongs. What a server said goes
    without it, since it may be sent back, and a server may insist on the places; of ours, the source stays.
    """
    texts = [value[name] for name in _TEXTS if isinstance(value.get(name), str)]
    lists = [name for name in _LISTS if isinstance(value.get(name), list)]
    if not texts or not lists or not (replacements := replacements_in(texts[0])):
        return value
    moved = {name: [_moved(citation, replacements) for citation in value[name]] for name in lists}
    return value | {
        name: [citation for citation, is_whole in pairs if is_whole or name == _OURS]
        for name, pairs in moved.items()
    }


def _moved(citation: Any, replacements: Sequence[Replacement]) -> tuple[Any, bool]:
    """A citation without the places that are gone, and whether none is."""
    if not isinstance(citation, dict):
        return citation, True
    moved, is_whole = dict(citation), True
    for key, inner in citation.items():
        if isinstance(inner, dict):
            moved[key], inner_is_whole = _moved(inner, replacements)
            is_whole = is_whole and inner_is_whole
    for names in _SPANS:
        places = {key: _new_place(moved[key], replacements) for key in names if _is_place(moved, key)}
        if None in places.values():
            is_whole = False
            moved = {key: inner for key, inner in moved.items() if key not in places}
        else:
            moved |= places
    return moved, is_whole


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
