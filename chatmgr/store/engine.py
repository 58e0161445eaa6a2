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


def create(url: str) -> Engine:
    """Create an engine for writing. On SQLite, every transaction takes the write lock when it begins.

    The SQLite driver's own transaction handling is switched off. It would commit before DDL, so that a failed
    migration leaves half its columns behind, and begin transactions as readers, so that two writers deadlock
    instead of waiting for each other.
    """
    path = sqlite_path(url)
    if path is None:
        address = libpq_url(url).partition("://")[2]
        engine = create_engine(
            f"postgresql+psycopg://{address}", pool_size=1, max_overflow=2, pool_pre_ping=True
        )

        @event.listens_for(engine, "do_connect")
        def _connect(_dialect: object, _record: object, words: Any, options: Any) -> Any:
            from chatmgr.store.postgres_connection import Connection

            return Connection.open(*words, **options)

        return engine
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
