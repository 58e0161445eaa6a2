"""A SQLite file as one end of a copy."""

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

from chatmgr.domain.interrupts import interrupts
from chatmgr.store.copy.shape import Row, Shape
from chatmgr.store.location import create_file
from chatmgr.store.search.sqlite import (
    SQLITE_EMPTY,
    SQLITE_FILL_NAMES,
    SQLITE_FILL_TURNS,
    SQLITE_TRIGGERS,
)

_DOCUMENTS = 2_000  # indexed at a time
Progress = Callable[[int, int], None]


class SqliteSide:
    """Reads ranges of rows by their keys, and writes them; without references being checked meanwhile."""

    def __init__(self, path: Path) -> None:
        create_file(path)
        self._db = sqlite3.connect(path, isolation_level=None, timeout=10)
        self._db.execute("PRAGMA foreign_keys=OFF")
        self._db.execute("PRAGMA journal_mode=WAL")

    def begin_reading(self) -> None:
        """From now on, what is read is of one moment."""
        self._db.execute("BEGIN")
        self._db.execute("SELECT count(*) FROM alembic_version").fetchone()

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def mark(self, revision: str) -> None:
        """Set what the database says that its schema is."""
        self._db.execute("UPDATE alembic_version SET version_num = ?", (revision,))

    def rows(self, shape: Shape, after: Row | None, limit: int) -> list[Row]:
        """The next rows after a key, in the order of keys."""
        where = f"WHERE {_keys(shape)} > ({_marks(shape.key)})" if after else ""
        order = ", ".join(shape.key)
        statement = f"SELECT {', '.join(shape.columns)} FROM {shape.name} {where} ORDER BY {order} LIMIT ?"
        interrupts.check_work()
        rows = self._db.execute(statement, (*(after or ()), limit)).fetchall()
        return list(map(shape.converter, rows))

    def between(self, shape: Shape, after: Row | None, last: Row | None) -> list[Row]:
        """The rows after a key, up to and with another; to the end for None."""
        conditions = [f"{_keys(shape)} > ({_marks(shape.key)})"] if after else []
        conditions += [f"{_keys(shape)} <= ({_marks(shape.key)})"] if last else []
        where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
        statement = (
            f"SELECT {', '.join(shape.columns)} FROM {shape.name} {where} ORDER BY {', '.join(shape.key)}"
        )
        rows = self._db.execute(statement, (*(after or ()), *(last or ()))).fetchall()
        return list(map(shape.converter, rows))

    def count(self, shape: Shape) -> int:
        """How many rows a table has."""
        return int(self._db.execute(f"SELECT count(*) FROM {shape.name}").fetchone()[0])

    def prepare(self) -> None:
        """Leave the search index alone: it is filled in the end."""
        for trigger in SQLITE_TRIGGERS:
            self._db.execute(f"DROP TRIGGER IF EXISTS {trigger.split()[2]}")

    def insert(self, shape: Shape, rows: Sequence[Row]) -> None:
        """Add rows, in place of those with the same keys."""
        names, marks = ", ".join(shape.columns), _marks(shape.columns)
        statement = f"INSERT OR REPLACE INTO {shape.name} ({names}) VALUES ({marks})"
        self._db.execute("BEGIN IMMEDIATE")
        try:
            self._db.executemany(statement, rows)
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def delete(self, shape: Shape, keys: Sequence[Row]) -> None:
        """Delete rows by their keys."""
        condition = " AND ".join(f"{name} = ?" for name in shape.key)
        self._db.execute("BEGIN IMMEDIATE")
        self._db.executemany(f"DELETE FROM {shape.name} WHERE {condition}", keys)
        self._db.execute("COMMIT")

    def finish(self, shapes: Sequence[Shape], progress: Progress) -> None:
        """Fill the search index, and let its triggers keep it in step from now on."""
        self._db.execute("BEGIN IMMEDIATE")
        for statement in SQLITE_EMPTY:
            self._db.execute(statement)
        stamps = [stamp for (stamp,) in self._db.execute("SELECT stamp FROM turns ORDER BY stamp")]
        for start in range(0, len(stamps), _DOCUMENTS):
            interrupts.check_work()
            batch = stamps[start : start + _DOCUMENTS]
            for statement in SQLITE_FILL_TURNS:
                self._db.execute(statement, (batch[0], batch[-1] + 1))
            progress(start, len(stamps))
        for statement in SQLITE_FILL_NAMES:
            self._db.execute(statement, (-(2**62), 0))
        for trigger in SQLITE_TRIGGERS:
            self._db.execute(f"DROP TRIGGER IF EXISTS {trigger.split()[2]}")
            self._db.execute(trigger)
        self._db.execute("COMMIT")
        progress(len(stamps), len(stamps))


def _keys(shape: Shape) -> str:
    return f"({', '.join(shape.key)})"


def _marks(names: Sequence[str]) -> str:
    return ", ".join("?" * len(names))
