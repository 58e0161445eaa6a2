"""Kinds of columns that the tables share: moments in time, names, keys, references to a parent."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Column, DateTime, Dialect, ForeignKey, Integer, Text, TypeDecorator


class UtcDateTime(TypeDecorator[datetime]):
    """A point in time, in UTC: refuses naive values on the way in, returns aware ones.

    SQLite has no time zones, so a naive value would silently mean something else on each database.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("naive datetime: every moment in the store carries its time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


# Names sort by code point on both databases: a prefix is then a range, which an index can serve.
NAME = Text().with_variant(Text(collation="C"), "postgresql")


def column(name: str, kind: Any, *constraints: ForeignKey, nullable: bool = False, **options: Any) -> Any:
    """A column that must have a value, unless ``nullable`` is set."""
    return Column(name, kind, *constraints, nullable=nullable, **options)


def id_column() -> Any:
    """The primary key, a number that the database gives."""
    return Column("id", Integer, primary_key=True)


def parent(key: str) -> ForeignKey:
    """A reference to the row that this one belongs to, and is deleted with."""
    return ForeignKey(key, ondelete="CASCADE")
