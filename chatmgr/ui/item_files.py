"""What answers bring beside their text: noted while it comes, and saved to files later."""

import sys
from collections.abc import Iterable
from pathlib import Path

from chatmgr.domain.errors import NotFound, UsageFault
from chatmgr.domain.item_words import item_line
from chatmgr.domain.items import Item, ItemKind, waits_for_answer
from chatmgr.domain.model import Turn
from chatmgr.domain.stored_items import FILES, Footnotes, with_size
from chatmgr.domain.text import as_sentence, counted
from chatmgr.services import item_files
from chatmgr.terminal.console import console
from chatmgr.terminal.item_lines import footnote_lines
from chatmgr.terminal.sanitize import one_line
from chatmgr.ui.context import app

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
    console.note(note)
    if draws and item.kind is ItemKind.IMAGE and item.data:
        from chatmgr.ui.images import draw_image

        draw_image(item.data)


def show_sources(items: Iterable[Item]) -> None:
    """After an answer at a terminal: the sources that its texts cite."""
    if not sys.stdout.isatty():
        return
    footnotes = Footnotes()
    for item in items:
        footnotes.mark(item, str)
    for line in footnote_lines(footnotes, terminal=True):
        console.out(line)


def save_files(turns: Iterable[Turn], typed: str, address: str) -> None:
    """Write the images and files of turns into a folder, saying where each of them is.

    Raises NotFound where there are none, UsageFault where the folder cannot be written to.
    """
    try:
        folder = Path(typed).expanduser()
        folder.exists()
    except (RuntimeError, ValueError) as error:  # ~nobody, a NUL in the name
        raise UsageFault(f"{typed} cannot be written: {as_sentence(str(error))}") from None
    written = missing = 0
    for file in item_files.save(app().reader, turns, folder):
        if file.path:
            written += 1
            console.note(f"Saved {one_line(str(file.path))} ({file.size:,} bytes).")
        else:
            missing += 1
            console.note(
                f"@{file.turn}: {one_line(file.name)} was not kept: {one_line(file.missing)}.", "attention"
            )
    if not written and not missing:
        raise NotFound("image or file in", address, (), "Answers of text: chatmgr export")
    if written > 1:
        console.note(f"{counted(written, 'file')} → {one_line(str(folder))}")
