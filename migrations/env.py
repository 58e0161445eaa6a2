"""Runs the migrations on the connection it is handed.

``chatmgr`` passes a live connection through ``Config.attributes``, never a URL: a URL in a log or a
process list may hold a password. Called by the ``alembic`` command itself, it opens the database
that chatmgr would use.
"""

from typing import Any, Literal

from alembic import context
from sqlalchemy import Connection

from chatmgr.store.rows import Base, UtcDateTime


def _render(kind: str, item: Any, _context: object) -> str | Literal[False]:
    """Revisions are frozen: they name SQLAlchemy's type, not ours, which may change."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return False


def _migrate(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=True,
        render_item=_render,
        compare_type=True,
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()


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
