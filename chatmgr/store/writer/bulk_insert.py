"""Adds many rows of a table at once.

SQLAlchemy converts the values of each row by itself, which for thousands of rows costs more than SQLite takes
to add them. Here they are converted a column at a time, to what it would make of them.
"""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

from sqlalchemy import JSON, Boolean, Connection, Table, insert

from chatmgr.store.columns import UtcDateTime

Convert = Callable[[Any], Any]
_FEW = 20  # rows for which it is not worth it


def insert_rows(db: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Add rows, which all have values for the same columns."""
    if db.dialect.name != "sqlite" or len(rows) < _FEW:
        if rows:
            db.execute(insert(table), list(rows))
        return
    statement, names, converters = _prepared(table, tuple(rows[0]))
    columns = [
        [row[name] for row in rows] if convert is None else [convert(row[name]) for row in rows]
        for name, convert in zip(names, converters, strict=True)
    ]
    db.exec_driver_sql(statement, list(zip(*columns, strict=True)))


@cache
def _prepared(table: Table, names: tuple[str, ...]) -> tuple[str, list[str], list[Convert | None]]:
    """The statement for some columns of a table, their order in it, and what makes values SQLite's own."""
    from sqlalchemy.dialects.sqlite import dialect

    compiled = insert(table).compile(dialect=dialect(), column_keys=list(names))
    order: list[str] = list(compiled.positiontup or ())
    return str(compiled), order, [_converter(table.c[name].type) for name in order]


def _converter(kind: Any) -> Convert | None:
    if isinstance(kind, UtcDateTime):
        return _moment
    if isinstance(kind, JSON):
        return json.dumps
    return bool if isinstance(kind, Boolean) else None


def _moment(value: datetime | None) -> str | None:
    if value is None:
        return None
    if value.tzinfo is not UTC:
        if value.tzinfo is None:
            raise ValueError("naive datetime: every moment in the store carries its time zone")
        value = value.astimezone(UTC)
    return value.isoformat(" ", "microseconds")[:26]
