"""Compares SQLite's search index with the tables, while others write.

FTS5 does that itself, but as a statement that writes, which would keep all others from writing for as long.
So it is asked of a copy of the index in SQLite's temporary storage, over the same texts, as of one moment.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

from chatmgr.store.search.sqlite import SQLITE_COPIES

_MISMATCH = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_ERROR}  # the latter where a table is missing
_PARTS = ("data", "idx", "config")


def matches_tables(path: Path) -> bool:
    """Whether the index agrees with the tables; raises sqlite3.Error, for instance where there is no room."""
    with closing(_opened(path)) as db:
        db.execute("BEGIN")
        try:
            for table, statements in SQLITE_COPIES.items():
                for statement in statements:
                    db.execute(statement)
                _copy(db, table)
                db.execute(f"INSERT INTO temp.{table}({table}, rank) VALUES ('integrity-check', 1)")
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode & 0xFF not in _MISMATCH:
                raise
            return False
        return True


def _opened(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, isolation_level=None)


def _copy(db: sqlite3.Connection, table: str) -> None:
    """Put an index's rows in the place of an empty one's, and let FTS5 forget what it knows of that."""
    for part in _PARTS:
        db.execute(f"DELETE FROM temp.{table}_{part}")
        db.execute(f"INSERT INTO temp.{table}_{part} SELECT * FROM main.{table}_{part}")
    db.execute("SAVEPOINT copied")
    db.execute(f"INSERT INTO temp.{table}({table}, rank) VALUES ('automerge', 4)")
    db.execute("ROLLBACK TO copied")
    db.execute("RELEASE copied")
