"""SQLAlchemy engines, set up so that what is committed is durable, on SQLite and on PostgreSQL."""

import sqlite3
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event

from chatmgr.domain.interrupts import interrupts
from chatmgr.store.connection import let_ctrl_c_stop
from chatmgr.store.location import BUSY_SECONDS, create_file, libpq_url, sqlite_path


def tune_sqlite(connection: sqlite3.Connection) -> None:
    """Set the pragmas of a SQLite connection that writes.

    ``synchronous=FULL``: in WAL mode, NORMAL may lose the last commits in a power failure, and a message is
    committed *before* it is sent precisely so that it cannot be lost. ``secure_delete``: what is deleted or
    overwritten leaves the file's bytes at once, and not only when its page is used again.
    """
    connection.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA secure_delete=ON")


def _ask_less(dialect: Any) -> None:
    """Spare a PostgreSQL engine's first connection, and its later uses, questions whose answers are known.

    Each is a round trip. What psycopg heard while it connected tells the version and how strings are escaped.
    The default isolation is for those who change it, and the default schema for those who reflect tables. A
    connection is dead only if something came from it unasked.
    """
    from chatmgr.store.connection import is_lost

    def version(connection: Connection) -> tuple[int, int]:
        number: int = _driver(connection).info.server_version
        return number // 10_000, number % 10_000

    def set_backslash_escapes(connection: Connection) -> None:
        escapes = _driver(connection).info.parameter_status("standard_conforming_strings")
        dialect._backslash_escapes = escapes == "off"

    def is_there(connection: Any) -> bool:
        if is_lost(connection):
            return False
        connection.rollback()  # of the question, if one was asked; else no round trip
        return True

    dialect._get_server_version_info = version
    dialect._set_backslash_escapes = set_backslash_escapes
    dialect._get_default_schema_name = lambda _connection: None
    dialect.get_default_isolation_level = lambda _connection: "READ COMMITTED"
    dialect.do_ping = is_there


def _driver(connection: Connection) -> Any:
    return connection.connection.dbapi_connection


def create(url: str, *, reflects: bool = True) -> Engine:
    """Create an engine for writing. On SQLite, every transaction takes the write lock when it begins.

    ``reflects``: whether definitions of tables are read, too, as migrations do.

    The SQLite driver's own transaction handling is switched off. It would commit before DDL, so that a failed
    migration leaves half its columns behind, and begin transactions as readers, so that two writers deadlock
    instead of waiting for each other.
    """
    path = sqlite_path(url)
    if path is None:
        return _create_postgres(url, reflects=reflects)
    create_file(path)
    escaped = URL.create("sqlite", database=str(path))  # a folder's name may contain “?”
    engine = create_engine(escaped, connect_args={"timeout": BUSY_SECONDS})

    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        let_ctrl_c_stop(connection)
        tune_sqlite(connection)

    @event.listens_for(engine, "handle_error")
    def _on_error(_context: object) -> None:
        interrupts.check_work()

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _create_postgres(url: str, *, reflects: bool) -> Engine:
    address = libpq_url(url).partition("://")[2]
    engine = create_engine(
        f"postgresql+psycopg://{address}",
        pool_size=1,
        max_overflow=2,
        pool_pre_ping=True,
        use_native_hstore=False,
    )
    if not reflects:
        _ask_less(engine.dialect)

    @event.listens_for(engine, "do_connect")
    def _connect(_dialect: object, _record: object, words: Any, options: Any) -> Any:
        from chatmgr.store.postgres_connection import Connection

        return Connection.open(*words, **options)

    return engine
