"""Runs the migrations on the connection it is handed.

``chatmgr`` passes a live connection through ``Config.attributes``, never a URL: a URL in a log or a
process list may hold a password. Called by the ``alembic`` command itself, it opens the database
that chatmgr would use.
"""

from typing import Any, Literal

from alembic import context
from sqlalchemy import Connection

from chatmgr.store import tables
from chatmgr.store.base import UtcDateTime
from chatmgr.store.search import index


def _render(kind: str, item: Any, _context: object) -> str | Literal[False]:
    """Revisions are frozen: they name SQLAlchemy's type, not ours, which may change."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return False


def _compared(name: str | None, kind: str, _parents: object) -> bool:
    """The search index is no table of ours, though the catalogue lists its parts as such."""
    return kind != "table" or name not in index.NAMES


def _migrate(connection: Connection) -> None:
    """Views look at tables that a batch rebuild takes away for a moment; SQLite must not mind."""
    if connection.dialect.name == "sqlite":
        connection.connection.cursor().execute("PRAGMA legacy_alter_table=ON")
    context.configure(
        connection=connection,
        target_metadata=tables.Base.metadata,
        render_as_batch=True,
        render_item=_render,
        include_name=_compared,
        compare_type=True,
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()
        index.mend(connection)


def _own_connection() -> None:
    """As ``chatmgr`` does it: with foreign keys off, or rebuilding a table would delete its children."""
    from chatmgr.config.paths import database_url
    from chatmgr.store import engine

    opened = engine.create(database_url())
    with opened.connect() as connection:
        if opened.dialect.name == "sqlite":
            connection.connection.cursor().execute("PRAGMA foreign_keys=OFF")
        _migrate(connection)
    opened.dispose()


given = context.config.attributes.get("connection")
if given is None:
    _own_connection()
else:
    _migrate(given)
