"""What ``history NAME`` shows: turns with their runs, items one by one, or code alone."""

import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain

from chatmgr.domain.control_characters import without_live
from chatmgr.domain.errors import NoCode
from chatmgr.domain.fast_dataclass import dataclass
from chatmgr.domain.items import Item, ItemKind
from chatmgr.domain.model import Conversation, Turn
from chatmgr.domain.stored_items import StoredItem, can_be_fetched
from chatmgr.store.reader.turns import AttachmentInfo
from chatmgr.terminal.console import console, show_lines
from chatmgr.terminal.graphics.drawn_image import Drawing, DrawnImage, undrawn
from chatmgr.terminal.sanitize import clean
from chatmgr.terminal.turn_lines import run_lines, turn_lines
from chatmgr.ui.context import app, markdown
from chatmgr.ui.images import stored_image


@dataclass(frozen=True, slots=True)
class Shown:
    """What is shown of each turn: also its tokens and cost, also all its runs, or its items one by one."""

    usage: bool = False
    runs: bool = False
    items: bool = False


def show_history(
    conversation: Conversation, turns: Iterable[Turn], shown: Shown, *, pager: bool, alone: bool
) -> None:
    """Print turns, through a pager if one is wanted.

    ``alone``: the turns are those around one. Their images are drawn, which no pager could show.
    """
    files: dict[str, list[Item]] = {}
    drawing = stored_image if sys.stdout.isatty() and (alone or not pager) else undrawn
    lines = _lines(conversation, turns, shown, drawing, files)
    if pager and alone:
        lines = iter(kept := list(lines))
        pager = not any(isinstance(line, DrawnImage) for line in kept)
    show_lines(lines, pager=pager)
    if files:
        from chatmgr.ui.item_files import note_missing

        address = next(iter(files)) if len(files) == 1 else conversation.name
        note_missing(chain(*files.values()), address)


def _lines(
    conversation: Conversation,
    turns: Iterable[Turn],
    shown: Shown,
    drawing: Drawing,
    missing: dict[str, list[Item]],
) -> Iterator[str]:
    """The lines of turns; files that could not be had are noted in ``missing``, by the turns' addresses."""
    previous: Turn | None = None
    rendered = markdown() and not shown.items
    terminal = sys.stdout.isatty()
    for turn in turns:
        files, items = app().reader.turns.attachments(turn), app().reader.items.of(turn)
        if fetchable := [stored.item for stored in items if can_be_fetched(stored.item)]:
            missing[f"{turn.conversation}@{turn.turn}"] = fetchable
        if rendered:
            yield from _rendered_lines(conversation, turn, previous, files, items, shown, drawing)
            previous = turn
            continue
        if shown.items:
            yield from _item_lines(turn, files, items, terminal=terminal, drawing=drawing)
            continue
        reasoning = bool(items) and bool(app().settings.get("show_reasoning"))
        yield from turn_lines(
            *(turn, files),
            terminal=terminal,
            usage=shown.usage,
            items=items,
            reasoning=reasoning,
            drawing=drawing,
        )
        if shown.runs:
            yield from _run_lines(conversation, turn, terminal=terminal)
            yield ""


def _rendered_lines(
    conversation: Conversation,
    turn: Turn,
    previous: Turn | None,
    files: list[AttachmentInfo],
    items: list[StoredItem],
    shown: Shown,
    drawing: Drawing,
) -> Iterator[str]:
    """A turn as it looks in the chat, below the one before."""
    from chatmgr.ui.transcript_view import answerer_of, rendered_turn

    if previous:
        yield ""
    before = answerer_of(previous) if previous else None
    yield from rendered_turn(*(turn, files, items, before, drawing), usage=shown.usage, with_reasoning=True)
    if shown.runs:
        yield ""
        yield from _run_lines(conversation, turn, terminal=True)


def _run_lines(conversation: Conversation, turn: Turn, *, terminal: bool) -> Iterator[str]:
    for number, run in enumerate(app().reader.turns.runs(conversation, turn.turn), 1):
        yield from run_lines(run, number, terminal=terminal)


def _item_lines(
    turn: Turn,
    files: list[AttachmentInfo],
    items: list[StoredItem],
    *,
    terminal: bool,
    drawing: Drawing,
) -> Iterator[str]:
    """A turn's message, then each item as a block of its own."""
    from chatmgr.terminal.item_lines import item_blocks

    lines = list(turn_lines(replace(turn, answer="", items=True), files, terminal=terminal, drawing=drawing))
    yield from lines[:-1] if lines[-2:] == ["", ""] else lines
    if turn.reasoning and all(stored.item.kind is not ItemKind.REASONING for stored in items):
        items = [StoredItem(Item(ItemKind.REASONING, {"text": turn.reasoning})), *items]
        items += [StoredItem(Item(ItemKind.TEXT, {"text": turn.answer}))] if len(items) == 1 else []
    yield from item_blocks(turn.answer, items, terminal=terminal, drawing=drawing)


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
