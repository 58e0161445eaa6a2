"""Runs the migrations on the connection it is handed.

``chatmgr`` passes a live connection through ``Config.attributes``, never a URL: a URL in a log or a
process list may hold a password. Called by the ``alembic`` command itself, it opens the database
that chatmgr would use.
"""

from typing import Any, Literal

from alembic import context
from sqlalchemy import Connection

from chatmgr.store import columns, tables
from chatmgr.store.search import index


def _render(kind: str, item: Any, _context: object) -> str | Literal[False]:
    """Name SQLAlchemy's own type in a revision: revisions are frozen, and our type may change."""
    if kind == "type" and isinstance(item, columns.UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return False


def _compared(name: str | None, kind: str, _parents: object) -> bool:
    """Whether to compare something with the tables: the catalogue lists the search index's parts as well."""
    return kind != "table" or name not in index.NAMES


def _migrate(connection: Connection) -> None:
    """Run the pending revisions.

    A batch rebuild on SQLite removes a table for a moment while views still refer to it; the old way of
    renaming tables does not mind that.
    """
    tables.set_index_conditions("sqlite", "postgresql")  # for a new revision to name both
    if connection.dialect.name == "sqlite":
        connection.connection.cursor().execute("PRAGMA legacy_alter_table=ON")
    context.configure(
        connection=connection,
        target_metadata=tables.metadata,
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
    """Open the database with foreign keys off, as ``chatmgr`` does: see ``store.migrate`` for why."""
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
