"""Writes facts about the database itself."""

from contextlib import suppress

from sqlalchemy import delete, insert
from sqlalchemy.exc import IntegrityError

from chatmgr.store.tables import meta
from chatmgr.store.writer.database import Database


class MetaWriter:
    """Facts about the database itself: a value for each key."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def set(self, key: str, value: str) -> None:
        """Set the value of a key."""
        with self._database.begin() as db:
            db.execute(delete(meta).where(meta.c.key == key))
            with suppress(IntegrityError), db.begin_nested():  # another process set it just now
                db.execute(insert(meta), {"key": key, "value": value})
