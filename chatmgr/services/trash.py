"""The trash: what goes in, how long it stays, and deleting for good.

Conversations stay in the trash for ever, unless the setting ``trash_days`` says otherwise.

Nothing is deleted unannounced. Conversations that are due are announced first, and deleted for good by a
command that comes at least a day later. An announcement is its time and the days it was made for: it covers
what was due then, but neither what is deleted later nor what a shorter setting makes due.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from chatmgr.config import paths
from chatmgr.domain.fast_dataclass import dataclass
from chatmgr.domain.model import Conversation
from chatmgr.formats.file_names import safe_file_name
from chatmgr.store.reader import Reader

if TYPE_CHECKING:
    from chatmgr.store.writer import Writer

NOTICE_PERIOD = timedelta(days=1)
_ANNOUNCEMENT = "trash_announced"  # keys in the database's table of metadata
_UNSCRUBBED = "unscrubbed"
_MAX_DAYS = 100_000
_ID_LENGTH = 8  # characters of a conversation's id in a file's name


@dataclass(frozen=True, slots=True)
class Due:
    """What was deleted for good just now, and what was announced, to be deleted from ``when`` on.

    ``unscrubbed`` is what prevented that the bytes of what was deleted were removed, if anything.
    """

    deleted: list[Conversation]
    announced: list[Conversation]
    when: datetime
    unscrubbed: str = ""


class Trash:
    """Puts conversations into the trash, and deletes them for good; 0 ``days`` keep them for ever."""

    def __init__(self, reader: Reader, writer: Callable[[], "Writer"], days: int) -> None:
        self._reader = reader
        self._writer = writer
        self._days = timedelta(days=min(days, _MAX_DAYS))

    def put(self, conversations: Sequence[Conversation]) -> None:
        """Put conversations into the trash; their runs are closed already (``TurnService.close_runs``)."""
        self._writer().trash.put([conversation.pk for conversation in conversations])

    def process_due(self, now: datetime) -> Due:
        """Delete what was announced a day ago, and announce what has become due since."""
        nothing = Due([], [], now)
        with self._reader as reader:
            due = reader.trash.before(now - self._days) if self._days else []
            if not due:
                return nothing
            announced_at, announced_days = self._announcement()
        if announced_at is None:
            deleted = []
        elif now < announced_at + NOTICE_PERIOD:
            return nothing
        else:
            deleted = [
                conversation for conversation in due if _covered(conversation, announced_at - announced_days)
            ]
        announced = [conversation for conversation in due if conversation not in deleted]
        unscrubbed = ""
        if deleted:
            self.purge(deleted)
            unscrubbed = self.scrub()
        self._writer().meta.set(_ANNOUNCEMENT, f"{now.isoformat()} {self._days.days}" if announced else "")
        return Due(deleted, announced, now + NOTICE_PERIOD, unscrubbed)

    def purge(self, conversations: Sequence[Conversation]) -> None:
        """Delete conversations for good, and the pages that were made of them."""
        self._writer().trash.purge([conversation.pk for conversation in conversations])
        delete_pages(conversations)

    def scrub(self) -> str:
        """Remove what was deleted from the database's bytes; returns what prevented it, or "".

        What was prevented earlier is noted in the database, and done with the next.
        """
        with self._reader as reader:
            if not reader.meta.get(_UNSCRUBBED):
                return ""
        return self._writer().trash.scrub()

    def _announcement(self) -> tuple[datetime | None, timedelta]:
        """When the last announcement was made, and for how many days in the trash."""
        when, _, days = self._reader.meta.get(_ANNOUNCEMENT).partition(" ")
        if not days:
            return None, timedelta()
        return datetime.fromisoformat(when), timedelta(days=int(days))


def _covered(conversation: Conversation, deleted_by: datetime) -> bool:
    return conversation.deleted_at is not None and conversation.deleted_at <= deleted_by


def page_path(conversation: Conversation) -> Path:
    """The file of a conversation's page, in a folder that only its owner can enter."""
    folder = paths.make_private_folder(paths.data_dir() / "pages")
    return folder / f"{safe_file_name(conversation.name)}-{conversation.id[:_ID_LENGTH]}.html"


def delete_pages(conversations: Iterable[Conversation]) -> None:
    """Delete the pages of conversations, under whatever name each had."""
    folder = paths.data_dir() / "pages"
    for conversation in conversations:
        for path in folder.glob(f"*-{conversation.id[:_ID_LENGTH]}.html"):
            path.unlink(missing_ok=True)
