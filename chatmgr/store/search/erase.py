"""Erases words from SQLite's search index for which nothing is left to find.

FTS5 deletes by adding: a marker beside the old entry, both of which hold the word, until a merge of the
whole index drops them. SQLite 3.42 can do better, but older ones are in use, and cannot read what it
writes. So the leaves of the index are edited here, within the transaction that deletes the documents: a
word that no document has any more is taken out of every segment, entry and marker together. What the index
answers is the same before and after; other words keep their entries.

A segment's leaves are rows of ``words_data``, numbered from ``pgnoFirst``. A leaf has a header (two bytes:
where its first row id is, if that belongs to the last word of the leaf before; two bytes: where its words
end), the rest of that last word's entries, then words, each with its entries, and at the end the offsets of
the words. ``words_idx`` leads from a word to the leaf that may hold it. The format is described at the top
of SQLite's ``fts5_index.c``; version 4 of it is the only one that is edited.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from chatmgr.store.search.sqlite import TOKENIZERS

_STRUCTURE = 10  # the row of ``…_data`` that lists the segments
_EMPTY = b"\0\0\0\4"  # a leaf without words
_PLACEHOLDER = b"0\0"  # no document has this word; a segment must begin with one
_MARKER = {"words": b"\1\1", "grams": b"\1\0"}  # document 1, deleted; there is none
_HEIGHTS = 5  # of a tree of pages that leads through the entries of one word


class UnknownFormat(Exception):
    """The index is not one that this version can edit."""


@dataclass(slots=True)
class Leaf:
    """One leaf, taken apart. ``head`` continues the last word of the leaf before."""

    first_rowid: int
    head: bytes
    words: list[tuple[bytes, bytes]] = field(default_factory=list)

    @classmethod
    def parse(cls, block: bytes) -> "Leaf":
        end = int.from_bytes(block[2:4], "big")
        offsets: list[int] = []
        at, offset = end, 0
        while at < len(block):
            step, at = _varint(block, at)
            offset += step
            offsets.append(offset)
        if end < len(_EMPTY) or end > len(block) or any(not 4 <= one < end for one in offsets):
            raise UnknownFormat
        leaf = cls(int.from_bytes(block[:2], "big"), block[4 : offsets[0] if offsets else end])
        word = b""
        for number, start in enumerate(offsets):
            shared = 0
            if number:
                shared, start = _varint(block, start)
            length, start = _varint(block, start)
            word = word[:shared] + block[start : start + length]
            next_start = offsets[number + 1] if number + 1 < len(offsets) else end
            leaf.words.append((word, block[start + length : next_start]))
        return leaf

    def block(self) -> bytes:
        """The leaf as a row keeps it."""
        body, offsets, last = bytearray(4) + self.head, bytearray(), 0
        previous = b""
        for number, (word, entries) in enumerate(self.words):
            offsets += _as_varint(len(body) - last)
            last = len(body)
            shared = _shared(previous, word) if number else 0
            if number:
                body += _as_varint(shared)
            body += _as_varint(len(word) - shared) + word[shared:] + entries
            previous = word
        body[:2] = self.first_rowid.to_bytes(2, "big")
        body[2:4] = len(body).to_bytes(2, "big")
        return bytes(body + offsets)


def erase(db: sqlite3.Connection, texts: Iterable[str]) -> dict[str, list[int]]:
    """Erase the words of these texts that no document has; the texts' own documents are deleted already.

    Runs within the caller's transaction. Returns the rows of each index table that were changed. Raises
    UnknownFormat, possibly half done, where the index has another format.
    """
    changed: dict[str, list[int]] = {}
    if not (texts := list(texts)):
        return changed
    db.execute("SAVEPOINT written")  # FTS5 writes down what it holds in memory
    db.execute("RELEASE written")
    for table in TOKENIZERS:
        words = list(_without_documents(db, table, _words(table, texts)))
        if words:
            changed[f"{table}_data"] = sorted(_Index(db, table).erase(words))
    return changed


def _words(table: str, texts: list[str]) -> list[str]:
    """The words of texts, as the tokenizer of an index finds them."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as memory:
        memory.execute(
            f"CREATE VIRTUAL TABLE gone USING fts5(text, content='', tokenize='{TOKENIZERS[table]}')"
        )
        memory.execute("CREATE VIRTUAL TABLE terms USING fts5vocab(gone, row)")
        memory.execute("BEGIN")
        memory.executemany("INSERT INTO gone(text) VALUES (?)", ((text,) for text in texts))
        return [word for (word,) in memory.execute("SELECT term FROM terms")]


def _without_documents(db: sqlite3.Connection, table: str, words: list[str]) -> Iterator[bytes]:
    """Those of the words that no document has, as the index keeps them."""
    vocabulary = f"{table}_documents"
    db.execute(
        f"CREATE VIRTUAL TABLE IF NOT EXISTS temp.{vocabulary} USING fts5vocab(main, {table}, instance)"
    )
    for word in words:
        if not db.execute(f"SELECT 1 FROM temp.{vocabulary} WHERE term = ? LIMIT 1", (word,)).fetchone():
            yield b"0" + word.encode()
    db.execute(f"DROP TABLE temp.{vocabulary}")


class _Index:
    """The segments of one index, edited in place."""

    def __init__(self, db: sqlite3.Connection, table: str) -> None:
        self._db = db
        self._table = table
        self._changed: set[int] = set()
        version = self._one(f"SELECT v FROM {table}_config WHERE k = 'version'")
        if version != 4:
            raise UnknownFormat
        self._segments = dict(_segments(self._one(f"SELECT block FROM {table}_data WHERE id = {_STRUCTURE}")))

    def _one(self, sql: str, *values: object) -> Any:
        row = self._db.execute(sql, values).fetchone()
        if row is None:
            raise UnknownFormat
        return row[0]

    def erase(self, words: list[bytes]) -> set[int]:
        """Take words out of every segment; returns the rows that were changed."""
        gone = set(words)
        for segment, first in self._segments.items():
            for page in sorted({self._page(segment, first, word) for word in gone}):
                self._erase_from(segment, page, gone, is_first=page == first)
        return self._changed

    def _page(self, segment: int, first: int, word: bytes) -> int:
        """The leaf of a segment that holds a word, if the segment has it."""
        sql = f"SELECT pgno FROM {self._table}_idx WHERE segid = ? AND term <= ? ORDER BY term DESC LIMIT 1"
        row = self._db.execute(sql, (segment, word)).fetchone()
        return max(first, row[0] >> 1) if row else first

    def _read(self, segment: int, page: int) -> Leaf | None:
        row = self._db.execute(
            f"SELECT block FROM {self._table}_data WHERE id = ?", ((segment << 37) + page,)
        ).fetchone()
        return Leaf.parse(row[0]) if row else None

    def _write(self, segment: int, page: int, leaf: Leaf) -> None:
        row = (segment << 37) + page
        self._changed.add(row)
        self._db.execute(f"UPDATE {self._table}_data SET block = ? WHERE id = ?", (leaf.block(), row))

    def _erase_from(self, segment: int, page: int, gone: set[bytes], *, is_first: bool) -> None:
        leaf = self._read(segment, page)
        if leaf is None:
            raise UnknownFormat
        kept = [(word, entries) for word, entries in leaf.words if word not in gone]
        if len(kept) == len(leaf.words):
            return
        ends_in_gone = leaf.words[-1][0] in gone
        leaf.words = kept or ([(_PLACEHOLDER, _MARKER[self._table])] if is_first else [])
        self._write(segment, page, leaf)
        self._lead_to(segment, page, leaf, is_first=is_first, forget_entries=ends_in_gone)
        if ends_in_gone:
            self._erase_rest(segment, page + 1)

    def _erase_rest(self, segment: int, page: int) -> None:
        """Erase the entries of a word that go on in the leaves after it."""
        while leaf := self._read(segment, page):
            if leaf.head:
                leaf.head, leaf.first_rowid = b"", 0
                self._write(segment, page, leaf)
            if leaf.words:
                return
            page += 1

    def _lead_to(self, segment: int, page: int, leaf: Leaf, *, is_first: bool, forget_entries: bool) -> None:
        """Mend what leads to a leaf: by no word that is gone, and not at all where it has no words."""
        where = f"FROM {self._table}_idx WHERE segid = ? AND pgno >> 1 = ?"
        for term, pgno in self._db.execute(f"SELECT term, pgno {where}", (segment, page)).fetchall():
            key = (segment, term)
            if forget_entries and pgno & 1:
                self._forget_tree(segment, page, self._next_page(segment, term, page))
                sql = f"UPDATE {self._table}_idx SET pgno = ? WHERE segid = ? AND term = ?"
                self._db.execute(sql, (pgno - 1, *key))
            if not leaf.words:
                self._db.execute(f"DELETE FROM {self._table}_idx WHERE segid = ? AND term = ?", key)
            elif not is_first and not leaf.words[0][0].startswith(term):
                word = leaf.words[0][0]
                shorter = word[: _shared(term, word) + 1]
                sql = f"UPDATE {self._table}_idx SET term = ? WHERE segid = ? AND term = ?"
                self._db.execute(sql, (shorter, *key))

    def _forget_tree(self, segment: int, page: int, next_page: int) -> None:
        """Remove the tree of pages that leads through the entries of a leaf's last word."""
        for height in range(_HEIGHTS):
            start = (segment << 37) + (1 << 36) + (height << 31)
            sql = f"DELETE FROM {self._table}_data WHERE id >= ? AND id < ?"
            self._db.execute(sql, (start + page, start + next_page))

    def _next_page(self, segment: int, term: bytes, page: int) -> int:
        """The next leaf that words lead to; far away where there is none."""
        sql = f"SELECT pgno >> 1 FROM {self._table}_idx WHERE segid = ? AND term > ? ORDER BY term LIMIT 1"
        row = self._db.execute(sql, (segment, term)).fetchone()
        return int(row[0]) if row else page + (1 << 30)


def _segments(structure: bytes) -> Iterator[tuple[int, int]]:
    """Each segment's number and its first leaf."""
    if structure[4:8] == b"\xff\0\0\1":
        raise UnknownFormat  # version 2 of the structure
    levels, at = _varint(structure, 4)
    _, at = _varint(structure, at)
    _, at = _varint(structure, at)
    for _ in range(levels):
        _, at = _varint(structure, at)
        count, at = _varint(structure, at)
        for _ in range(count):
            segment, at = _varint(structure, at)
            first, at = _varint(structure, at)
            _, at = _varint(structure, at)
            yield segment, first


def _shared(before: bytes, word: bytes) -> int:
    """How many bytes two words begin with alike."""
    length = min(len(before), len(word))
    return next((at for at in range(length) if before[at] != word[at]), length)


def _varint(block: bytes, at: int) -> tuple[int, int]:
    """SQLite's variable-length integer, and where it ends."""
    value = 0
    for _ in range(8):
        if at >= len(block):
            raise UnknownFormat
        byte = block[at]
        at += 1
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at
    raise UnknownFormat  # nine bytes: nothing that is counted here is so large


def _as_varint(value: int) -> bytes:
    """A number of less than 56 bits as SQLite's variable-length integer."""
    parts = [value & 0x7F]
    while value := value >> 7:
        parts.append(value & 0x7F | 0x80)
    return bytes(reversed(parts))
