"""Writes what stands for conversations and files on servers."""

from contextlib import suppress

from sqlalchemy import Connection, ScalarSelect, Update, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from chatmgr.store.tables import conversations, remote_files, threads
from chatmgr.store.writer.database import Database, now
from chatmgr.store.writer.records import ThreadKey


class ThreadWriter:
    """The counterparts of conversations and files on servers."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def set(self, key: ThreadKey, remote_id: str, synced: int) -> None:
        """Make this a conversation's thread at an endpoint, in place of the one that is in use there.

        ``synced`` is the position of the last turn that the thread holds.
        """
        with self._database.begin() as db:
            set_thread(db, key, remote_id, synced)

    def set_file(self, sha256: str, provider: str, endpoint: str, remote_id: str) -> None:
        """Note the id of a file that was uploaded to an endpoint."""
        key = {"sha256": sha256, "provider": provider, "endpoint": endpoint}
        with self._database.begin() as db:
            db.execute(delete(remote_files).filter_by(**key))
            with suppress(IntegrityError), db.begin_nested():  # another process uploaded it just now, too
                db.execute(insert(remote_files), {**key, "remote_id": remote_id, "created_at": now()})

    def forget(self, thread: int) -> None:
        """Drop a thread that is gone from its server; the conversation's next turn creates another."""
        with self._database.begin() as db:
            db.execute(delete(threads).where(threads.c.id == thread))

    def forget_copy(self, copy: int) -> None:
        """Drop an uploaded file that is gone from its server; it is uploaded again when it is needed."""
        with self._database.begin() as db:
            db.execute(delete(remote_files).where(remote_files.c.id == copy))


def update_thread(key: ThreadKey) -> Update:
    """An update of the thread that a conversation uses at an endpoint."""
    return update(threads).where(
        threads.c.conversation_id == key.conversation,
        threads.c.provider == key.provider,
        threads.c.endpoint == key.endpoint,
        threads.c.dropped_at.is_(None),
    )


def set_thread(db: Connection, key: ThreadKey, remote_id: str, synced: int) -> None:
    """See ``ThreadWriter.set``; part of a larger transaction."""
    db.execute(update_thread(key).values(dropped_at=now()))
    row = {
        "conversation_id": key.conversation,
        "provider": key.provider,
        "endpoint": key.endpoint,
        "remote_id": remote_id,
        "synced": synced,
        "doubtful": False,
        "created_at": now(),
        "branch_id": branch_of(key.conversation),
    }
    db.execute(insert(threads).values(row))


def branch_of(conversation: int) -> ScalarSelect[int]:
    """The branch that a conversation's path goes on in."""
    return select(conversations.c.branch_id).where(conversations.c.id == conversation).scalar_subquery()
