"""What rows of a database look like, as a digest: another one whenever any of them is."""

import sqlite3
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Any


def digest_of_rows(rows: Iterable[Mapping[str, Any]]) -> str:
    """The digest of rows, in their order."""
    digest = blake2b(digest_size=16)
    for row in rows:
        for name, value in row.items():
            shown = value if isinstance(value, bytes) else repr(value).encode("utf-8", "backslashreplace")
            digest.update(name.encode() + b"=" + shown + b"\0")
    return digest.hexdigest()


def rows_of(db: sqlite3.Connection, statement: str, *values: object) -> list[dict[str, Any]]:
    """The rows of a statement, by the names of their columns."""
    cursor = db.execute(statement, values)
    names = [column[0].lower() for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor]
