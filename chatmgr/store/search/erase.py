"""Erases words from SQLite's search index for which nothing is left to find.

FTS5 deletes by adding: a marker beside the old entry, both of which hold the word, until a merge of the
whole index drops them. SQLite 3.42 can do better, but older ones are in use, and cannot read what it
writes. So the leaves of the index are edited here, within the transaction that deletes the documents: a
word that no document has any more is taken out of every segment, entry and marker together. What the index
answers is the same before and after; other words keep their entries.

The format of the rows is ``segments``. ``words_idx`` leads from a word to the leaf that may hold it.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from typing import Any

from chatmgr.store.search.segments import Leaf, Segment, UnknownFormat, segments, shared_length
from chatmgr.store.search.sqlite import TOKENIZERS

__all__ = ["UnknownFormat", "erase"]

_STRUCTURE = 10  # the row of ``…_data`` that lists the segments
_LOWEST, _HIGHEST = b"0\0", b"0\xff"  # words that no document has
_MARKER = {"words": b"\1\1", "grams": b"\1\0"}  # document 1, deleted; there is none
_HEIGHTS = 5  # of a tree of pages that leads through the entries of one word


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
        self._without_words: dict[int, bytes] = {}  # leaves of ``grams``, and what leads to each
        version = self._one(f"SELECT v FROM {table}_config WHERE k = 'version'")
        if version != 4:
            raise UnknownFormat
        self._segments = segments(self._one(f"SELECT block FROM {table}_data WHERE id = {_STRUCTURE}"))

    def _one(self, sql: str, *values: object) -> Any:
        row = self._db.execute(sql, values).fetchone()
        if row is None:
            raise UnknownFormat
        return row[0]

    def erase(self, words: list[bytes]) -> set[int]:
        """Take words out of every segment; returns the rows that were changed."""
        gone = set(words)
        for segment in self._segments:
            number, first = segment.number, segment.first
            self._without_words.clear()
            if first > 1:  # a merge has dealt with the leaves before; nothing is looked for there
                self._db.execute(
                    f"DELETE FROM {self._table}_idx WHERE segid = ? AND pgno >> 1 < ?", (number, first)
                )
            leaves = {self._way(number, first, word) for word in gone}
            for page, way in sorted(leaves, key=lambda leaf: leaf[0]):
                self._erase_from(segment, page, way, gone)
            if self._table == "words":
                self._begin_with_a_word(segment)
            else:
                self._fill(segment)
        return self._changed

    def _way(self, segment: int, first: int, word: bytes) -> tuple[int, bytes]:
        """The leaf of a segment that holds a word, if the segment has it, and what leads there."""
        sql = f"SELECT pgno, term FROM {self._table}_idx WHERE segid = ? AND term <= ? ORDER BY term DESC LIMIT 1"
        row = self._db.execute(sql, (segment, word)).fetchone()
        return (row[0] >> 1, row[1]) if row and row[0] >> 1 >= first else (first, self._first_way(segment))

    def _first_way(self, segment: int) -> bytes:
        sql = f"SELECT term FROM {self._table}_idx WHERE segid = ? ORDER BY term LIMIT 1"
        return bytes(self._one(sql, segment))

    def _read(self, segment: int, page: int) -> Leaf | None:
        row = self._db.execute(
            f"SELECT block FROM {self._table}_data WHERE id = ?", ((segment << 37) + page,)
        ).fetchone()
        return Leaf.parse(row[0]) if row else None

    def _write(self, segment: int, page: int, leaf: Leaf) -> None:
        row = (segment << 37) + page
        self._changed.add(row)
        self._db.execute(f"UPDATE {self._table}_data SET block = ? WHERE id = ?", (leaf.block(), row))

    def _erase_from(self, segment: Segment, page: int, way: bytes, gone: set[bytes]) -> None:
        number = segment.number
        leaf = self._read(number, page)
        if leaf is None:
            raise UnknownFormat
        kept = [(word, entries) for word, entries in leaf.words if word not in gone]
        if len(kept) == len(leaf.words):
            return
        ends_in_gone = leaf.words[-1][0] in gone
        leaf.words = kept
        self._write(number, page, leaf)
        if ends_in_gone:
            self._forget_tree(number, page, way)
            self._erase_rest(number, page + 1)
        if leaf.words:
            self._lead_to(number, way, leaf.words[0][0])
        elif self._table != "words":
            self._without_words[page] = way
        elif page != segment.first:
            self._db.execute(f"DELETE FROM {self._table}_idx WHERE segid = ? AND term = ?", (number, way))

    def _begin_with_a_word(self, segment: Segment) -> None:
        """Give the first leaf the words of the next one that has any; else one that no document has.

        That one is a marker of a deletion. A merge still finds all words in order: what it adds to its
        output comes after the lowest word, what it has read of an input before the highest.
        """
        number = segment.number
        first = self._read(number, segment.first)
        if first is None or first.words:
            return
        for page in range(segment.first + 1, segment.last + 1):
            leaf = self._read(number, page)
            if leaf is None or leaf.head:
                raise UnknownFormat
            if leaf.words:
                page_found, way = self._way(number, segment.first, leaf.words[0][0])
                where = f"FROM {self._table}_idx WHERE segid = ? AND term = ?"
                if page_found != page or self._one(f"SELECT pgno {where}", number, way) & 1:
                    raise UnknownFormat
                self._db.execute(f"DELETE {where}", (number, way))
                first.words, leaf.words = leaf.words, []
                self._write(number, page, leaf)
                break
        else:
            first.words = [(_LOWEST if segment.is_output else _HIGHEST, _MARKER[self._table])]
        self._write(number, segment.first, first)
        self._lead_to(number, self._first_way(number), first.words[0][0])

    def _fill(self, segment: Segment) -> None:
        """Give each leaf of ``grams`` that has no words one: SQLite stumbles over leaves without any there.

        It is a marker of a deletion, of a word that no document has. A merge still finds all words in order:
        what is added to its output comes after them, and what it has read of an input came before.
        """
        for page, way in sorted(self._without_words.items(), reverse=not segment.is_output):
            leaf = self._read(segment.number, page)
            if leaf is None:
                raise UnknownFormat
            if leaf.head:
                self._db.execute(
                    f"DELETE FROM {self._table}_idx WHERE segid = ? AND term = ?", (segment.number, way)
                )
                continue
            word = self._word_after(segment, page) if segment.is_output else self._word_before(segment, way)
            leaf.words = [(word, _MARKER[self._table])]
            self._write(segment.number, page, leaf)
            self._lead_to(segment.number, way, word)

    def _word_before(self, segment: Segment, way: bytes) -> bytes:
        """A word that comes before all that the way to the next leaf leads to, and after all others."""
        sql = f"SELECT term FROM {self._table}_idx WHERE segid = ? AND term > ? ORDER BY term LIMIT 1"
        row = self._db.execute(sql, (segment.number, way)).fetchone()
        if row is None:
            return _HIGHEST
        word = bytes(row[0][:-1]) + bytes([row[0][-1] - 1]) + b"\xff"
        if word < way:
            raise UnknownFormat
        return word

    def _word_after(self, segment: Segment, page: int) -> bytes:
        """The first word that comes after those of the leaves before."""
        while page > segment.first:
            page -= 1
            leaf = self._read(segment.number, page)
            if leaf and leaf.words:
                return leaf.words[-1][0] + b"\0"
        return _LOWEST

    def _erase_rest(self, segment: int, page: int) -> None:
        """Erase the entries of a word that go on in the leaves after it."""
        while leaf := self._read(segment, page):
            if leaf.head:
                leaf.head, leaf.first_rowid = b"", 0
                if not leaf.words and self._table != "words":
                    raise UnknownFormat
                self._write(segment, page, leaf)
            if leaf.words:
                return
            page += 1

    def _lead_to(self, segment: int, way: bytes, word: bytes) -> None:
        """Let the way to a leaf be a part of its first word, if it was part of one that is gone."""
        if not word.startswith(way):
            shorter = word[: shared_length(way, word) + 1] if word > way else word
            sql = f"UPDATE {self._table}_idx SET term = ? WHERE segid = ? AND term = ?"
            self._db.execute(sql, (shorter, segment, way))

    def _forget_tree(self, segment: int, page: int, way: bytes) -> None:
        """Remove the tree of pages that leads through the entries of a leaf's last word, if it is a long one."""
        where = "WHERE segid = ? AND term = ?"
        pgno = self._one(f"SELECT pgno FROM {self._table}_idx {where}", segment, way)
        if pgno != page * 2 + 1:
            return
        self._db.execute(f"UPDATE {self._table}_idx SET pgno = pgno - 1 {where}", (segment, way))
        following = (
            f"SELECT pgno >> 1 FROM {self._table}_idx WHERE segid = ? AND term > ? ORDER BY term LIMIT 1"
        )
        row = self._db.execute(following, (segment, way)).fetchone()
        next_page = row[0] if row else page + (1 << 30)
        for height in range(_HEIGHTS):
            start = (segment << 37) + (1 << 36) + (height << 31)
            sql = f"DELETE FROM {self._table}_data WHERE id >= ? AND id < ?"
            self._db.execute(sql, (start + page, start + next_page))
