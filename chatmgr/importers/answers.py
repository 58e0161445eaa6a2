"""From the messages that answer a turn to one run: its text, its items, its reasoning, what it used."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from chatmgr.domain.events import Usage
from chatmgr.domain.fast_dataclass import dataclass
from chatmgr.domain.items import Item, ItemKind
from chatmgr.domain.source_conversations import SourceMessage
from chatmgr.domain.states import RunState
from chatmgr.domain.text import storable

TEXTS = frozenset({ItemKind.TEXT, ItemKind.REFUSAL})


@dataclass(frozen=True, slots=True)
class SourceRun:
    """One answer of a turn. ``ids`` are those of the messages that it was made of.

    ``items`` are empty where ``text`` is all there is, as with answers of our own.
    """

    ids: tuple[str, ...]
    text: str
    items: tuple[Item, ...]
    reasoning: str
    model: str
    state: RunState
    detail: str
    error: str
    usage: Usage
    started_at: datetime | None
    finished_at: datetime | None


def answer_of(chain: Sequence[SourceMessage], model: str) -> SourceRun:
    """The run that a chain of messages is; ``model`` is the one for those that name none."""
    if len(chain) == 1 and (plain := plain_text(chain[0].items)) is not None:
        return _plain_answer(chain[0], plain, model)
    items: list[Item] = []
    text = ""
    for message in chain:
        said, own = joined_texts(message.items)
        if said and text:
            joint = "" if message.joins else "\n\n"
            own = _joined(own, joint)
            text += joint
        text += said
        items += own
    reasoning = "\n\n".join(words for item in items if (words := _reasoning(item)))
    last = chain[-1]
    return SourceRun(
        ids=tuple(message.id for message in chain),
        text=text,
        items=tuple(items) if any(map(_says_more, items)) else (),
        reasoning=reasoning,
        model=next((message.model for message in reversed(chain) if message.model), model),
        state=last.state,
        detail=last.detail,
        error=last.error,
        usage=_sum(message.usage for message in chain),
        started_at=next((message.at for message in chain if message.at), None),
        finished_at=next((message.at for message in reversed(chain) if message.at), None),
    )


def plain_text(items: Sequence[Item]) -> str | None:
    """What items say where that is one text without sources, as of most messages; else None."""
    if len(items) != 1 or items[0].kind is not ItemKind.TEXT or items[0].content.get("citations"):
        return None
    return storable(str(items[0].content.get("text") or ""))


def _plain_answer(message: SourceMessage, text: str, model: str) -> SourceRun:
    """The run that one message of plain text is."""
    return SourceRun(
        (message.id,),
        text,
        (),
        "",
        message.model or model,
        message.state,
        message.detail,
        message.error,
        message.usage,
        message.at,
        message.at,
    )


def _joined(items: list[Item], joint: str) -> list[Item]:
    """Items whose first text begins with what joins it to the text before; its citations move along."""
    if not joint:
        return items
    for place, item in enumerate(items):
        if item.kind in TEXTS:
            moved = [_moved(citation, len(joint)) for citation in item.content.get("citations") or ()]
            content = {**item.content, "text": f"{joint}{item.content['text']}"}
            if moved:
                content["citations"] = moved
            return [*items[:place], replace(item, content=content), *items[place + 1 :]]
    return items


def _moved(citation: Mapping[str, object], by: int) -> dict[str, object]:
    moved = dict(citation)
    for edge in ("start", "end"):
        if isinstance(place := moved.get(edge), int):
            moved[edge] = place + by
    return moved


def joined_texts(items: Sequence[Item]) -> tuple[str, list[Item]]:
    """What items say as one text, and the items, with texts that any database takes."""
    kept: list[Item] = []
    parts: list[str] = []
    for item in items:
        if item.kind not in TEXTS:
            kept.append(item)
        elif text := storable(str(item.content.get("text") or "")):
            joint = "\n\n" if parts else ""
            kept += _joined([replace(item, content={**item.content, "text": text})], joint)
            parts.append(f"{joint}{text}")
    return "".join(parts), kept


def _says_more(item: Item) -> bool:
    """Whether an item is more than a text without sources."""
    if item.kind is ItemKind.REASONING:
        return bool(item.raw)
    return item.kind is not ItemKind.TEXT or bool(item.content.get("citations"))


def _reasoning(item: Item) -> str:
    if item.kind is not ItemKind.REASONING:
        return ""
    return storable(str(item.content.get("text") or item.content.get("summary") or ""))


def _sum(usages: Iterator[Usage]) -> Usage:
    """The tokens of several messages; None where none of them says."""
    totals: dict[str, int] = {}
    for usage in usages:
        for name in ("input_tokens", "output_tokens", "cached_tokens", "reasoning_tokens"):
            if (count := getattr(usage, name)) is not None:
                totals[name] = totals.get(name, 0) + count
    return Usage(**totals)
