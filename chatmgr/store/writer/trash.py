"""Writes the trash: conversations go into it, come out of it, or are deleted for good.

Each method but ``scrub`` is one transaction over all the conversations it is given: all or none. It raises
Busy where one of them was deleted or restored meanwhile.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Delete, Table, delete, exists, select
from sqlalchemy.exc import IntegrityError

from chatmgr.domain.errors import Busy, UsageFault
from chatmgr.store import tables
from chatmgr.store.location import BUSY_SECONDS
from chatmgr.store.writer.conversations import batches, lock_names, set_names, update_all
from chatmgr.store.writer.database import Database, now

_STEP = 500  # pages of the search index that are merged before others may write again
_MERGE = (
    "INSERT INTO words(words, rank) VALUES ('merge', ?)",
    "INSERT INTO grams(grams, rank) VALUES ('merge', ?)",
)


class TrashWriter:
    """Deleting: into the trash, out of it, and for good."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, conversations: Sequence[int]) -> None:
        """Move conversations to the trash; raises Busy where one has a live run."""
        with self._database.begin() as db:
            lock_names(db, conversations)
            _refuse_live(db, conversations)
            update_all(db, conversations, deleted_at=now())

    def restore(self, names: Mapping[int, str]) -> None:
        """Take conversations out of the trash, under the names given by key."""
        try:
            with self._database.begin() as db:
                lock_names(db, names, deleted=True)
                set_names(db, names)
                update_all(db, names, deleted_at=None)
        except IntegrityError:
            raise UsageFault(
                "A conversation got one of these names just now. Nothing was restored.", "Try again."
            ) from None

    def purge(self, conversations: Sequence[int]) -> None:
        """Delete trashed conversations for good, with the files that nothing else refers to.

        Turns are deleted before their conversation, so that the search index hears of each of them while
        the conversation is still there.
        """
        with self._database.begin() as db:
            lock_names(db, conversations, deleted=True)
            files: set[str] = set()
            for batch in batches(conversations):
                files |= _files(db, batch)
                for table in (tables.turns, tables.tags, tables.threads):
                    db.execute(delete(table).where(table.c.conversation_id.in_(batch)))
                db.execute(delete(tables.conversations).where(tables.conversations.c.id.in_(batch)))
            for hashes in batches(sorted(files)):
                db.execute(_unused(tables.remote_files, hashes))
                db.execute(_unused(tables.blobs, hashes))

    def scrub(self) -> str:
        """Remove what was deleted from the bytes of a SQLite file; returns what prevented it, or "".

        Three places keep deleted text. The search index only marks words as deleted until its segments
        are merged. Pages keep bytes of rows that were moved, even with ``secure_delete``, until the file is
        rewritten. The write-ahead log keeps old pages until it is truncated, which a process prevents that
        still reads an older state.
        """
        if not self._database.path:
            return ""
        raw = self._database.engine.raw_connection()
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


def _refuse_live(db: Connection, conversations: Sequence[int]) -> None:
    runs = tables.runs.c
    for batch in batches(conversations):
        live = select(runs.conversation_id).where(runs.conversation_id.in_(batch), tables.LIVE_RUN).limit(1)
        if db.scalar(live) is not None:
            raise Busy("A turn of one of these was begun just now. Nothing was deleted.", "Try again.")


def _files(db: Connection, conversations: list[int]) -> set[str]:
    """The hashes of all files that were sent in these conversations."""
    attachments, messages, turns = tables.attachments, tables.messages, tables.turns
    hashes = (
        select(attachments.c.sha256)
        .join(messages, messages.c.id == attachments.c.message_id)
        .join(turns, turns.c.id == messages.c.turn_id)
        .where(turns.c.conversation_id.in_(conversations))
    )
    return set(db.scalars(hashes))


def _unused(table: Table, hashes: list[str]) -> Delete:
    """Deletes the rows of these files, except where a message still refers to one."""
    used = exists().where(tables.attachments.c.sha256 == table.c.sha256)
    return delete(table).where(table.c.sha256.in_(hashes), ~used)


def _merge(db: Any, command: str) -> None:
    """Merge one index of the full-text search into one segment, in steps that are a transaction each."""
    step = -_STEP  # negative at first: merge everything, however few segments there are
    while True:
        before = db.total_changes
        db.execute(command, (step,))
        if db.total_changes - before < 2:
            return
        step = _STEP
