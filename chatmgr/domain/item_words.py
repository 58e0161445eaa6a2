"""Items that are no text in words: one line for each, as screens and exports show them.

Pure functions, no I/O. What others wrote in them is not cleaned here: whoever prints it does that.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from chatmgr.domain.image_size import file_facts
from chatmgr.domain.items import DECLINED, Item, ItemKind
from chatmgr.domain.stored_items import (
    FILES,
    Footnotes,
    StoredItem,
    calls_by_id,
    in_place,
    is_text,
    name_of_call,
)

LONGEST = 300  # characters of arguments, and of results


def item_line(
    stored: StoredItem, calls: Mapping[str, Item], *, limit: int = LONGEST, reasoning: bool = False
) -> str:
    """What stands for an item that is no text; empty where there is nothing to say.

    ``calls`` are those of the turn, by id. ``limit`` is in characters, 0 for none. ``reasoning`` is said
    only where it is asked for.
    """
    item, content = stored.item, stored.item.content
    if item.kind in FILES:
        return _file_line(stored, limit)
    if item.kind is ItemKind.TOOL_CALL:
        return f"called {_call(item, limit)}{_outcome(item, limit)}"
    if item.kind is ItemKind.TOOL_RESULT:
        call = calls.get(str(content.get("call_id")))
        name = name_of_call(call) if call else "a call"
        return f"declined {name}" if content.get("declined") else f"{name} → {_output(item, limit)}"
    if item.kind is ItemKind.APPROVAL_REQUEST:
        return f"asked to call {_call(item, limit)}"
    if item.kind is ItemKind.APPROVAL:
        call = calls.get(str(content.get("request_id")))
        name = name_of_call(call) if call else "a call"
        if content.get("approve"):
            return f"approved {name}"
        reason = str(content.get("reason") or "")
        return f"declined {name}" + (f": {_shortened(reason, limit)}" if reason not in {"", DECLINED} else "")
    if item.kind is ItemKind.REASONING:
        text = str(content.get("text") or content.get("summary") or "")
        return f"reasoning: {_shortened(text, limit)}" if reasoning and text else ""
    if item.kind is ItemKind.COMPACTION:
        return "the server summed up what was said before"
    return f"{content.get('type') or 'something that is not known'}" if item.kind is ItemKind.OTHER else ""


def _file_line(stored: StoredItem, limit: int) -> str:
    content = stored.item.content
    content_type = str(content.get("content_type") or "")
    facts = [f"{stored.item.kind}: {content.get('name') or 'no name'}"]
    if missing := content.get("missing"):
        facts += [content_type, f"not kept: {missing}"]
    else:
        facts += file_facts(content_type, stored.size or content.get("size") or 0, stored.pixels)
    for key in ("prompt", "transcript"):
        if content.get(key):
            facts.append(f"{key}: {_shortened(str(content[key]), limit)}")
    return " · ".join(fact for fact in facts if fact)


def _call(item: Item, limit: int) -> str:
    return f"{name_of_call(item)}({_shortened(str(item.content.get('arguments') or ''), limit)})"


def _outcome(item: Item, limit: int) -> str:
    """What became of a call that the server ran."""
    if error := item.content.get("error"):
        return f" → failed: {_shortened(str(error), limit)}"
    output = _output(item, limit)
    return f" → {output}" if output else ""


def _output(item: Item, limit: int) -> str:
    return _shortened(str(item.content.get("output") or ""), limit)


def _shortened(text: str, limit: int) -> str:
    """Text on one line, of so many characters at most."""
    line = " ".join(text.split())
    return line if not limit or len(line) <= limit else f"{line[: limit - 1]}…"


class Block(NamedTuple):
    """A part of an answer: a text, in which sources are marked, or one line that stands for an item."""

    stored: StoredItem
    text: str
    is_text: bool


def blocks(
    answer: str,
    items: Sequence[StoredItem],
    footnotes: Footnotes,
    mark: Callable[[int], str],
    *,
    limit: int = LONGEST,
    reasoning: bool = False,
) -> list[Block]:
    """A turn's answer, block by block, in the order in which it was said.

    An answer of plain text has no items, and is one block.
    """
    stored_items = in_place(answer, items)
    calls = calls_by_id(stored.item for stored in stored_items)
    made: list[Block] = []
    for stored in stored_items:
        if is_text(stored.item):
            made.append(Block(stored, footnotes.mark(stored.item, mark), True))
        else:
            line = item_line(stored, calls, limit=limit, reasoning=reasoning)
            made.append(Block(stored, " ".join(line.split()), False))
    return [block for block in made if block.text]
