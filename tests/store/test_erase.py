"""Words are erased from the search index in place: it stays one that SQLite finds nothing wrong with.

The pages are small, so that a few documents make many of them: words at their ends, entries that go on in
the next, segments of which nothing is left, merges that are under way.
"""

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from chatmgr.store.search.erase import UnknownFormat, erase
from chatmgr.store.search.sqlite import TOKENIZERS

SEEDS = [*range(4), *(pytest.param(seed, marks=pytest.mark.campaign) for seed in range(4, 40))]
DETAIL = {"words": "full", "grams": "none"}


class Indexed:
    """Documents, and both indexes of them, as the store has them."""

    def __init__(self, path: Path, numbers: random.Random) -> None:
        self.db = sqlite3.connect(path, isolation_level=None)
        self.db.execute("PRAGMA secure_delete=ON")
        self.db.execute("CREATE TABLE documents (id INTEGER PRIMARY KEY, text TEXT)")
        self.numbers = numbers
        self.texts: dict[int, str] = {}
        self.common = [f"{numbers.getrandbits(16):x}" for _ in range(60)]
        for table, tokenizer in TOKENIZERS.items():
            self.db.execute(
                f"CREATE VIRTUAL TABLE {table} USING fts5(text, content='documents', content_rowid='id', "
                f"columnsize=0, detail='{DETAIL[table]}', tokenize='{tokenizer}')"
            )
            self.db.execute(
                f"INSERT INTO {table}({table}, rank) VALUES ('pgsz', ?)", (numbers.choice([64, 200]),)
            )

    def text(self) -> str:
        """Some words that others have, some that none has."""
        count = self.numbers.choice([1, 5, 30, 200])
        words = [
            self.numbers.choice(self.common)
            if self.numbers.random() < 0.5
            else f"{self.numbers.getrandbits(64):016x}"
            for _ in range(count)
        ]
        return " ".join(words)

    def add(self, key: int, text: str) -> None:
        self.texts[key] = text
        self.db.execute("INSERT INTO documents VALUES (?, ?)", (key, text))
        for table in TOKENIZERS:
            self.db.execute(f"INSERT INTO {table}(rowid, text) VALUES (?, ?)", (key, text))

    def delete(self, keys: list[int]) -> list[str]:
        """Delete documents as the triggers do, and erase what only they had; the texts, where that went."""
        self.db.execute("BEGIN")
        texts = [self.texts.pop(key) for key in keys]
        for key, text in zip(keys, texts, strict=True):
            for table in TOKENIZERS:
                self.db.execute(
                    f"INSERT INTO {table}({table}, rowid, text) VALUES ('delete', ?, ?)", (key, text)
                )
            self.db.execute("DELETE FROM documents WHERE id = ?", (key,))
        self.db.execute("SAVEPOINT erasing")
        try:
            erase(self.db, texts)
        except UnknownFormat:  # then the file is rewritten
            self.db.execute("ROLLBACK TO erasing")
            texts = []
        self.db.execute("COMMIT")
        return texts

    def check(self) -> None:
        """SQLite compares each index with the documents, and its structure with what it should be."""
        for table in TOKENIZERS:
            self.db.execute(f"INSERT INTO {table}({table}, rank) VALUES ('integrity-check', 1)")

    def merge(self) -> None:
        """A step of a merge, which may be left under way."""
        for table in TOKENIZERS:
            self.db.execute(
                f"INSERT INTO {table}({table}, rank) VALUES ('merge', ?)", (self.numbers.choice([1, 4, -4]),)
            )

    def stored(self) -> bytes:
        """All that the indexes consist of."""
        blocks = [
            block
            for table in TOKENIZERS
            for query in (f"SELECT block FROM {table}_data", f"SELECT term FROM {table}_idx")
            for (block,) in self.db.execute(query)
        ]
        return b"\n".join(block if isinstance(block, bytes) else block.encode() for block in blocks)


@pytest.fixture
def indexed(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Indexed]:
    made = Indexed(tmp_path / "index.db", random.Random(request.param))
    with closing(made.db):
        yield made


@pytest.mark.parametrize("indexed", SEEDS, indirect=True)
def test_the_index_stays_whole_without_the_words(indexed: Indexed) -> None:
    numbers, key = indexed.numbers, 0
    for _ in range(6):
        for _ in range(numbers.choice([2, 10, 25])):
            key += 1
            indexed.add(key if numbers.random() < 0.9 else -key, indexed.text())
        gone = indexed.delete(numbers.sample(sorted(indexed.texts), numbers.randint(1, len(indexed.texts))))
        indexed.check()
        kept = set(" ".join(indexed.texts.values()).split())
        stored = indexed.stored()
        words = {word for text in gone for word in text.split() if len(word) == 16 and word not in kept}
        assert [word for word in words if word[4:].encode() in stored] == []
        indexed.merge()
        indexed.check()
        for word in numbers.sample(indexed.common, 10):
            rows = indexed.db.execute(
                "SELECT rowid FROM words WHERE words MATCH ? ORDER BY rowid DESC", (word,)
            )
            expected = sorted(
                (value for value, text in indexed.texts.items() if word in text.split()), reverse=True
            )
            assert [value for (value,) in rows] == expected
