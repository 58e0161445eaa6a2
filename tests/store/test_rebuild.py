"""Rebuilding the search index: others write, edit and delete meanwhile, and in the end it is right."""

from pathlib import Path

import pytest

from chatmgr.domain.filters import Filters
from chatmgr.domain.search import parse_query
from chatmgr.store import migrate
from chatmgr.store.location import sqlite_path
from chatmgr.store.search import rebuild
from tests.migrations import future_revision as migrating
from tests.store.row_counts import trashed
from tests.support.store import Store, execute, query

TURNS = 30
CONVERSATIONS = 3
DOCUMENTS = TURNS + CONVERSATIONS
QUERIES = ("question", "number7 OR number29", "東京", "answer -number3", '"the answer"', "plan")


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rebuild, "MOST", 4)


@pytest.fixture
def filled(store: Store) -> Store:
    """Turns in scripts with and without spaces, in a few conversations."""
    for number in range(TURNS):
        store.answer(f"question number{number} 東京{number}", f"the answer {number}", f"plan-{number % 3}")
    store.reader.close()
    return store


def hits(store: Store) -> list[list[tuple[str, int | None]]]:
    """What searches find."""
    found = []
    for text in QUERIES:
        results = store.reader.search.find(parse_query(text), Filters(), 0)
        found.append([(hit.conversation, hit.turn) for hit in results.hits])
    store.reader.close()
    return found


class CutOff(Exception):
    """Ends a rebuilding as a crash between two batches would."""


def cut_off(store: Store, done: int) -> None:
    """Rebuild so far, and no further."""

    def stop(count: int, _total: int) -> None:
        if count >= done:
            raise CutOff

    with pytest.raises(CutOff):
        store.writer.search_index.rebuild(stop)


def change_all(store: Store, round_: int) -> None:
    """Write, edit, retitle, rename and delete turns and names, at both ends and in the middle."""
    url = store.url
    pragma = ["PRAGMA foreign_keys=ON"] if sqlite_path(url) else []
    ids = [key for (key,) in query(url, "SELECT id FROM turns ORDER BY stamp")]
    edited, deleted = ids[(round_ * 7) % len(ids)], ids[(round_ * 11 + 5) % len(ids)]
    stamp = query(url, "SELECT min(stamp) FROM turns")[0][0] - 1
    execute(
        url,
        *pragma,
        f"UPDATE messages SET content = 'edited {round_} 大阪' WHERE turn_id = {edited} AND role = 'user'",
        f"UPDATE conversations SET title = 'title {round_}' WHERE id = 1 + {round_ % 3}",
        f"UPDATE turns SET run_id = NULL WHERE id = {deleted}",
        f"DELETE FROM turns WHERE id = {deleted}",
    )
    store.answer(f"written {round_} 神戸", "meanwhile", f"new-{round_}")
    execute(
        url,  # an import brings old turns
        f"INSERT INTO turns (branch_id, position, created_at, stamp, key) "
        f"SELECT branch_id, 1000 + {round_}, created_at, {stamp}, 'key {round_}' FROM turns "
        f"WHERE id = {edited}",
        "INSERT INTO messages (turn_id, role, content, created_at) "
        f"SELECT id, 'user', 'imported {round_}', created_at FROM turns WHERE stamp = {stamp}",
    )
    store.reader.close()


def test_it_is_right_whatever_is_written_between_the_batches(filled: Store) -> None:
    rounds: list[int] = []

    def change(done: int, _total: int) -> None:
        if 0 < done < DOCUMENTS - 1:
            rounds.append(done)
            change_all(filled, len(rounds))

    filled.writer.search_index.rebuild(change)
    assert len(rounds) > 5
    assert migrate.check_search(filled.url)
    assert not filled.reader.search.is_incomplete()


def test_searches_find_what_they_found_before(filled: Store) -> None:
    before = hits(filled)
    filled.writer.search_index.rebuild()
    assert hits(filled) == before
    assert all(before)


def test_progress_rises_to_the_end(filled: Store) -> None:
    reports: list[tuple[int, int]] = []
    filled.writer.search_index.rebuild(lambda done, total: reports.append((done, total)))
    assert reports == sorted(reports)
    assert reports[0] == (0, DOCUMENTS)
    assert reports[-1] == (DOCUMENTS, DOCUMENTS)
    assert len(reports) > DOCUMENTS / 4


def test_a_long_document_is_a_batch_of_its_own(filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rebuild, "_CHARACTERS", 10)
    reports: list[int] = []
    filled.writer.search_index.rebuild(lambda done, _total: reports.append(done))
    assert set(range(TURNS)) < set(reports)
    assert migrate.check_search(filled.url)


@pytest.mark.parametrize("done", [1, 9, TURNS])
def test_cut_off_and_run_again(filled: Store, done: int) -> None:
    """What was written meanwhile is found; all is found again after the second time."""
    before = hits(filled)
    cut_off(filled, done)
    is_sqlite = sqlite_path(filled.url) is not None
    assert filled.reader.search.is_incomplete() is is_sqlite
    results = filled.reader.search.find(parse_query("number29"), Filters(), 5)
    assert results.incomplete is is_sqlite
    assert [hit.turn for hit in results.hits] == [10]
    assert migrate.check_search(filled.url) is not is_sqlite
    filled.writer.search_index.rebuild()
    assert hits(filled) == before
    cut_off(filled, done)
    filled.answer("written meanwhile", "yes")
    written = filled.reader.search.find(parse_query("meanwhile"), Filters(), 5)
    assert [hit.conversation for hit in written.hits] == ["plan"]
    for round_ in range(4):
        change_all(filled, round_)
    filled.writer.search_index.rebuild()
    assert migrate.check_search(filled.url)
    assert not filled.reader.search.is_incomplete()


def test_what_a_broken_index_holds_too_much_is_gone(filled: Store) -> None:
    """Documents that nobody has any more."""
    before = hits(filled)
    if sqlite_path(filled.url):
        execute(filled.url, "INSERT INTO words(rowid, text) VALUES (12345, 'question number7')")
        execute(filled.url, "INSERT INTO words(rowid, text) VALUES (-12345, 'plan')")
    else:
        execute(filled.url, "INSERT INTO search VALUES (12345, 0, 'question'), (-12345, 0, 'plan')")
        execute(filled.url, "UPDATE search SET part = 7 WHERE key = (SELECT max(key) FROM search)")
    assert not migrate.check_search(filled.url)
    filled.writer.search_index.rebuild()
    assert migrate.check_search(filled.url)
    assert hits(filled) == before


def test_an_upgrade_keeps_a_half_made_index(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(sqlite_url)
    for number in range(TURNS):
        store.answer(f"question {number}", "answer")
    cut_off(store, 9)
    store.close()
    migrating.give_a_later_schema(tmp_path, monkeypatch, migrating.REBUILD)
    store = Store(sqlite_url)
    for round_ in range(3):
        change_all(store, round_)
    assert store.reader.search.is_incomplete()
    store.writer.search_index.rebuild()
    assert migrate.check_search(sqlite_url)
    store.close()


@pytest.mark.parametrize("name", ["plan-0", "late"], ids=["not indexed yet", "indexed"])
def test_for_good_is_for_good_while_the_index_is_incomplete(
    sqlite_store: Store, home: Path, name: str
) -> None:
    store = sqlite_store
    store.answer(f"secretword{name}", "hidden 東京都", name)
    for number in range(TURNS):
        store.answer(f"question {number}", "answer", "plan-1")
    cut_off(store, 9)
    if name == "late":
        store.answer("morehidden", "words", name)
    store.reader.close()
    store.writer.trash.purge(trashed(store, name))
    assert store.writer.trash.scrub() == ""
    content = (home / "chatmgr.db").read_bytes()
    assert f"secretword{name}".encode() not in content
    assert b"morehidden" not in content
    store.writer.search_index.rebuild()
    assert migrate.check_search(store.url)
