"""Parts of what ``history NAME`` shows: items one by one, and code alone."""

import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace

from chatmgr.domain.control_characters import without_live
from chatmgr.domain.errors import NoCode
from chatmgr.domain.items import Item, ItemKind
from chatmgr.domain.model import Conversation, Turn
from chatmgr.domain.stored_items import StoredItem
from chatmgr.store.reader.turns import AttachmentInfo
from chatmgr.terminal.console import console
from chatmgr.terminal.sanitize import clean
from chatmgr.terminal.turn_lines import turn_lines


def item_lines(
    turn: Turn, files: list[AttachmentInfo], items: list[StoredItem], *, terminal: bool
) -> Iterator[str]:
    """A turn's message, then each item as a block of its own."""
    from chatmgr.terminal.item_lines import item_blocks

    lines = list(turn_lines(replace(turn, answer="", items=True), files, terminal=terminal))
    yield from lines[:-1] if lines[-2:] == ["", ""] else lines
    if turn.reasoning and all(stored.item.kind is not ItemKind.REASONING for stored in items):
        items = [StoredItem(Item(ItemKind.REASONING, {"text": turn.reasoning})), *items]
        items += [StoredItem(Item(ItemKind.TEXT, {"text": turn.answer}))] if len(items) == 1 else []
    yield from item_blocks(turn.answer, items, terminal=terminal)


def print_code(conversation: Conversation, turns: Iterable[Turn], number: int) -> None:
    """Print code blocks and nothing else; what could act on a terminal is made visible, in a pipe as well."""
    from chatmgr.terminal.markdown import code_blocks

    contents = [content for turn in turns for _, content in code_blocks(turn.answer)]
    if number > len(contents) or not contents:
        raise NoCode(conversation.name, len(contents), number)
    printed = contents[number - 1 : number] if number else contents
    code = "\n".join(printed)
    if sys.stdout.isatty():
        console.write(clean(code))
    else:
        console.write(without_live(code))
