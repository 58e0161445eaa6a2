"""The database that the writer's subjects share: one engine, its transactions, and errors for people."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, IntegrityError

from chatmgr.domain.errors import DatabaseUnreachable
from chatmgr.store import engine, migrate
from chatmgr.store.connection import postgres_unreachable
from chatmgr.store.location import sqlite_path, unreachable


class Database:
    """One database, open for writing. Opening it upgrades its schema where that is allowed.

    ``path`` is the SQLite file, or None on PostgreSQL.
    """

    def __init__(self, url: str) -> None:
        migrate.ready_to_write(url)
        self.path = sqlite_path(url)
        self.engine = engine.create(url)

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """One transaction: committed at the end of the block; if the block raises, nothing happened.

        Raises DatabaseUnreachable where the database cannot be written to. An IntegrityError is passed on:
        what it means, only the caller knows.
        """
        try:
            with self.engine.begin() as connection:
                yield connection
        except IntegrityError:
            raise
        except DBAPIError as error:
            raise self._unreachable(error) from error

    def _unreachable(self, error: Exception) -> DatabaseUnreachable:
        return unreachable(self.path, error) if self.path else postgres_unreachable(error)


def now() -> datetime:
    """The current time, in UTC."""
    return datetime.now(UTC)
