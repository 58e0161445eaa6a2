"""The database that the writer's subjects share: one engine, its transactions, and errors for people."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from copy import copy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from sqlalchemy import Connection, RootTransaction
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from chatmgr.domain.errors import DatabaseUnreachable
from chatmgr.domain.fast_dataclass import dataclass
from chatmgr.domain.interrupts import interrupts
from chatmgr.store import engine, migrate
from chatmgr.store.connection import postgres_unreachable
from chatmgr.store.location import sqlite_path, unreachable
from chatmgr.store.write_queue import Announce, writing

_PAUSE = 0.05  # seconds, before a database that another program holds is tried again


class Database:
    """One database, open for writing. Opening it upgrades its schema where that is allowed.

    ``path`` is the SQLite file, or None on PostgreSQL. ``announce`` is told what a long wait is for.

    What is committed survives the process at once. It survives a power failure as well, since each commit
    waits for the disk, but for those that need not: what the next commit or ``close`` takes along.
    """

    def __init__(self, url: str, announce: Announce | None = None) -> None:
        migrate.ready_to_write(url)
        self.path = sqlite_path(url)
        self.engine = engine.create(url, reflects=False)
        self._announce = announce
        self._patient = False
        self._syncing = _Syncing()

    def patient(self) -> Self:
        """The same database for what is in memory only: it waits for other programs without limit, too.

        For processes of chatmgr, which queue, everything waits without limit.
        """
        twin = copy(self)
        twin._patient = True
        return twin

    def expect_close(self) -> None:
        """Say that the database is closed as soon as this turn has ended: its end need not wait twice."""
        self._syncing.at_close = True

    def close(self) -> None:
        """Close all connections, once all that was committed is on the disk."""
        if self._syncing.pending and self.path:
            with suppress(DBAPIError, sqlite3.Error, OSError):  # a full disk, for instance
                self._sync(self.path)
        self.engine.dispose()

    def _sync(self, path: Path) -> None:
        """Put what is in the WAL on the disk: by the checkpoint that closing would make, or by itself."""
        with self.engine.connect() as connection:
            pragma = _driver(connection).execute("PRAGMA wal_checkpoint(PASSIVE)")
            _, frames, copied = pragma.fetchone()
        if frames != copied:  # somebody reads
            descriptor = os.open(f"{path}-wal", os.O_RDWR)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def writing(self, purpose: str = "") -> AbstractContextManager[None]:
        """Keep other writers out for the length of a block; see ``write_queue``."""
        return writing(self.path, self._announce, purpose) if self.path else nullcontext()

    @contextmanager
    def begin(self, purpose: str = "", *, last: bool = False, soon: bool = False) -> Iterator[Connection]:
        """One transaction: committed at the end of the block; if the block raises, nothing happened.

        ``last``: where the database is closed next, that is when it reaches the disk. ``soon``: another
        commit follows within a second or so, and takes it along.

        Raises DatabaseUnreachable where the database cannot be written to. An IntegrityError is passed on:
        what it means, only the caller knows.
        """
        try:
            with self.writing(purpose), self.engine.connect() as connection:
                lazily = self.path is not None and (soon or (last and self._syncing.at_close))
                with self._unsynced(connection) if lazily else nullcontext(), self._transaction(connection):
                    yield connection
        except IntegrityError:
            raise
        except (DBAPIError, sqlite3.Error) as error:  # the latter from the driver itself
            interrupts.check_work()
            raise self._unreachable(error) from error

    @contextmanager
    def _unsynced(self, connection: Connection) -> Iterator[None]:
        """Do not wait for the disk at the commits of this block; to be entered outside a transaction."""
        self._syncing.pending = True
        driver = _driver(connection)
        driver.execute("PRAGMA synchronous=NORMAL")
        try:
            yield
        finally:
            driver.execute("PRAGMA synchronous=FULL")

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
            interrupts.sleep(_PAUSE)

    def _unreachable(self, error: Exception) -> DatabaseUnreachable:
        return unreachable(self.path, error) if self.path else postgres_unreachable(error)


@dataclass(slots=True)
class _Syncing:
    """What is known of the disk: whether closing comes next, and whether a commit did not wait."""

    at_close: bool = False
    pending: bool = False


def _driver(connection: Connection) -> Any:
    """The driver's own connection: it begins no transaction by itself."""
    return connection.connection.driver_connection


def now() -> datetime:
    """The current time, in UTC."""
    return datetime.now(UTC)
