"""What is copied: the tables, parents first, and the one form that a row has in either database.

In that form moments are text in UTC, flags are numbers, and JSON is the text that was stored. So rows of two
databases can be compared, and one hash stands for all rows of a table.
"""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import JSON, Boolean, Table

from chatmgr.domain.fast_dataclass import dataclass
from chatmgr.store.columns import UtcDateTime
from chatmgr.store.tables import metadata

Row = tuple[Any, ...]
_ITS_OWN = frozenset({"meta"})  # facts about one database, which the copy has of its own
_BY_SERVER = frozenset({"owner"})  # a role of PostgreSQL's: whoever copies there owns the copy


@dataclass(frozen=True, slots=True)
class Shape:
    """A table: its columns, the first of which are its primary key, and what each of them holds."""

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    moments: frozenset[str]
    flags: frozenset[str]
    documents: frozenset[str]
    has_id: bool
    text_key: frozenset[str]

    @property
    def converter(self) -> Callable[[Sequence[Any]], Row]:
        """What makes a row of what a driver gives; only files come otherwise than they are compared."""
        return _with_bytes if self.name == "blobs" else tuple


def _with_bytes(row: Sequence[Any]) -> Row:
    return tuple(bytes(value) if type(value) is memoryview else value for value in row)


def shapes() -> list[Shape]:
    """All tables that are copied, parents before what refers to them."""
    return [_shape(table) for table in metadata.sorted_tables if table.name not in _ITS_OWN]


def _shape(table: Table) -> Shape:
    key = tuple(column.name for column in table.primary_key.columns)
    rest = tuple(
        column.name for column in table.columns if column.name not in key and column.name not in _BY_SERVER
    )
    kinds = {name: table.c[name].type for name in (*key, *rest)}
    return Shape(
        name=table.name,
        columns=(*key, *rest),
        key=key,
        moments=frozenset(name for name, kind in kinds.items() if isinstance(kind, UtcDateTime)),
        flags=frozenset(name for name, kind in kinds.items() if isinstance(kind, Boolean)),
        documents=frozenset(name for name, kind in kinds.items() if isinstance(kind, JSON)),
        has_id=key == ("id",),
        text_key=frozenset(name for name in key if kinds[name].python_type is str),
    )
