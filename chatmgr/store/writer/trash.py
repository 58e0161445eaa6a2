"""Writes the trash: conversations go into it, come out of it, or are deleted for good.

Putting in and restoring are one transaction over all the conversations they are given: all or none. They
raise Busy where one of them was deleted or restored meanwhile.
"""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, Delete, Table, delete, exists, func, insert, select
from sqlalchemy.exc import IntegrityError

from chatmgr.domain.errors import Busy, UsageFault
from chatmgr.domain.tree import Piece
from chatmgr.store import tables
from chatmgr.store.locks import SPACE
from chatmgr.store.write_queue import let_others_write
from chatmgr.store.writer.conversations import batches, lock_names, set_names, update_all
from chatmgr.store.writer.database import Database, now
from chatmgr.store.writer.journal import note_all
from chatmgr.store.writer.paths import in_pieces
from chatmgr.store.writer.unreached import Unreached

_GROUP = 200  # turns that are deleted in one transaction, unless one conversation has more
_PURPOSE = "is emptying the trash"


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
            note_all(db, "delete", {pk: {} for pk in conversations})

    def restore(self, names: Mapping[int, str]) -> None:
        """Take conversations out of the trash, under the names given by key."""
        try:
            with self._database.begin() as db:
                old_names = lock_names(db, names, deleted=True)
                set_names(db, names)
                update_all(db, names, deleted_at=None)
                note_all(db, "restore", {pk: _renaming(old_names[pk], name) for pk, name in names.items()})
        except IntegrityError:
            raise UsageFault(
                "A conversation got one of these names just now. Nothing was restored.", "Try again."
            ) from None

    def purge(self, conversations: Sequence[int]) -> None:
        """Delete trashed conversations for good, with the files that nothing else refers to.

        Each of them is deleted as a whole or not at all; between them, others may write. Raises Busy, before
        anything is deleted, where one of them was restored meanwhile. Their bytes are gone after ``scrub``.
        """
        with self._database.begin() as db:
            lock_names(db, conversations, deleted=True)
            groups = _groups(db, conversations)
        for group in groups:
            with self._database.begin(_PURPOSE) as db:
                _one_at_a_time(db)
                lock_names(db, group, deleted=True)
                if self._database.path:
                    _purge_and_note(db, group)
                else:
                    _purge(db, group, Unreached(db, group))
            if self._database.path:
                let_others_write(self._database.path)

    def scrub(self) -> str:
        """Remove what was deleted from the bytes of a SQLite file; returns what prevented it, or "".

        See ``Scrub``. On PostgreSQL, this is the server's own business.
        """
        if not self._database.path:
            return ""
        from chatmgr.store.writer.scrub import Scrub

        return Scrub(self._database, self._database.path).run()


def _renaming(before: str, name: str) -> dict[str, str]:
    """What the journal says of a restored conversation that has another name now."""
    return {} if before == name else {"before": before, "name": name}


def _one_at_a_time(db: Connection) -> None:
    """Wait for others who delete, on PostgreSQL.

    Of two who delete a fork and its source, each would leave the turns that both hold to the other.
    """
    if db.dialect.name == "postgresql":
        db.execute(select(func.pg_advisory_xact_lock(SPACE, -2)))


def _groups(db: Connection, keys: Sequence[int]) -> list[list[int]]:
    """Conversations in groups whose turns are deleted in one transaction."""
    turns: dict[int, int] = {}
    columns = tables.conversations.c
    for batch in batches(keys):
        rows = db.execute(select(columns.id, columns.turns).where(columns.id.in_(batch)))
        turns |= {int(pk): int(count) for pk, count in rows}
    groups: list[list[int]] = []
    size = 0
    for pk, count in turns.items():
        if not groups or size + count > _GROUP:
            groups.append([])
            size = 0
        groups[-1].append(pk)
        size += count + 1
    return groups


def _purge_and_note(db: Connection, conversations: list[int]) -> None:
    """Delete for good, erase the words that only these had, and note where copies of rows can be."""
    from chatmgr.store.writer import erasure

    unreached = Unreached(db, conversations)
    texts = erasure.texts(db, conversations, unreached.pieces)
    rows = erasure.rows(db, conversations, unreached.pieces)
    _purge(db, conversations, unreached)
    erasure.note(db, erasure.Remains(rows).add(erasure.erase_words(db, texts)))


def _purge(db: Connection, conversations: list[int], unreached: Unreached) -> None:
    """Delete conversations for good, with the turns that no other conversation reaches.

    Turns are deleted by themselves, not with their branch, so that the search index hears of each of them.
    """
    files: set[str] = set()
    for some in batches(unreached.pieces):
        files |= _files(db, some)
        db.execute(delete(tables.turns).where(in_pieces(some)))
    unreached.hand_over()
    for batch in batches(conversations):
        _note_deleted(db, batch)
        for table in (tables.tags, tables.threads, tables.journal, tables.path_segments):
            db.execute(delete(table).where(table.c.conversation_id.in_(batch)))
        db.execute(delete(tables.conversations).where(tables.conversations.c.id.in_(batch)))
    for branch in unreached.branches:  # children first
        db.execute(delete(tables.branches).where(tables.branches.c.id == branch))
    for hashes in batches(sorted(files)):
        delete_unused_files(db, hashes)


def _note_deleted(db: Connection, conversations: list[int]) -> None:
    """Keep the keys of conversations that are about to be deleted for good."""
    columns = tables.conversations.c
    keys = db.scalars(select(columns.key).where(columns.id.in_(conversations))).all()
    known = set(db.scalars(select(tables.deletions.c.key).where(tables.deletions.c.key.in_(keys))))
    rows = [{"key": key, "deleted_at": now()} for key in keys if key not in known]
    if rows:
        db.execute(insert(tables.deletions), rows)


def _refuse_live(db: Connection, conversations: Sequence[int]) -> None:
    runs = tables.runs.c
    for batch in batches(conversations):
        live = select(runs.conversation_id).where(runs.conversation_id.in_(batch), tables.LIVE_RUN).limit(1)
        if db.scalar(live) is not None:
            raise Busy("A turn of one of these was begun just now. Nothing was deleted.", "Try again.")


def _files(db: Connection, pieces: list[Piece]) -> set[str]:
    """The hashes of all files that were sent in these turns, or came with their answers."""
    attachments, items, messages, turns = tables.attachments, tables.items, tables.messages, tables.turns
    sent = (
        select(attachments.c.sha256)
        .join(messages, messages.c.id == attachments.c.message_id)
        .join(turns, turns.c.id == messages.c.turn_id)
        .where(in_pieces(pieces))
    )
    received = (
        select(items.c.sha256)
        .join(turns, turns.c.id == items.c.turn_id)
        .where(in_pieces(pieces), items.c.sha256.is_not(None))
    )
    return {*db.scalars(sent), *db.scalars(received)}


def delete_unused_files(db: Connection, hashes: list[str]) -> None:
    """Delete these files, and what is known of their copies at servers, unless something refers to them."""
    db.execute(_unused(tables.remote_files, hashes))
    db.execute(_unused(tables.blobs, hashes))


def _unused(table: Table, hashes: list[str]) -> Delete:
    """Deletes the rows of these files, except where a message or an item still refers to one."""
    sent = exists().where(tables.attachments.c.sha256 == table.c.sha256)
    received = exists().where(tables.items.c.sha256 == table.c.sha256)
    return delete(table).where(table.c.sha256.in_(hashes), ~sent, ~received)
