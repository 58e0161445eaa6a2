"""Rows of an export as they go back into the tables: values as columns hold them, ids that are free here."""

import base64
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, func, insert, select

from chatmgr.domain.lossless_columns import COLUMNS, FLAGS, Record, is_moment
from chatmgr.store import tables
from chatmgr.store.search.bulk import indexing_together
from chatmgr.store.writer.conversations import batches
from chatmgr.store.writer.merge_rows import Stamps

Row = dict[str, Any]
_ORDER = (
    *(tables.assistants, tables.assistant_versions, tables.remote_assistants, tables.blobs),
    *(tables.remote_files, tables.branches, tables.conversations, tables.path_segments, tables.turns),
    *(tables.runs, tables.messages, tables.attachments, tables.items, tables.tags, tables.threads),
    *(tables.journal, tables.sources),
)


class Ids:
    """The ids that rows of an export get here: the same ones where they are free."""

    def __init__(self) -> None:
        self._new: dict[str, dict[int, int]] = {table.name: {} for table in _ORDER}
        self._given: dict[str, set[int]] = {table.name: set() for table in _ORDER}
        self._highest: dict[str, int] = {}

    def get(self, table: Table, old: int | None) -> int | None:
        """The id of a row that was met; None for another one."""
        return None if old is None else self._new[table.name].get(old)

    def set(self, table: Table, old: int, new: int) -> None:
        """Note that a row of the export is this one here."""
        self._new[table.name][old] = new
        self._given[table.name].add(new)

    def give(self, db: Connection, table: Table, olds: Iterable[int]) -> None:
        """Give ids to rows that are to be added."""
        new, given = self._new[table.name], self._given[table.name]
        wanted = [old for old in dict.fromkeys(olds) if old not in new]
        if not wanted:
            return
        taken: set[int] = set()
        for some in batches(wanted):
            taken.update(db.scalars(select(table.c.id).where(table.c.id.in_(some))))
        there = int(db.scalar(select(func.max(table.c.id))) or 0)
        highest = max(there, self._highest.get(table.name, 0), *wanted)
        for old in wanted:
            if old in taken or old in given:
                highest += 1
                new[old] = highest
            else:
                new[old] = old
            given.add(new[old])
        self._highest[table.name] = highest


class RestoredRows:
    """Rows that are added in one transaction."""

    def __init__(self, db: Connection) -> None:
        self._db = db
        self._rows: dict[str, list[Row]] = {table.name: [] for table in _ORDER}

    def add(self, table: Table, record: Record, **changed: Any) -> None:
        """Add a record as a row, with some columns changed."""
        row = {name: _value(table, name, record) for name in COLUMNS[table.name]}
        self._rows[table.name].append({**row, **changed})

    def write(self) -> None:
        """Add all rows, and let new ids come after theirs."""
        turns = self._rows["turns"]
        names = [row["id"] for row in self._rows["conversations"]]
        added = [table for table in _ORDER if self._rows[table.name]]
        Stamps(self._db).give(turns)
        known = {row["id"] for row in turns}
        is_new = all(row["turn_id"] in known for row in (*self._rows["runs"], *self._rows["messages"]))
        if is_new:
            with indexing_together(self._db, [row["stamp"] for row in turns], names):
                self._insert(added)
        else:
            self._insert(added)
        if self._db.dialect.name == "postgresql":
            for table in added:
                if "id" in table.c:
                    _advance(self._db, table)

    def _insert(self, added: Iterable[Table]) -> None:
        for table in added:
            self._db.execute(insert(table), self._rows[table.name])
            self._rows[table.name] = []


def _advance(db: Connection, table: Table) -> None:
    """Let PostgreSQL's sequence go on after the highest id."""
    highest = select(func.coalesce(func.max(table.c.id), 1)).scalar_subquery()
    sequence = func.pg_get_serial_sequence(table.name, "id")
    db.execute(select(func.setval(sequence, func.greatest(highest, func.nextval(sequence)))))


def _value(table: Table, name: str, record: Record) -> Any:
    """A field as its column holds it; what an earlier version did not have is as the column begins."""
    column = table.c[name]
    if name not in record:
        if column.nullable or column.server_default is None:
            return None
        return False if name in FLAGS else ""
    value = record[name]
    if is_moment(name) and isinstance(value, str):
        return datetime.fromisoformat(value)
    if name == "data" and isinstance(value, str):
        return base64.b64decode(value)
    return value
