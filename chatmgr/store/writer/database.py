"""The database that the writer's subjects share: one engine, its transactions, and errors for people."""

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from copy import copy
from datetime import UTC, datetime
from typing import Self

from sqlalchemy import Connection, RootTransaction
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from chatmgr.domain.errors import DatabaseUnreachable
from chatmgr.store import engine, migrate
from chatmgr.store.connection import postgres_unreachable
from chatmgr.store.location import sqlite_path, unreachable
from chatmgr.store.write_queue import Announce, writing

_PAUSE = 0.05  # seconds, before a database that another program holds is tried again


class Database:
    """One database, open for writing. Opening it upgrades its schema where that is allowed.

    ``path`` is the SQLite file, or None on PostgreSQL. ``announce`` is told what a long wait is for.
    """

    def __init__(self, url: str, announce: Announce | None = None) -> None:
        migrate.ready_to_write(url)
        self.path = sqlite_path(url)
        self.engine = engine.create(url)
        self._announce = announce
        self._patient = False

    def patient(self) -> Self:
        """The same database for what is in memory only: it waits for other programs without limit, too.

        For processes of chatmgr, which queue, everything waits without limit.
        """
        twin = copy(self)
        twin._patient = True
        return twin

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    def writing(self, purpose: str = "") -> AbstractContextManager[None]:
        """Keep other writers out for the length of a block; see ``write_queue``."""
        return writing(self.path, self._announce, purpose) if self.path else nullcontext()

    @contextmanager
    def begin(self, purpose: str = "") -> Iterator[Connection]:
        """One transaction: committed at the end of the block; if the block raises, nothing happened.

        Raises DatabaseUnreachable where the database cannot be written to. An IntegrityError is passed on:
        what it means, only the caller knows.
        """
        try:
            with self.writing(purpose), self.engine.connect() as connection, self._transaction(connection):
                yield connection
        except IntegrityError:
            raise
        except DBAPIError as error:
            raise self._unreachable(error) from error

    def _transaction(self, connection: Connection) -> RootTransaction:
        """Begin; wait for a program that does not queue, and holds the database, if this one is patient."""
        announced = False
        while True:
            try:
                return connection.begin()
            except OperationalError as error:
                if not (self._patient and self.path and "locked" in str(error.orig)):
                    raise
            if self._announce and not announced:
                announced = True
                self._announce(f"Waiting for another program, which holds {self.path}. Ctrl-C stops waiting.")
            time.sleep(_PAUSE)

    def _unreachable(self, error: Exception) -> DatabaseUnreachable:
        return unreachable(self.path, error) if self.path else postgres_unreachable(error)


def now() -> datetime:
    """The current time, in UTC."""
    return datetime.now(UTC)
