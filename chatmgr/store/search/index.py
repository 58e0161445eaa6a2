"""The search index beside the tables: made with them, left alone by migrations, mended after them.

A document is a turn (its message, and its newest run's answer once that is closed) under the turn's
``stamp``, or a conversation's name and title under minus its id. What keeps it in step is in the
database: see ``sqlite`` and ``postgres`` beside this.
"""

from typing import Any

from sqlalchemy import Connection, event
from sqlalchemy.exc import DatabaseError

from chatmgr.store.search.postgres import POSTGRES, POSTGRES_CHECK, POSTGRES_DROP
from chatmgr.store.search.rebuild import set_triggers
from chatmgr.store.search.sqlite import SQLITE, SQLITE_CHECK, SQLITE_DROP
from chatmgr.store.tables import metadata

# What the catalogue calls the index's tables; they are no tables of ours to compare with rows.
NAMES = {"search", "words", "grams", "grams_terms"} | {
    f"{table}_{part}" for table in ("words", "grams") for part in ("data", "idx", "docsize", "config")
}


def create(db: Connection) -> None:
    """Make the index, empty."""
    _run(db, SQLITE if db.dialect.name == "sqlite" else POSTGRES)


def drop(db: Connection) -> None:
    """Take the index away."""
    _run(db, SQLITE_DROP if db.dialect.name == "sqlite" else POSTGRES_DROP)


def mend(db: Connection) -> None:
    """Put back the triggers that SQLite drops with a table that a migration rebuilds."""
    made = "SELECT 1 FROM sqlite_master WHERE name = 'words'"
    if db.dialect.name != "sqlite" or not db.exec_driver_sql(made).first():
        return
    set_triggers(db)


def matches_tables(db: Connection) -> bool:
    """Whether the index matches the tables. FTS5 compares them; PostgreSQL computes every entry again."""
    if db.dialect.name != "sqlite":
        return not db.exec_driver_sql(POSTGRES_CHECK).first()
    try:
        _run(db, [*SQLITE_CHECK])
    except DatabaseError:
        return False
    return True


def _run(db: Connection, statements: list[str]) -> None:
    for statement in statements:
        db.exec_driver_sql(statement)


@event.listens_for(metadata, "after_create")
def _create_with_tables(_metadata: object, db: Connection, **_how: Any) -> None:
    create(db)


@event.listens_for(metadata, "before_drop")
def _drop_before_tables(_metadata: object, db: Connection, **_how: Any) -> None:
    drop(db)
