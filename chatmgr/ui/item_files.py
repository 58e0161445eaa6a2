"""What answers bring beside their text: noted while it comes, and saved to files later."""

import sys
from collections.abc import Iterable
from pathlib import Path
from shlex import quote
from typing import Any

from chatmgr.domain.errors import NotFound, UsageFault
from chatmgr.domain.item_words import blocks, item_line
from chatmgr.domain.items import Item, ItemKind, waits_for_answer
from chatmgr.domain.model import Conversation, Turn
from chatmgr.domain.stored_items import FILES, GONE, Footnotes, can_be_fetched, with_size
from chatmgr.domain.text import as_sentence, counted
from chatmgr.services.answer_files import AnswerFiles, SavedFile
from chatmgr.terminal.console import console
from chatmgr.terminal.item_lines import footnote_lines
from chatmgr.terminal.sanitize import one_line
from chatmgr.terminal.status import Status
from chatmgr.ui.context import app
from chatmgr.ui.json_output import print_json

_NOTED = 120  # characters of arguments and results


def note_of(item: Item) -> str:
    """One line about an item that has just come; empty for one that is shown otherwise, or not at all.

    What a server does by itself is noted at a terminal alone.
    """
    by_server = item.kind is ItemKind.TOOL_CALL and not waits_for_answer(item)
    if item.kind in FILES or item.kind is ItemKind.OTHER or (by_server and sys.stderr.isatty()):
        line = item_line(with_size(item), {}, limit=_NOTED)
        return f"[{one_line(line)}]"
    return ""


def show_item(item: Item, note: str, *, draws: bool) -> None:
    """Show the note of an item that has just come, and the image, if ``draws`` and the terminal can."""
    console.note(note, "accent")
    if draws and item.kind is ItemKind.IMAGE and item.data:
        from chatmgr.ui.images import draw_image

        draw_image(item.data)


def show_sources(conversation: Conversation, items: Iterable[Item]) -> None:
    """After an answer at a terminal: the sources that its texts cite, with the words that each stands for.

    They arrive when the text is on the screen and has perhaps scrolled away, so that it cannot be marked.
    Their numbers are those that they have when the turn is shown again: it may have said more before this.
    """
    if not sys.stdout.isatty() or not any(item.content.get("citations") for item in items):
        return
    with app().reader as reader:
        turn = reader.turns.get(reader.conversations.refresh(conversation), -1)
        stored_items = reader.items.of(turn)
    footnotes = Footnotes()
    blocks(turn.answer, stored_items, footnotes, str)
    for line in footnote_lines(footnotes, terminal=True, marked=False):
        console.out(line)


def note_missing(items: Iterable[Item], address: str) -> None:
    """Say how to try again, if files of the answers at an address could not be fetched, but may be there."""
    missing = sum(
        can_be_fetched(item) and not str(item.content["missing"]).startswith(GONE) for item in items
    )
    if missing:
        pronoun = "it" if missing == 1 else "them"
        console.note(f"To fetch {pronoun} again: chatmgr history {quote(address)} --save DIR")


def save_files(turns: Iterable[Turn], typed: str, address: str, *, as_json: bool = False) -> None:
    """Write the images and files of turns into a folder, saying where each of them is.

    Those that could not be fetched are tried once more, and kept. ``as_json`` prints an object for each.

    Raises NotFound where there are none, UsageFault where the folder cannot be written to.
    """
    try:
        folder = Path(typed).expanduser()
        folder.exists()
    except (RuntimeError, ValueError) as error:  # ~nobody, a NUL in the name
        raise UsageFault(f"{typed} cannot be written: {as_sentence(str(error))}") from None
    written = missing = 0
    status = Status(sys.stderr)
    files = AnswerFiles(
        app().providers,
        app().reader,
        lambda: app().writer,
        lambda name: status.waiting_for(f"fetching {one_line(name)}"),
    )
    try:
        for file in files.save(turns, folder):
            status.clear()
            written += file.path is not None
            missing += file.path is None
            if as_json:
                print_json(_facts(file))
            else:
                _note_saved(file)
    finally:
        status.clear()
    if not written and not missing:
        raise NotFound("image or file in", address, (), "Answers of text: chatmgr export")
    if written > 1 and not as_json:
        console.note(f"{counted(written, 'file')} → {one_line(str(folder))}")


def _note_saved(file: SavedFile) -> None:
    if file.path:
        fetched = ", fetched just now" if file.fetched else ""
        console.note(f"Saved {one_line(str(file.path))} ({file.size:,} bytes){fetched}.")
    else:
        reason = as_sentence(one_line(file.missing))
        console.note(f"@{file.turn}: {one_line(file.name)} was not kept: {reason}", "attention")


def _facts(file: SavedFile) -> dict[str, Any]:
    """The documented shape of a file that was saved, or could not be."""
    return {
        "turn": file.turn,
        "name": file.name,
        "content_type": file.content_type or None,
        "path": str(file.path) if file.path else None,
        "size": file.size if file.path else None,
        "missing": file.missing or None,
    }
