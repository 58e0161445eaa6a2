"""From a database URL to an engine that commits what it says, on SQLite and on PostgreSQL."""

import sqlite3
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event

from chatmgr.store.location import BUSY_SECONDS, create_file, libpq_url, sqlite_path


def tune_sqlite(connection: sqlite3.Connection) -> None:
    """The pragmas of every SQLite connection, reader's or writer's.

    ``synchronous=FULL``: in WAL mode NORMAL may lose the last commits with the power, and a message
    is committed *before* it is sent precisely so that it cannot be lost. ``secure_delete``: what is
    deleted or overwritten leaves the file's bytes at once, and not only when its page is used again.
    """
    connection.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA secure_delete=ON")


def create(url: str) -> Engine:
    """An engine for the writer. On SQLite every transaction begins as a writer's.

    The driver's own transaction handling is switched off: it would commit before DDL, so that a
    failed migration leaves half its columns, and would begin as a reader, so that two writers
    deadlock instead of waiting.
    """
    path = sqlite_path(url)
    if path is None:
        rest = libpq_url(url).partition("://")[2]
        return create_engine(f"postgresql+psycopg://{rest}", pool_size=1, max_overflow=2)
    create_file(path)
    place = URL.create("sqlite", database=str(path))  # a folder's name may hold “?”
    engine = create_engine(place, connect_args={"timeout": BUSY_SECONDS})

    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        tune_sqlite(connection)

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine
