"""What has to be erased from the bytes of a SQLite file after something was deleted.

The transaction that deletes erases the words that are left over in the search index, and notes in the
database where copies of the deleted rows can be: a process that is killed afterwards leaves the note, and
the next one goes on.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from chatmgr.domain.fast_dataclass import dataclass
from chatmgr.domain.tree import Piece
from chatmgr.store.search.erase import UnknownFormat, erase
from chatmgr.store.tables import meta

NOTE = "unscrubbed"  # the note's key in the database's table of metadata
_MOST_PIECES = 200  # in one statement
_STRIDE = 40  # ids that are nearer to each other than this are cleared together

# What was ever indexed of turns: the message before it had an answer, and with each answer it had.
_TEXTS = (
    """SELECT u.content || char(10) || coalesce(a.content, '') || '  ' FROM turns t
JOIN messages u ON u.turn_id = t.id AND u.role = 'user'
LEFT JOIN messages a ON a.turn_id = t.id AND a.role = 'assistant' WHERE {of_pieces}""",
    """SELECT u.content || char(10) || '  ' FROM turns t
JOIN messages u ON u.turn_id = t.id AND u.role = 'user' WHERE {of_pieces}""",
)
_NAME = "SELECT name || char(10) || '  ' FROM conversations WHERE id IN ({keys})"
_NAMES = "SELECT name || char(10) || title || '  ' FROM conversations WHERE id IN ({keys})"
_OF_TURNS = "SELECT t.id FROM turns t WHERE {of_pieces}"
_OF_PIECES = {
    "turns": _OF_TURNS,
    "messages": f"SELECT id FROM messages WHERE turn_id IN ({_OF_TURNS})",
    "runs": f"SELECT id FROM runs WHERE turn_id IN ({_OF_TURNS})",
    "items": f"SELECT id FROM items WHERE turn_id IN ({_OF_TURNS})",
}
_OF_CONVERSATIONS = {
    "journal": "SELECT id FROM journal WHERE conversation_id IN ({keys})",
    "threads": "SELECT id FROM threads WHERE conversation_id IN ({keys})",
}
_FILES = "SELECT id FROM attachments WHERE message_id IN ({messages})"
_BLOBS = (
    "SELECT rowid FROM blobs WHERE sha256 IN (SELECT sha256 FROM attachments WHERE id IN ({files})) "
    "OR sha256 IN (SELECT sha256 FROM items WHERE id IN ({items}))"
)


@dataclass(frozen=True, slots=True)
class Remains:
    """Where copies of deleted rows can be: ids of rows by table; ``rewrite`` where nobody knows."""

    rows: dict[str, list[int]]
    rewrite: bool = False

    @classmethod
    def parse(cls, note: str) -> "Remains | None":
        """The remains that a note names. An older version noted a reason, in words."""
        if not note:
            return None
        with suppress(ValueError, TypeError, KeyError):
            content = json.loads(note)
            return cls(dict(content["rows"]), bool(content["rewrite"]))
        return cls({}, rewrite=True)

    def note(self) -> str:
        """The note."""
        return json.dumps({"rows": self.rows, "rewrite": self.rewrite})

    def add(self, other: "Remains | None") -> "Remains":
        """These and others."""
        if other is None:
            return self
        rows = {
            table: _thinned([*self.rows.get(table, []), *other.rows.get(table, [])])
            for table in self.rows | other.rows
        }
        return Remains(rows, self.rewrite or other.rewrite)


def texts(db: Connection, conversations: Sequence[int], pieces: Sequence[Piece]) -> list[str]:
    """All that was ever indexed of turns, and of conversations under the names that they have."""
    keys = _list(conversations)
    sql = [_NAME.format(keys=keys), _NAMES.format(keys=keys)]
    sql += [text.format(of_pieces=_in(some)) for some in _batches(pieces) for text in _TEXTS]
    return [text for each in sql for (text,) in db.exec_driver_sql(each)]


def texts_of_turns(db: Connection, turns: Iterable[int]) -> list[str]:
    """All that was ever indexed of turns, by their ids."""
    sql = [text.format(of_pieces=f"t.id IN ({_list(turns)})") for text in _TEXTS]
    return [text for each in sql for (text,) in db.exec_driver_sql(each)]


def names(db: Connection, conversations: Iterable[int]) -> list[str]:
    """What is indexed of conversations' names and titles."""
    return [text for (text,) in db.exec_driver_sql(_NAMES.format(keys=_list(conversations)))]


def rows(db: Connection, conversations: Sequence[int], pieces: Sequence[Piece]) -> dict[str, list[int]]:
    """The rows that make up conversations and turns, by table."""
    keys = _list(conversations)
    ids_by_table = {table: _ids(db, sql.format(keys=keys)) for table, sql in _OF_CONVERSATIONS.items()}
    for table, sql in _OF_PIECES.items():
        ids_by_table[table] = [
            pk for some in _batches(pieces) for pk in _ids(db, sql.format(of_pieces=_in(some)))
        ]
    ids_by_table["attachments"] = _ids(db, _FILES.format(messages=_list(ids_by_table["messages"])))
    bytes_of = {"files": _list(ids_by_table["attachments"]), "items": _list(ids_by_table["items"])}
    ids_by_table["blobs"] = _ids(db, _BLOBS.format(**bytes_of))
    return {table: _thinned(ids) for table, ids in ids_by_table.items() if ids}


def erase_words(db: Connection, texts: Iterable[str]) -> Remains:
    """Erase the words of deleted texts from the search index, within their transaction."""
    driver: Any = db.connection.driver_connection
    driver.execute("SAVEPOINT erasing")
    try:
        changed = erase(driver, texts)
    except UnknownFormat:
        driver.execute("ROLLBACK TO erasing")
        return Remains({}, rewrite=True)
    finally:
        driver.execute("RELEASE erasing")
    return Remains({table: _thinned(ids) for table, ids in changed.items()})


def note(db: Connection, remains: Remains) -> None:
    """Note remains in the database, beside those that are noted already."""
    before = db.scalar(select(meta.c.value).where(meta.c.key == NOTE))
    db.execute(delete(meta).where(meta.c.key == NOTE))
    content = remains.add(Remains.parse(before or "")).note()
    db.execute(insert(meta), {"key": NOTE, "value": content})


def _ids(db: Connection, sql: str) -> list[int]:
    return [int(key) for (key,) in db.exec_driver_sql(sql)]


def _batches(pieces: Sequence[Piece]) -> Iterator[Sequence[Piece]]:
    """Pieces in lists that one condition can name: SQLite's may be no deeper than a thousand."""
    return (pieces[start : start + _MOST_PIECES] for start in range(0, len(pieces), _MOST_PIECES))


def _in(pieces: Sequence[Piece]) -> str:
    """The condition that a turn is in one of these pieces."""
    ranges = [
        f"(t.branch_id = {branch} AND t.position BETWEEN {first} AND {last})"
        for branch, first, last in pieces
    ]
    return " OR ".join(ranges)


def _list(keys: Iterable[int]) -> str:
    return ", ".join(map(str, map(int, keys)))


def _thinned(ids: Iterable[int]) -> list[int]:
    """Ids, without those that are close to another."""
    kept: list[int] = []
    for key in sorted(ids):
        if not kept or key - kept[-1] >= _STRIDE:
            kept.append(key)
    return kept
