"""Many new documents at once, in one transaction: indexed together, in their order, not each by its triggers.

On SQLite, triggers index a document whenever one of its rows comes, which is most of what adding a turn costs.
So the triggers are taken away, the rows are added, and the index is filled with what is new. Whoever else
reads sees the triggers and the index as they were, until all of it is committed. On PostgreSQL the triggers
stay: to take them away needs the table for oneself.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import Connection

from chatmgr.store.search.rebuild import indexed_from, set_triggers
from chatmgr.store.search.sqlite import SQLITE_TRIGGERS, fill_keys

LEAST = 50  # documents for which it is worth it
_BATCH = 500  # keys in one statement


@contextmanager
def indexing_together(db: Connection, turns: Sequence[int], names: Sequence[int]) -> Iterator[None]:
    """A block that adds the documents of these stamps, and of conversations with these ids, and no others.

    Rows of documents that were there before must not be changed in it.
    """
    is_worth_it = len(turns) + len(names) >= LEAST
    if db.dialect.name != "sqlite" or not is_worth_it or indexed_from(db) is not None:
        yield
        return
    for trigger in SQLITE_TRIGGERS:
        db.exec_driver_sql(f"DROP TRIGGER IF EXISTS {trigger.split()[2]}")
    yield
    for view, keys in (
        ("searchable_names", sorted(-pk for pk in names)),
        ("searchable_turns", sorted(turns)),
    ):
        for start in range(0, len(keys), _BATCH):
            batch = keys[start : start + _BATCH]
            for statement in fill_keys(view, len(batch)):
                db.exec_driver_sql(statement, tuple(batch))
    set_triggers(db)
