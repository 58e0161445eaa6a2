"""The writer's pages on tidying: names, tags, the archive, the trash, and deleting for good.

Every method is one transaction over any number of conversations, in statements of bounded length: all
of them, or none. A conversation that somebody deleted or restored meanwhile is none.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Delete, bindparam, delete, exists, insert, select, update
from sqlalchemy.exc import IntegrityError

from chatmgr.domain.errors import Busy, UsageFault
from chatmgr.store.base import LIVE_RUN
from chatmgr.store.location import BUSY_SECONDS
from chatmgr.store.tables import (
    AttachmentRow,
    BlobRow,
    ConversationRow,
    MessageRow,
    RemoteFileRow,
    RunRow,
    TagRow,
    ThreadRow,
    TurnRow,
)
from chatmgr.store.writer.base import WriterBase, now

_AT_ONCE = 500
_STEP = 500  # pages of the search index that are merged before others may write again
_ASIDE = "@{}"  # no name holds “@”
_MERGE = (
    "INSERT INTO words(words, rank) VALUES ('merge', ?)",
    "INSERT INTO grams(grams, rank) VALUES ('merge', ?)",
)


class TidyWriter(WriterBase):
    """Writes what keeps conversations in order."""

    def rename(self, names: Mapping[int, str]) -> None:
        """New names by key; they may be each other's."""
        wanted = set(names.values())
        try:
            with self.begin() as db:
                old = _names(db, names)
                _check(len(old), names)
                aside = {pk: _ASIDE.format(pk) for pk, name in old.items() if name in wanted}
                _set_names(db, aside)
                _set_names(db, names)
        except IntegrityError:
            raise UsageFault(
                "A conversation got one of these names just now. Nothing was changed.",
                "See them all: chatmgr history",
            ) from None

    def set_title(self, conversation: int, title: str) -> None:
        """A conversation's title."""
        self._set([conversation], title=title)

    def archive(self, conversations: Sequence[int]) -> None:
        """Hide conversations from lists."""
        self._set(conversations, archived_at=now())

    def unarchive(self, conversations: Sequence[int]) -> None:
        """Let lists show them again."""
        self._set(conversations, archived_at=None)

    def _set(self, conversations: Sequence[int], **values: object) -> None:
        with self.begin() as db:
            _check(len(_names(db, conversations)), conversations)
            for some in _batches(conversations):
                db.execute(update(ConversationRow).where(ConversationRow.id.in_(some)).values(values))

    def tag(self, conversations: Sequence[int], add: Iterable[str], remove: Iterable[str]) -> None:
        """Put tags on conversations, take others off."""
        added = sorted(set(add))
        off = sorted({*remove, *added})
        with self.begin() as db:
            _check(len(_names(db, conversations)), conversations)
            for some in _batches(conversations):
                db.execute(delete(TagRow).where(TagRow.conversation_id.in_(some), TagRow.name.in_(off)))
                rows = [{"conversation_id": pk, "name": name} for pk in some for name in added]
                if rows:
                    db.execute(insert(TagRow), rows)

    def trash(self, conversations: Sequence[int]) -> None:
        """Put conversations into the trash; refuses where a run is live."""
        moment = now()
        with self.begin() as db:
            _check(len(_names(db, conversations)), conversations)
            for some in _batches(conversations):
                _refuse_live(db, some)
                db.execute(
                    update(ConversationRow).where(ConversationRow.id.in_(some)).values(deleted_at=moment)
                )

    def restore(self, names: Mapping[int, str]) -> None:
        """Take conversations out of the trash, under these names."""
        try:
            with self.begin() as db:
                _check(len(_names(db, names, deleted=True)), names)
                _set_names(db, names)
                for some in _batches(names):
                    db.execute(
                        update(ConversationRow).where(ConversationRow.id.in_(some)).values(deleted_at=None)
                    )
        except IntegrityError:
            raise UsageFault(
                "A conversation got one of these names just now. Nothing was restored.", "Try again."
            ) from None

    def purge(self, conversations: Sequence[int]) -> None:
        """Delete what is in the trash for good, and the files that nothing else refers to.

        Turns go before their conversation: the search index is told of each while all of it is there.
        """
        with self.begin() as db:
            _check(len(_names(db, conversations, deleted=True)), conversations)
            files: set[str] = set()
            for some in _batches(conversations):
                files |= _files(db, some)
                db.execute(delete(TurnRow).where(TurnRow.conversation_id.in_(some)))
                for table in (TagRow, ThreadRow):
                    db.execute(delete(table).where(table.conversation_id.in_(some)))
                db.execute(delete(ConversationRow).where(ConversationRow.id.in_(some)))
            for hashes in _batches(sorted(files)):
                db.execute(_unused(RemoteFileRow, hashes))
                db.execute(_unused(BlobRow, hashes))

    def scrub(self) -> str:
        """Take what was deleted out of the bytes of a SQLite file as well; returns what prevented it.

        The search index marks words as deleted until its parts are merged into one; pages keep bytes of
        rows that were moved, even with ``secure_delete``, until the file is rewritten; the log keeps old
        pages until it is emptied, which a process that still reads an older state prevents.
        """
        if not self.path:
            return ""
        raw = self._engine.raw_connection()
        db: Any = raw.driver_connection
        try:
            for command in _MERGE:
                _merge(db, command)
            db.execute("VACUUM")
            db.execute("PRAGMA busy_timeout=1000")
            busy, *_ = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except sqlite3.OperationalError as error:
            return str(error)
        finally:
            db.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")
            raw.close()
        return "another process reads it" if busy else ""

    def forget_thread(self, thread: int) -> None:
        """A thread is gone from its server; the conversation's next turn makes another."""
        with self.begin() as db:
            db.execute(delete(ThreadRow).where(ThreadRow.id == thread))

    def forget_copy(self, copy: int) -> None:
        """A file is gone from a server; it is given again where it is needed."""
        with self.begin() as db:
            db.execute(delete(RemoteFileRow).where(RemoteFileRow.id == copy))


def _batches(keys: Iterable[Any]) -> Iterator[list[Any]]:
    every = list(keys)
    return (every[at : at + _AT_ONCE] for at in range(0, len(every), _AT_ONCE))


def _names(db: Connection, keys: Iterable[int], *, deleted: bool = False) -> dict[int, str]:
    """The conversations that are there, or in the trash; on PostgreSQL, held until the transaction ends."""
    there = ConversationRow.deleted_at.is_not(None) if deleted else ConversationRow.deleted_at.is_(None)
    found: dict[int, str] = {}
    for some in _batches(keys):
        rows = db.execute(
            select(ConversationRow.id, ConversationRow.name)
            .where(ConversationRow.id.in_(some), there)
            .with_for_update()
        )
        found |= {int(pk): str(name) for pk, name in rows}
    return found


def _check(found: int, wanted: Sequence[int] | Mapping[int, str]) -> None:
    if found != len(set(wanted)):
        raise Busy("One of these was deleted or restored just now. Nothing was changed.", "Look again.")


def _set_names(db: Connection, names: Mapping[int, str]) -> None:
    if names:
        named = update(ConversationRow).where(ConversationRow.id == bindparam("pk"))
        db.execute(
            named.values(name=bindparam("new")), [{"pk": pk, "new": name} for pk, name in names.items()]
        )


def _refuse_live(db: Connection, conversations: list[int]) -> None:
    live = select(RunRow.conversation_id).where(RunRow.conversation_id.in_(conversations), LIVE_RUN).limit(1)
    if db.scalar(live) is not None:
        raise Busy("A turn of one of these was begun just now. Nothing was deleted.", "Try again.")


def _files(db: Connection, conversations: list[int]) -> set[str]:
    found = (
        select(AttachmentRow.sha256)
        .join(MessageRow, MessageRow.id == AttachmentRow.message_id)
        .join(TurnRow, TurnRow.id == MessageRow.turn_id)
        .where(TurnRow.conversation_id.in_(conversations))
    )
    return set(db.scalars(found))


def _unused(table: type[BlobRow] | type[RemoteFileRow], hashes: list[str]) -> Delete:
    """Those of these files that no message refers to."""
    used = exists().where(AttachmentRow.sha256 == table.sha256)
    return delete(table).where(table.sha256.in_(hashes), ~used)


def _merge(db: Any, command: str) -> None:
    """Merge a table of the search index into one part, in steps that are a transaction each."""
    step = -_STEP  # the first one says that all is to be merged, however few
    while True:
        before = db.total_changes
        db.execute(command, (step,))
        if db.total_changes - before < 2:
            return
        step = _STEP
