"""Rebuilds the search index in batches, each a transaction of its own, while others read and write.

Documents are taken from the highest key down: turns from the newest to the oldest, then names. ``Batch.low`` is
how far that has come.

On SQLite the index is emptied first, and the database notes the lowest key that is in it again. While the note
is there, the triggers leave alone what is below, and searches say that they do not find all. The last batch
takes the note away and puts the usual triggers back. A process that is killed leaves the note; the next
rebuilding begins anew.

On PostgreSQL each document's rows are replaced, so searches find everything meanwhile. The rows that a document
is made of are locked first, without waiting: whoever changes them comes before or after, and nobody waits in a
circle.
"""

from typing import NamedTuple

from sqlalchemy import Connection, delete, insert, select, text
from sqlalchemy.exc import OperationalError

from chatmgr.store import tables
from chatmgr.store.search import INDEXED_FROM
from chatmgr.store.search.sqlite import (
    SQLITE_EMPTY,
    SQLITE_FILL_NAMES,
    SQLITE_FILL_TURNS,
    SQLITE_REBUILDING_TRIGGERS,
    SQLITE_TRIGGERS,
)

HIGHEST = 9_000_000_000_000  # past any stamp
MOST = 500  # documents to a batch
_CHARACTERS = 2_000_000  # to a batch, unless one document has more
_LOCK_NOT_AVAILABLE = "55P03"

_TURNS = """SELECT stamp, (SELECT sum(length(content)) FROM messages WHERE turn_id = turns.id)
FROM turns WHERE stamp < :below ORDER BY stamp DESC LIMIT :most"""
_NAMES = """SELECT -id, length(name) + length(title)
FROM conversations WHERE id > :above ORDER BY id LIMIT :most"""

# On PostgreSQL; ``keys`` are turns' stamps or conversations' ids. No row of a locked turn can be added, either.
_LOCK_TURNS = (
    "SELECT id FROM turns WHERE stamp = ANY(:keys) FOR UPDATE NOWAIT",
    """SELECT runs.id FROM runs JOIN turns ON turns.id = turn_id
    WHERE stamp = ANY(:keys) FOR NO KEY UPDATE OF runs NOWAIT""",
    """SELECT messages.id FROM messages JOIN turns ON turns.id = turn_id
    WHERE stamp = ANY(:keys) FOR NO KEY UPDATE OF messages NOWAIT""",
)
_LOCK_NAMES = ("SELECT id FROM conversations WHERE id = ANY(:keys) FOR NO KEY UPDATE NOWAIT",)
_REPLACE_TURNS = ("SELECT chatmgr_index_turn(id) FROM turns WHERE stamp = ANY(:keys)",)
_REPLACE_NAMES = (
    "DELETE FROM search USING conversations WHERE search.key = -id AND id = ANY(:keys)",
    "SELECT chatmgr_index(-id, name || chr(10) || title) FROM conversations WHERE id = ANY(:keys)",
)
_DELETE_ORPHANS = """DELETE FROM search
WHERE search.key > 0 AND NOT EXISTS (SELECT 1 FROM turns WHERE stamp = search.key)
OR search.key < 0 AND NOT EXISTS (SELECT 1 FROM conversations WHERE id = -search.key)"""


class Batch(NamedTuple):
    """What one transaction did: so many documents, down to a key; none where others write them.

    ``done``: there were none left.
    """

    low: int
    size: int
    done: bool = False


def begin(db: Connection) -> int:
    """Prepare the rebuilding; returns how many documents there are, about."""
    if db.dialect.name == "sqlite":
        for statement in SQLITE_EMPTY:
            db.exec_driver_sql(statement)
        _note(db, HIGHEST)
        set_triggers(db)
    counts = "SELECT (SELECT count(*) FROM turns) + (SELECT count(*) FROM conversations)"
    return int(db.exec_driver_sql(counts).scalar_one())


def set_triggers(db: Connection) -> None:
    """Make SQLite's triggers anew: those that fit the state of the index."""
    for statement in SQLITE_TRIGGERS if indexed_from(db) is None else SQLITE_REBUILDING_TRIGGERS:
        db.exec_driver_sql(f"DROP TRIGGER IF EXISTS {statement.split()[2]}")
        db.exec_driver_sql(statement)


def indexed_from(db: Connection) -> int | None:
    """The lowest key that is in SQLite's index, while it is incomplete."""
    value = db.scalar(select(tables.meta.c.value).where(_IS_NOTE))
    return None if value is None else int(value)


def index_batch(db: Connection, below: int, most: int = MOST) -> Batch:
    """Index the next documents below a key, ``most`` of them.

    On SQLite the database knows the key: two processes that rebuild at once share the work.
    """
    return _sqlite_batch(db, most) if db.dialect.name == "sqlite" else _postgres_batch(db, below, most)


def _sqlite_batch(db: Connection, most: int) -> Batch:
    below = indexed_from(db)
    if below is None:
        return Batch(0, 0, done=True)
    keys = _next_keys(db, below, most)
    _note(db, keys[-1] if keys else None)
    if not keys:
        set_triggers(db)
        return Batch(below, 0, done=True)
    for statement in SQLITE_FILL_TURNS if keys[0] > 0 else SQLITE_FILL_NAMES:
        db.exec_driver_sql(statement, (keys[-1], below))
    return Batch(keys[-1], len(keys))


def _postgres_batch(db: Connection, below: int, most: int) -> Batch:
    keys = _next_keys(db, below, most)
    if not keys:
        db.exec_driver_sql(_DELETE_ORPHANS)
        return Batch(below, 0, done=True)
    turns = keys[0] > 0
    values = {"keys": [abs(key) for key in keys]}
    try:
        with db.begin_nested():
            for statement in _LOCK_TURNS if turns else _LOCK_NAMES:
                db.execute(text(statement), values)
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) != _LOCK_NOT_AVAILABLE:
            raise
        return Batch(below, 0)
    for statement in _REPLACE_TURNS if turns else _REPLACE_NAMES:
        db.execute(text(statement), values)
    return Batch(keys[-1], len(keys))


def _next_keys(db: Connection, below: int, most: int) -> list[int]:
    """The next keys of documents, from the highest down: turns', and when there are no more, names'."""
    keys: list[int] = []
    characters = 0
    for statement in (_TURNS, _NAMES):
        for key, size in db.execute(text(statement), {"below": below, "above": -below, "most": most}):
            characters += size or 0
            if keys and characters > _CHARACTERS:
                break
            keys.append(key)
        if keys:
            break
    return keys


def _note(db: Connection, low: int | None) -> None:
    """Note the lowest key that is in SQLite's index, or that it is complete."""
    db.execute(delete(tables.meta).where(_IS_NOTE))
    if low is not None:
        db.execute(insert(tables.meta), {"key": INDEXED_FROM, "value": str(low)})


_IS_NOTE = tables.meta.c.key == INDEXED_FROM
