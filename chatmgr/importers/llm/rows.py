"""Reads rows of llm's tables, whatever columns the version that wrote them had."""

import sqlite3
from collections.abc import Iterator, Mapping
from typing import Any

from chatmgr.importers.making import words_of

Tables = Mapping[str, frozenset[str]]
Row = dict[str, Any]


class LlmDatabase:
    """A database of llm's, with what is known of its tables."""

    def __init__(self, db: sqlite3.Connection, tables: Tables) -> None:
        self._db = db
        self.tables = tables
        self._fragments: dict[int, str] = {}

    def has(self, table: str, *columns: str) -> bool:
        """Whether there is such a table, with these columns."""
        return set(columns) <= self.tables.get(table, frozenset()) if table in self.tables else False

    def rows(self, statement: str, *values: object) -> Iterator[Row]:
        """The rows of a statement, by the names of their columns."""
        cursor = self._db.execute(statement, values)
        names = [column[0].lower() for column in cursor.description]
        for row in cursor:
            yield dict(zip(names, row, strict=True))

    def fragment(self, number: int) -> str:
        """The content of a fragment; empty where it is gone."""
        if number not in self._fragments:
            rows = self._db.execute("SELECT content FROM fragments WHERE id = ?", (number,)).fetchone()
            self._fragments[number] = words_of(rows[0]) if rows else ""
        return self._fragments[number]

    def joined(self, table: str, response: str) -> str:
        """The fragments of a prompt, in their order, as they were sent."""
        if not (self.has(table) and self.has("fragments")):
            return ""
        rows = self._db.execute(
            f'SELECT fragment_id FROM {table} WHERE response_id = ? ORDER BY "order"',  # noqa: S608
            (response,),
        )
        return "\n".join(self.fragment(number) for (number,) in rows.fetchall())

    def attachments(self, table: str, owner: str, key: str) -> list[Row]:
        """The attachments of a response, or of a tool's result, in their order."""
        if not (self.has(table) and self.has("attachments")):
            return []
        order = f'ORDER BY {table}."order"' if self.has(table, "order") else ""
        statement = (
            "SELECT attachments.* FROM attachments "  # noqa: S608 - the names of llm's tables
            f"JOIN {table} ON {table}.attachment_id = attachments.id WHERE {table}.{owner} = ? {order}"
        )
        return list(self.rows(statement, key))

    def attachment(self, key: str) -> Row | None:
        """An attachment by its id."""
        if not self.has("attachments"):
            return None
        return next(self.rows("SELECT * FROM attachments WHERE id = ?", key), None)
