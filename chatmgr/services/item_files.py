"""The images and files that came with answers: read from the database, written to a folder."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from chatmgr.domain.items import Item
from chatmgr.domain.model import Turn
from chatmgr.domain.stored_items import FILES
from chatmgr.formats.saved_files import save_file
from chatmgr.store.reader import Reader


class SavedFile(NamedTuple):
    """A file that was written, or, without a path, one whose bytes could not be had, and why."""

    turn: int
    name: str
    path: Path | None
    size: int
    missing: str


def files_of(reader: Reader, turn: Turn) -> list[Item]:
    """The images, files and audio of a turn, with their bytes where there are any."""
    if not turn.items:
        return []
    return [item for item in reader.items.with_bytes(turn.pk) if item.kind in FILES]


def save(reader: Reader, turns: Iterable[Turn], folder: Path) -> Iterator[SavedFile]:
    """Write all files of turns into a folder, one by one; raises UsageFault where that cannot be."""
    for turn in turns:
        for item in files_of(reader, turn):
            name = str(item.content.get("name") or item.kind.value)
            if item.data is None:
                missing = str(item.content.get("missing") or "there are no bytes")
                yield SavedFile(turn.turn, name, None, 0, missing)
            else:
                yield SavedFile(turn.turn, name, save_file(folder, name, item.data), len(item.data), "")
