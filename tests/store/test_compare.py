"""Comparing SQLite's search index with the tables keeps nobody from writing."""

import sqlite3
from pathlib import Path

import pytest

from chatmgr.store import migrate
from chatmgr.store.location import sqlite_path
from chatmgr.store.search import compare
from tests.support.store import Store, execute

DAMAGES = {
    "a document too few": "INSERT INTO {table}({table}, rowid, text) "
    "SELECT 'delete', key, text FROM {view} WHERE key > 0 LIMIT 1",
    "a document too many": "INSERT INTO {table}(rowid, text) VALUES (77, '東京 words')",
    "another text": "INSERT INTO {table}(rowid, text) SELECT key, '東京 words' FROM {view} LIMIT 1",
    "empty": "INSERT INTO {table}({table}) VALUES ('delete-all')",
    "without its rows": "DELETE FROM {table}_data",
}


def path_of(store: Store) -> Path:
    path = sqlite_path(store.url)
    assert path is not None
    return path


@pytest.fixture
def filled(sqlite_store: Store) -> Store:
    for number in range(20):
        sqlite_store.answer(f"question {number} 東京{number}", f"answer {number}", f"plan-{number % 3}")
    return sqlite_store


@pytest.mark.parametrize("table", ["words", "grams"])
@pytest.mark.parametrize("damage", DAMAGES)
def test_every_difference_is_noticed(filled: Store, table: str, damage: str) -> None:
    assert compare.matches_tables(path_of(filled))
    view = "searchable" if table == "words" else "searchable_spaceless"
    execute(filled.url, DAMAGES[damage].format(table=table, view=view))
    assert not compare.matches_tables(path_of(filled))
    assert not migrate.check_search(filled.url)


def test_an_index_that_is_not_there_does_not_match(filled: Store) -> None:
    execute(filled.url, "DROP TABLE grams_terms", "DROP TABLE grams")
    assert not compare.matches_tables(path_of(filled))


def test_turns_are_stored_meanwhile(filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """And what is compared is as of one moment."""
    copy, tables = compare._copy, list[str]()

    def copy_and_write(db: sqlite3.Connection, table: str) -> None:
        copy(db, table)
        tables.append(table)
        filled.answer(f"while {table} are compared 大阪", "yes", "meanwhile")

    monkeypatch.setattr(compare, "_copy", copy_and_write)
    assert compare.matches_tables(path_of(filled))
    assert tables == ["words", "grams"]
    assert filled.now("meanwhile").turns == 2


@pytest.mark.parametrize("damaged", [False, True])
def test_without_room_for_a_copy_it_is_compared_in_place(
    filled: Store, monkeypatch: pytest.MonkeyPatch, damaged: bool
) -> None:
    opened = compare._opened

    def without_room(path: Path) -> sqlite3.Connection:
        db = opened(path)
        db.execute("PRAGMA temp.max_page_count=1")
        return db

    monkeypatch.setattr(compare, "_opened", without_room)
    with pytest.raises(sqlite3.OperationalError, match="full"):
        compare.matches_tables(path_of(filled))
    if damaged:
        execute(filled.url, DAMAGES["empty"].format(table="words"))
    assert migrate.check_search(filled.url) is not damaged
