"""What the tests of tidying do again and again."""

from chatmgr.store.location import sqlite_path
from tests.support.store import Store, connected, query


def counts(store: Store, *tables: str) -> list[int]:
    return [query(store.url, f"SELECT count(*) FROM {table}")[0][0] for table in tables]


def trashed(store: Store, *names: str) -> list[int]:
    """Put conversations into the trash; their keys."""
    keys = [store.now(name).pk for name in names]
    store.writer.trash.put(keys)
    return keys


def indexed(url: str) -> list[int]:
    """The keys in the search index, after SQLite has held it against the tables."""
    if sqlite_path(url) is None:
        return sorted({key for (key,) in query(url, "SELECT key FROM search")})
    with connected(url) as db:
        for word in ("words", "grams"):
            db.execute(f"INSERT INTO {word}({word}, rank) VALUES ('integrity-check', 1)")
        return sorted(key for (key,) in db.execute("SELECT key FROM searchable"))
