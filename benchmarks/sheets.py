"""Rows on their way into SQLite: held by the table, written by the driver, parents first.

SQLAlchemy's own bulk insert costs several times what SQLite does with a row; a million turns are four
million rows. The columns are still those of the typed tables: a name too many, or a column that
must be filled and is not, is an error here.
"""

import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Table


class Sheet:
    """The rows of one table that were not written yet, each with its values in the order of ``columns``."""

    def __init__(self, table: Table, columns: str) -> None:
        names = columns.split()
        given = table.autoincrement_column
        wanted = {
            column.name
            for column in table.columns
            if not column.nullable and column.server_default is None and column is not given
        }
        if missing := wanted - set(names):
            raise ValueError(f"{table.name} needs {', '.join(sorted(missing))}")
        marks = ", ".join("?" * len(names))
        listed = ", ".join(f'"{table.columns[name].name}"' for name in names)
        self._sql = f"INSERT INTO {table.name} ({listed}) VALUES ({marks})"
        self.rows: list[Sequence[Any]] = []

    def write(self, db: sqlite3.Connection) -> None:
        """Write what is held."""
        db.executemany(self._sql, self.rows)
        self.rows.clear()


def stored(seconds: float) -> str:
    """A moment as SQLAlchemy writes it into SQLite: in UTC, without saying so."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(" ", "microseconds")[:26]
