"""Shapes: what the rows of a statement are made into, by the names of their columns.

A shape is called once for each statement that is run, with its columns, and gives what makes a value of
each row. So a list of many rows looks the names up once. psycopg's row factories work the same way.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any, TypeVar

T = TypeVar("T")
Values = Sequence[Any]
Shape = Callable[[list[str]], Callable[[Values], T]]
Row = dict[str, Any]


def as_dict(columns: list[str]) -> Callable[[Values], Row]:
    """Each row as a new dict by column name, which whoever reads it may change."""
    return lambda values: dict(zip(columns, values, strict=True))


def pick(*names: str) -> Shape[Any]:
    """The values of some columns in this order; of a single one, the bare value."""
    return lambda columns: itemgetter(*map(columns.index, names))


def only(_columns: list[str]) -> Callable[[Values], Any]:
    """The value of the only column."""
    return itemgetter(0)


def into(make: Callable[..., T], **converters: Callable[[Any], Any]) -> Shape[T]:
    """Each row as ``make(**row)``, for dataclasses and named tuples; some columns are converted before.

    Where the columns stand in the order of the fields, as most do, they are passed by position.
    """

    def shape(columns: list[str]) -> Callable[[Values], T]:
        steps = [(columns.index(name), convert) for name, convert in converters.items()]
        fields: tuple[str, ...] = make.__match_args__  # type: ignore[attr-defined]
        in_order = fields[: len(columns)] == tuple(columns)

        def made(row: Values) -> T:
            values = list(row)
            for at, convert in steps:
                values[at] = convert(values[at])
            return make(*values) if in_order else make(**dict(zip(columns, values, strict=True)))

        return made

    return shape


def moment(value: Any) -> datetime:
    """SQLite gives text without a zone, PostgreSQL a moment in the server's; all of ours are UTC."""
    if isinstance(value, str):
        return datetime.fromisoformat(f"{value}+00:00")
    return value.astimezone(UTC)  # type: ignore[no-any-return]


def moment_or_none(value: Any) -> datetime | None:
    """A moment from a column that may be empty."""
    return None if value is None else moment(value)


def as_mapping(value: Any) -> Mapping[str, Any]:
    """A JSON column: PostgreSQL's driver decodes it, SQLite's gives text."""
    if isinstance(value, str):
        import json

        value = json.loads(value)
    return dict(value)
