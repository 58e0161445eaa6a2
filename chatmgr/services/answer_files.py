"""The images and files that came with answers: fetched again where they are missing, written to a folder."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from chatmgr.domain.errors import ChatmgrError, NetworkDown
from chatmgr.domain.items import Item
from chatmgr.domain.model import Turn
from chatmgr.domain.stored_items import FILES, can_be_fetched
from chatmgr.formats.saved_files import save_file
from chatmgr.store.reader import Reader

if TYPE_CHECKING:
    from chatmgr.services.providers import Providers
    from chatmgr.store.writer import Writer


class SavedFile(NamedTuple):
    """A file that was written, or, without a path, one whose bytes could not be had, and why.

    ``fetched``: it was missing, and has been fetched just now.
    """

    turn: int
    name: str
    content_type: str
    path: Path | None
    size: int
    missing: str
    fetched: bool = False


class AnswerFiles:
    """Writes the files of answers into folders. What is missing is tried to be had once more, and then kept.

    ``announce`` is told the name of each file that is being fetched. No connection to the database is open
    meanwhile. A provider that could not be reached once is not asked again.
    """

    def __init__(
        self,
        providers: "Providers",
        reader: Reader,
        writer: "Callable[[], Writer]",
        announce: Callable[[str], None],
    ) -> None:
        self._providers = providers
        self._reader = reader
        self._writer = writer
        self._announce = announce
        self._unreachable: dict[str, str] = {}

    def save(self, turns: Iterable[Turn], folder: Path) -> Iterator[SavedFile]:
        """Write all files of turns into a folder, one by one; raises UsageFault where that cannot be."""
        for turn in [turn for turn in turns if turn.items]:
            items = self._reader.items.with_bytes(turn.pk)
            for item in items:
                if item.kind in FILES:
                    file = self._fetched(turn, item, items) if can_be_fetched(item) else item
                    yield _saved(turn, file, folder, fetched=file is not item)

    def _fetched(self, turn: Turn, file: Item, items: Iterable[Item]) -> Item:
        """A file that was missing, with its bytes or the reason why it is missing still."""
        from chatmgr.backends.items.fetching import fetch_again

        if reason := self._unreachable.get(turn.provider):
            return replace(file, content={**file.content, "missing": reason})
        self._reader.close()
        self._announce(name_of(file))
        try:
            provider = self._providers.usable(self._providers.get(turn.provider))
            fetched = fetch_again(provider, file, items)
        except ChatmgrError as error:
            if isinstance(error, NetworkDown):
                self._unreachable[turn.provider] = error.message
            return replace(file, content={**file.content, "missing": error.message})
        self._writer().runs.replace_file(turn.pk, file, fetched)
        return fetched


def name_of(file: Item) -> str:
    """What a file is called."""
    return str(file.content.get("name") or file.kind.value)


def _saved(turn: Turn, file: Item, folder: Path, *, fetched: bool) -> SavedFile:
    """Write a file, if it has bytes."""
    content_type = str(file.content.get("content_type") or "")
    if file.data is None:
        missing = str(file.content.get("missing") or "there are no bytes")
        return SavedFile(turn.turn, name_of(file), content_type, None, 0, missing)
    path = save_file(folder, name_of(file), file.data)
    return SavedFile(turn.turn, name_of(file), content_type, path, len(file.data), "", fetched)
