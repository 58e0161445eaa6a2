"""Answers that are more than text, as lines: each item in its place, and footnotes for what they cite."""

import json
from collections.abc import Iterator, Sequence

from chatmgr.domain.item_words import blocks, item_line
from chatmgr.domain.items import Item, ItemKind
from chatmgr.domain.stored_items import Footnotes, StoredItem, calls_by_id, is_text
from chatmgr.terminal.graphics.drawn_image import Drawing, undrawn
from chatmgr.terminal.hyperlinks import has_hyperlinks, host_of, hyperlink
from chatmgr.terminal.markdown import text_lines
from chatmgr.terminal.sanitize import clean, one_line
from chatmgr.terminal.theme import styled

_NAMED = 2  # of the words that a source stands for


def answer_lines(
    answer: str,
    items: Sequence[StoredItem],
    *,
    terminal: bool,
    rendered: bool,
    reasoning: bool = False,
    drawing: Drawing = undrawn,
    width: int = 0,
) -> Iterator[str]:
    """An answer with its items in their places, then its footnotes."""
    footnotes = Footnotes()
    after_text, next_code = False, 1
    for block in blocks(answer, items, footnotes, "[{}]".format, reasoning=reasoning):
        if block.is_text:
            if after_text:
                yield ""
            next_code = yield from text_lines(
                block.text, rendered=rendered, width=width, first_code=next_code
            )
        else:
            yield styled(f"[{one_line(block.text)}]", "accent", terminal)
            yield from _drawn(block.stored, drawing)
        after_text = block.is_text
    yield from footnote_lines(footnotes, terminal=terminal)


def footnote_lines(
    footnotes: Footnotes, *, terminal: bool, marked: bool = True, of: Item | None = None
) -> Iterator[str]:
    """The sources: a link where the terminal has such, its host in sight; else the whole address.

    If the text is not ``marked`` with their numbers, a line below each tells the words that it stands for.
    With ``of``, they are those of one text.
    """
    notes = footnotes.of(of) if of else footnotes.notes
    if notes:
        yield ""
    links = terminal and has_hyperlinks()
    for number, title, url, quote in notes:
        parts = [one_line(title)] if title else []
        if quote and quote != title:
            parts.append(f"“{one_line(quote)}”")
        if url:
            host = host_of(url) if links else ""
            parts.append(hyperlink(url, one_line(host)) if host else one_line(url))
        yield styled(f"[{number}] ", "fact", terminal) + " — ".join(parts)
        if not marked and (words := footnotes.words.get(number)):
            yield styled(f"    {_listed(words)}", "fact", terminal)


def _listed(words: Sequence[str]) -> str:
    """The first words that are cited, and how many more there are."""
    different = list(dict.fromkeys(words))
    named = ", ".join(f"“{one_line(each)}”" for each in different[:_NAMED])
    more = len(different) - _NAMED
    return f"for {named}" + (f" and {more} more" if more > 0 else "")


def _drawn(stored: StoredItem, drawing: Drawing) -> Iterator[str]:
    if stored.pixels and (drawn := drawing(stored.sha256)):
        yield drawn


def item_blocks(
    answer: str, items: Sequence[StoredItem], *, terminal: bool, drawing: Drawing = undrawn
) -> Iterator[str]:
    """Every item of a turn, whole, as a block of its own, with what is known of it.

    An answer of plain text is one item. Sources have the numbers that they have in the whole answer.
    """
    if not items:
        items = [StoredItem(_plain(answer))] if answer else []
    footnotes = Footnotes()
    blocks(answer, items, footnotes, str)
    calls = calls_by_id(stored.item for stored in items)
    for number, stored in enumerate(items, 1):
        item = stored.item
        facts = (f"item {number}", item.kind.value, item.api, item.model, item.id)
        yield styled(f"[{' · '.join(one_line(fact) for fact in facts if fact)}]", "fact", terminal)
        if is_text(item):
            yield clean(footnotes.mark(item, "[{}]".format))
            yield from footnote_lines(footnotes, terminal=terminal, of=item)
        elif item.kind in {ItemKind.OTHER, ItemKind.COMPACTION} and item.raw:
            yield clean(_indented(item.raw))
        else:
            yield clean(item_line(stored, calls, limit=0, reasoning=True) or item.kind.value)
            yield from _drawn(stored, drawing)
        if stored.sha256:
            yield styled(f"sha256:{stored.sha256}", "fact", terminal)
        yield ""


def _plain(answer: str) -> Item:
    return Item(ItemKind.TEXT, {"text": answer})


def _indented(raw: str) -> str:
    """A provider's JSON, for people."""
    try:
        return json.dumps(json.loads(raw), ensure_ascii=False, indent=2)
    except ValueError:
        return raw
