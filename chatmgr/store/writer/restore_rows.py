"""Rows of an export as they go back into the tables: values as columns hold them, ids that are free here."""

import base64
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Connection,
    Integer,
    LargeBinary,
    Table,
    func,
    select,
)

from chatmgr.domain.lossless_columns import COLUMNS, FLAGS, BadRecord, Record
from chatmgr.domain.text import storable
from chatmgr.store import tables
from chatmgr.store.columns import UtcDateTime
from chatmgr.store.search.bulk import indexing_together
from chatmgr.store.writer.bulk_insert import insert_rows
from chatmgr.store.writer.conversations import batches
from chatmgr.store.writer.merge_rows import Stamps

Row = dict[str, Any]
_SMALL, _LARGE = 2**31, 2**63  # what PostgreSQL's two kinds of numbers hold
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
        self._since: list[tuple[str, int]] = []  # what was noted since ``begin``

    def begin(self) -> None:
        """What is noted from here on can be taken back."""
        self._since.clear()

    def take_back(self) -> None:
        """Forget what was noted since ``begin``: its transaction failed."""
        for name, old in self._since:
            self._given[name].discard(self._new[name].pop(old, 0))
        self._since.clear()

    def get(self, table: Table, old: int | None) -> int | None:
        """The id of a row that was met; None for another one."""
        return None if old is None else self._new[table.name].get(old)

    def set(self, table: Table, old: int, new: int) -> None:
        """Note that a row of the export is this one here."""
        _check_id(table, old)
        if old not in self._new[table.name]:
            self._since.append((table.name, old))
        self._new[table.name][old] = new
        self._given[table.name].add(new)

    def give(self, db: Connection, table: Table, olds: Iterable[int]) -> None:
        """Give ids to rows that are to be added."""
        new, given = self._new[table.name], self._given[table.name]
        wanted = [old for old in dict.fromkeys(olds) if old not in new]
        for old in wanted:
            _check_id(table, old)
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
            self._since.append((table.name, old))
        self._highest[table.name] = highest


def _check_id(table: Table, old: object) -> None:
    if not isinstance(old, int) or isinstance(old, bool) or not 0 < old < _SMALL:
        raise BadRecord(f"an id of “{table.name}” is no number that chatmgr gives")


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
            insert_rows(self._db, table, self._rows[table.name])
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
    if value is None and column.nullable:
        return None
    try:
        return _converted(column.type, value)
    except (TypeError, ValueError):
        raise BadRecord(f"“{table.name}.{name}” is nothing that chatmgr writes") from None


def _converted(kind: Any, value: Any) -> Any:
    """A value of JSON as a column of this kind holds it. Raises TypeError or ValueError for any other."""
    if isinstance(kind, UtcDateTime):
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise ValueError(value)
        return moment
    if isinstance(kind, LargeBinary):
        return base64.b64decode(value, validate=True)
    if isinstance(kind, Integer):
        limit = _LARGE if isinstance(kind, BigInteger) else _SMALL
        if not isinstance(value, int) or isinstance(value, bool) or not -limit <= value < limit:
            raise ValueError(value)
        return value
    expected = bool if isinstance(kind, Boolean) else dict if isinstance(kind, JSON) else str
    if not isinstance(value, expected):
        raise TypeError(value)
    return storable(value) if isinstance(value, str) else value
