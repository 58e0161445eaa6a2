"""The trash: what goes in, how long it stays, and deleting for good.

It keeps what is in it for ever, unless the setting ``trash_days`` says otherwise.

Nothing goes unannounced. What is due is announced first, and deleted for good by a command that comes a
day later at the earliest. An announcement is its moment and the days it was made by: it covers what
was due then, so neither what is deleted later nor a shorter time set later is covered by it.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from chatmgr.config import paths
from chatmgr.domain.model import Conversation
from chatmgr.formats.file_names import safe_file_name
from chatmgr.store.reader import Reader

if TYPE_CHECKING:
    from chatmgr.store.writer import Writer

NOTICE = timedelta(days=1)
_KEY = "trash_announced"
_UNSCRUBBED = "unscrubbed"
_ID_LENGTH = 8  # characters of a conversation's id; more are no help to who looks for a file


@dataclass(frozen=True, slots=True)
class Due:
    """What was deleted just now, and what will be, from when on."""

    deleted: list[Conversation]
    announced: list[Conversation]
    when: datetime


class Trash:
    """Looks after one trash."""

    def __init__(self, reader: Reader, writer: Callable[[], "Writer"], days: int) -> None:
        self._reader = reader
        self._writer = writer
        self._days = timedelta(days=min(days, 100_000))

    def put(self, conversations: Sequence[Conversation]) -> None:
        """Put conversations into the trash; their runs are closed already (``TurnService.release``)."""
        self._writer().trash([conversation.pk for conversation in conversations])

    def look(self, moment: datetime) -> Due:
        """Delete what was announced a day ago, and announce what has become due since."""
        due = self._reader.trashed_before(moment - self._days) if self._days else []
        if not due:
            return Due([], [], moment)
        announced, days = self._announcement()
        if announced is not None and moment < announced + NOTICE:
            return Due([], [], moment)
        gone = [] if announced is None else [one for one in due if _covered(one, announced - days)]
        rest = [one for one in due if one not in gone]
        self._reader.close()
        if gone:
            self.purge(gone)
            self.scrub()
        said = f"{moment.isoformat()} {self._days.days}" if rest else ""
        self._writer().set_meta(_KEY, said)
        return Due(gone, rest, moment + NOTICE)

    def purge(self, conversations: Sequence[Conversation]) -> None:
        """Delete conversations for good, and the pages that were made of them."""
        self._writer().purge([one.pk for one in conversations])
        forget_pages(conversations)

    def scrub(self, *, again: bool = False) -> str:
        """Rewrite the database without what was deleted; returns what prevented it, if anything.

        ``again``: only if it was prevented the last time.
        """
        before = bool(self._reader.meta(_UNSCRUBBED))
        if again and not before:
            return ""
        self._reader.close()
        why = self._writer().scrub()
        if why or before:
            self._writer().set_meta(_UNSCRUBBED, why)
        return why

    def _announcement(self) -> tuple[datetime | None, timedelta]:
        when, _, days = self._reader.meta(_KEY).partition(" ")
        if not days:
            return None, timedelta()
        return datetime.fromisoformat(when), timedelta(days=int(days))


def _covered(one: Conversation, before: datetime) -> bool:
    return one.deleted_at is not None and one.deleted_at <= before


def page_path(conversation: Conversation) -> Path:
    """Where a conversation's page goes, in a folder that only its owner can enter."""
    folder = paths.make_private_folder(paths.data_dir() / "pages")
    return folder / f"{safe_file_name(conversation.name)}-{conversation.id[:_ID_LENGTH]}.html"


def forget_pages(conversations: Iterable[Conversation]) -> None:
    """Delete the pages of conversations, under whatever name each was shown."""
    folder = paths.data_dir() / "pages"
    for conversation in conversations:
        for path in folder.glob(f"*-{conversation.id[:_ID_LENGTH]}.html"):
            path.unlink(missing_ok=True)
