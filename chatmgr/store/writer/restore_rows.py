"""Rows of an export as they go back into the tables: values as columns hold them, ids that are free here."""

import base64
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import cache, partial
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
        row: Row = {}
        for name, may_be_empty, absent, convert in _fields(table):
            value = changed[name] if name in changed else record.get(name, absent)
            if name in changed or name not in record or (value is None and may_be_empty):
                row[name] = value
                continue
            try:
                row[name] = convert(value)
            except (TypeError, ValueError):
                raise BadRecord(f"“{table.name}.{name}” is nothing that chatmgr writes") from None
        self._rows[table.name].append(row)

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


@cache
def _fields(table: Table) -> tuple[tuple[str, bool, Any, Callable[[Any], Any]], ...]:
    """Of each column: its name, whether it may be empty, its value where it is missing, what makes one."""
    fields = []
    for name in COLUMNS[table.name]:
        column = table.c[name]
        without = column.nullable or column.server_default is None
        absent = None if without else False if name in FLAGS else ""
        fields.append((name, bool(column.nullable), absent, _converter(column.type)))
    return tuple(fields)


def _converter(kind: Any) -> Callable[[Any], Any]:
    """What makes a value of JSON one of a column. It raises TypeError or ValueError for what is none."""
    if isinstance(kind, UtcDateTime):
        return _moment
    if isinstance(kind, LargeBinary):
        return partial(base64.b64decode, validate=True)
    if isinstance(kind, Integer):
        return partial(_number, _LARGE if isinstance(kind, BigInteger) else _SMALL)
    if isinstance(kind, Boolean | JSON):
        return partial(_instance, bool if isinstance(kind, Boolean) else dict)
    return _text


def _moment(value: Any) -> datetime:
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError(value)
    return moment


def _number(limit: int, value: Any) -> int:
    if type(value) is not int or not -limit <= value < limit:
        raise ValueError(value)
    return value


def _instance(kind: type, value: Any) -> Any:
    if not isinstance(value, kind):
        raise TypeError(value)
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return storable(value)
