"""Items of an answer, so that their texts are the answer. Pure functions, no I/O.

An answer that was cut off has more text than its items. One that was gone on with may have a text in pieces:
some are items, since they cite something, and plain ones are none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from chatmgr.domain.items import Item, ItemKind

_TEXTS = frozenset({ItemKind.TEXT, ItemKind.REFUSAL})
Placed = list[tuple[Item, int]]  # items, each with its index among those that were given; -1 for a new text


def placed(items: Sequence[Item], answer: str) -> Placed:
    """The items of an answer in their order, and its text that none of them holds.

    White space does not count. Where the texts differ otherwise, the answer counts.
    """
    given = [(item, index) for index, item in enumerate(items)]
    spoken = "".join("".join(_text(item).split()) for item in items if item.kind in _TEXTS)
    whole = "".join(answer.split())
    if not spoken and not answer:
        return given
    if (filled := _filled(given, answer)) is not None:
        return _rejoined(filled, answer)
    if not answer or spoken == whole:
        return given
    if spoken and whole.startswith(spoken):
        return [*given, _new(_after(answer, len(spoken)))]
    return [*((item, index) for item, index in given if item.kind not in _TEXTS), _new(answer)]


def _filled(given: Placed, answer: str) -> Placed | None:
    """The items, with what the answer has between their texts; None where these are not in it as they are."""
    filled: Placed = []
    at = 0
    for item, index in given:
        if item.kind in _TEXTS and (text := _text(item)):
            place = answer.find(text, at)
            if place < 0:
                return None
            filled += _gap(filled, answer[at:place])
            at = place + len(text)
        filled.append((item, index))
    return [*filled, *_gap(filled, answer[at:].rstrip())] if at else None


def _gap(before: Placed, text: str) -> Placed:
    goes_on = bool(before) and before[-1][0].kind is ItemKind.TEXT
    return [_new(text if goes_on else text.lstrip())] if text.strip() else []


def _rejoined(pieces: Placed, answer: str) -> Placed:
    """Pieces that stand in the answer without a gap, as one text."""
    joined: Placed = []
    for item, index in pieces:
        before = joined[-1][0] if joined else item
        texts = joined and before.kind is item.kind is ItemKind.TEXT
        if texts and f"{_text(before)}{_text(item)}" in answer:
            joined[-1] = _with(before, item), -1
        else:
            joined.append((item, index))
    return joined


def _with(before: Item, item: Item) -> Item:
    text = _text(before)
    later = [_moved(citation, len(text)) for citation in item.content.get("citations") or ()]
    citations = [*(before.content.get("citations") or ()), *later]
    return replace(before, content={**before.content, "text": text + _text(item), "citations": citations})


def _moved(citation: Mapping[str, Any], by: int) -> dict[str, Any]:
    places = {key: citation[key] + by for key in ("start", "end") if isinstance(citation.get(key), int)}
    return {**citation, **places}


def _after(text: str, count: int) -> str:
    """What follows so many characters that are no white space."""
    for index, char in enumerate(text):
        if not count:
            return text[index:].strip()
        count -= not char.isspace()
    return ""


def _text(item: Item) -> str:
    return str(item.content.get("text") or "")


def _new(text: str) -> tuple[Item, int]:
    return Item(ItemKind.TEXT, {"text": text}), -1
