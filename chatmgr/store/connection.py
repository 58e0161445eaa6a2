"""The reader's connection: the bare driver, because SQLAlchemy is slow to import and not needed to read."""

import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from chatmgr.domain.errors import ConfigurationFault, DatabaseUnreachable, SchemaMismatch
from chatmgr.domain.interrupts import interrupts
from chatmgr.store.location import BUSY_SECONDS, libpq_url, sqlite_path, unreachable
from chatmgr.store.shapes import Shape
from chatmgr.store.statements import statement

if TYPE_CHECKING:
    import psycopg.rows

    from chatmgr.store.postgres_connection import Connection

T = TypeVar("T")
_STEPS = 20_000  # of SQLite's machine, about a millisecond, between two looks for Ctrl-C
_NO_RIGHT = {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY}
_NO_ROOM = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}


class Source(Protocol):
    """Where rows come from: a statement of ``sql/`` by its name, and any SQL text for the schema check."""

    dialect: str
    no_limit: int | None

    def rows(self, name: str, shape: Shape[T], /, **values: object) -> Iterator[T]:
        """The rows of a statement, for instance ``conversations.list``, read as they are consumed."""
        ...

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        """All rows of a statement without parameters."""
        ...

    def snapshot(self) -> AbstractContextManager[None]:
        """While it lasts, what is read one after the other is as of one moment."""
        ...

    def close(self) -> None:
        """Give the connection back."""
        ...


class SqliteSource:
    """A SQLite file, opened for reading; a folder that cannot be written to or a full disk is no obstacle."""

    dialect = "sqlite"
    no_limit: int | None = -1

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._db = self._open("mode=rw")
        except sqlite3.OperationalError as error:
            code = error.sqlite_errorcode & 0xFF
            if code not in _NO_RIGHT | _NO_ROOM:
                raise
            self._db = self._open_read_only() if code in _NO_RIGHT else self._open_without_room()

    def _open(self, how: str, mode: str = "NORMAL") -> sqlite3.Connection:
        db = sqlite3.connect(
            f"{self.path.absolute().as_uri()}?{how}", uri=True, timeout=BUSY_SECONDS, isolation_level=None
        )
        try:
            let_ctrl_c_stop(db)
            db.execute("PRAGMA query_only=ON")
            db.execute(f"PRAGMA locking_mode={mode}")
            db.execute("PRAGMA schema_version")  # SQLite looks at the file at the first read, not before
        except BaseException:
            db.close()
            raise
        return db

    def _open_read_only(self) -> sqlite3.Connection:
        """Without the right to write, SQLite can read a WAL database only if told that nobody writes."""
        try:
            return self._open("mode=ro")
        except sqlite3.OperationalError as error:
            wal = self.path.with_name(self.path.name + "-wal")
            if error.sqlite_errorcode & 0xFF not in _NO_RIGHT or wal.exists():
                raise unreachable(self.path, error) from error
            return self._open("immutable=1")

    def _open_without_room(self) -> sqlite3.Connection:
        """Where there is no room for the file that processes share, SQLite can read a WAL database alone.

        Who keeps all others out needs no such file, and where the log is empty, none is needed at all.
        """
        wal = self.path.with_name(self.path.name + "-wal")
        if wal.exists() and wal.stat().st_size:
            return self._open("mode=rw", "EXCLUSIVE")
        return self._open("immutable=1")

    def rows(self, name: str, shape: Shape[T], /, **values: object) -> Iterator[T]:
        try:
            stored = {key: _stored(value) for key, value in values.items()}
            cursor = self._db.execute(statement(name, self.dialect), stored)
            yield from map(shape([column[0] for column in cursor.description]), cursor)
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            interrupts.check_work()
            raise unreachable(self.path, error) from error

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        try:
            return self._db.execute(sql).fetchall()
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            interrupts.check_work()
            raise unreachable(self.path, error) from error

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        self.ask("BEGIN")
        try:
            yield
        finally:
            self.ask("ROLLBACK")

    def close(self) -> None:
        self._db.close()


def let_ctrl_c_stop(db: sqlite3.Connection) -> None:
    """Have SQLite end a statement with an error where Ctrl-C stops work; then ``check_work`` raises."""
    db.set_progress_handler(lambda: interrupts.stops_work, _STEPS)


def _stored(value: object) -> object:
    """A moment as SQLAlchemy writes it into SQLite: in UTC, without saying so."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f").rjust(26, "0")
    return value


class PostgresSource:
    """A PostgreSQL server, read through psycopg.

    Rows come as they are read, and occupy their connection until then: psycopg would wait for ever
    where a list is read inside another. So a question asked meanwhile gets a connection of its own.
    """

    dialect = "postgresql"
    no_limit: int | None = None

    def __init__(self, url: str) -> None:
        self._url = libpq_url(url)
        try:
            from chatmgr.store.postgres_connection import Connection
        except ImportError:
            raise ConfigurationFault(
                "CHATMGR_DATABASE_URL names a PostgreSQL database, but its driver is not installed.",
                "Type: pip install 'chatmgr[postgres]'",
            ) from None
        self._open = partial(Connection.open, self._url, autocommit=True)
        self._all: list[Connection] = []
        self._free: list[Connection] = []
        self._in_snapshot = False
        with self._connection():
            pass

    @contextmanager
    def _connection(self) -> "Iterator[Connection]":
        import psycopg

        try:
            while self._free and not self._in_snapshot and is_lost(self._free[-1]):
                self._free.pop().close()
            if not self._free:
                self._free.append(self._open())
                self._all.append(self._free[-1])
            db = self._free.pop()
            try:
                yield db
            finally:
                self._free.append(db)
        except psycopg.Error as error:
            raise postgres_unreachable(error) from error

    @property
    def greeted_by(self) -> int:
        """The process that the server named when it was connected to; behind a pooler, it is none of its."""
        with self._connection() as db:
            return db.info.backend_pid

    def rows(self, name: str, shape: Shape[T], /, **values: object) -> Iterator[T]:
        with self._connection() as db, db.cursor(row_factory=_factory(shape)) as cursor:
            yield from cursor.stream(_query(statement(name, self.dialect)), values)

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        with self._connection() as db:
            return db.execute(_query(sql)).fetchall()

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """On the connection that is free: a question asked inside another would not be part of it."""
        with self._connection() as db:
            db.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        self._in_snapshot = True  # another connection would not see the same moment
        try:
            yield
        finally:
            self._in_snapshot = False
            with self._connection() as db:
                if not db.closed:
                    db.rollback()

    def close(self) -> None:
        for db in self._all:
            db.close()


def is_lost(db: "psycopg.Connection") -> bool:
    """Whether the server ended an idle connection; it is asked only where something came from it unasked."""
    import select

    import psycopg

    if not db.closed and not select.select([db.fileno()], [], [], 0)[0]:
        return False
    try:
        db.execute("SELECT 1")
    except psycopg.Error:
        return True
    return False


def _factory(shape: Shape[T]) -> "psycopg.rows.BaseRowFactory[T]":
    return lambda cursor: shape([column.name for column in cursor.description or ()])


def _query(sql: str) -> Any:
    """psycopg wants literal strings, to keep user text out of SQL; ours are files of this package."""
    return sql


def postgres_unreachable(error: Exception) -> DatabaseUnreachable:
    """The first line of what PostgreSQL says; the URL is left out, it may hold a password."""
    cause = getattr(error, "orig", None) or error
    reason = (str(cause).strip().splitlines() or ["no reason given"])[0]
    fault = DatabaseUnreachable(
        f"The PostgreSQL database cannot be used: {reason.rstrip('.')}.",
        "Check CHATMGR_DATABASE_URL and that the server runs.",
    )
    state = getattr(cause, "sqlstate", None)  # None: the connection itself failed
    fault.passing = state is None or state[:2] == "08" or state[:3] == "57P"
    return fault


def open_source(url: str) -> Source | None:
    """Open the database for reading; None where there is none yet, since reading makes nothing."""
    path = sqlite_path(url)
    if path is None:
        return PostgresSource(url)
    try:
        if path.stat().st_size == 0:
            raise SchemaMismatch(
                f"The database {path} is an empty file, which chatmgr did not make.",
                "If it held conversations, restore a backup (see: chatmgr config path), else remove it.",
            )
        return SqliteSource(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise unreachable(path, error) from error
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        raise unreachable(path, error) from error
