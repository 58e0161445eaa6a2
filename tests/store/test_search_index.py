"""The index is in step with the tables, whatever is done to them and by whom."""

import random
import sqlite3
from pathlib import Path

import pytest

from chatmgr.domain.filters import Filters
from chatmgr.domain.search import parse_query
from chatmgr.domain.states import RunState
from chatmgr.store import migrate
from chatmgr.store.location import sqlite_path
from chatmgr.store.writer import ImportedTurn, RunOutcome, ThreadKey
from tests.migrations import future_revision as migrating
from tests.support.store import ENDPOINT, Store, execute, query


def check(url: str) -> None:
    """The index says what the tables say."""
    assert migrate.check_search(url)


def rebuild(url: str) -> None:
    """Rebuild the index, as ``db reindex`` does."""
    store = Store(url)
    store.writer.search_index.rebuild()
    store.close()


def documents(url: str) -> int:
    """How many documents the index has."""
    table = "searchable" if sqlite_path(url) else "search"
    return int(query(url, f"SELECT count(*) FROM {table}")[0][0])


def filled(store: Store) -> Store:
    """Turns of every fate: whole, failed, live, retried; in scripts with and without spaces."""
    store.answer("hello world", "the answer", "plan")
    store.answer("東京に行きたい", "京都は どうですか", "reise")
    store.answer("no answer", "", "plan")
    run = store.open("still running 大阪", "live")
    store.writer.runs.checkpoint(run, "part of it 名古屋")
    turn = query(store.url, "SELECT min(id) FROM turns")[0][0]
    columns = "turn_id, conversation_id, assistant_version_id, provider, model, detail, error, thread_id"
    columns += ", remote_id, started_at, pid, host"
    execute(
        store.url,
        f"INSERT INTO runs (state, {columns}) SELECT 'completed', {columns} FROM runs WHERE turn_id = {turn}",
        f"UPDATE turns SET run_id = (SELECT max(id) FROM runs) WHERE id = {turn}",
        "INSERT INTO messages (turn_id, run_id, role, content, created_at) "
        f"SELECT {turn}, max(id), 'assistant', 'a second answer 神戸', max(started_at) FROM runs",
    )
    return store


def test_the_ledger_keeps_it(store: Store) -> None:
    filled(store)
    check(store.url)
    assert [hit.turn for hit in store.reader.search.find(parse_query("second 神戸"), Filters(), 5).hits] == [
        1
    ]
    store.writer.turns.import_turns(
        ThreadKey(store.conversation("new").pk, "openai", ENDPOINT),
        store.assistant().version_id,
        "thread_1",
        [ImportedTurn("asked 大", "told"), ImportedTurn("unanswered", "")],
    )
    check(store.url)
    assert len(list(store.reader.search.find(parse_query("told OR unanswered"), Filters(), 5).hits)) == 2


CHANGES = (
    "UPDATE messages SET content = content || ' more 新' WHERE role = 'user'",
    "UPDATE messages SET content = 'all else' WHERE role = 'assistant'",
    "UPDATE conversations SET title = 'another 題', updated_at = updated_at",
    "UPDATE conversations SET name = name || '-x'",
    "UPDATE runs SET state = 'failed' WHERE state = 'running' OR state = 'pending'",
    "UPDATE runs SET state = 'running' WHERE id = (SELECT max(id) FROM runs)",
    "DELETE FROM messages WHERE role = 'assistant'",
    "DELETE FROM runs WHERE id = (SELECT max(id) FROM runs)",
    "DELETE FROM turns WHERE id = (SELECT min(id) FROM turns)",
    "DELETE FROM messages",
    "DELETE FROM conversations WHERE name LIKE 'plan%'",
    "DELETE FROM conversations",
)


@pytest.mark.parametrize("change", CHANGES)
def test_any_writer_keeps_it(store: Store, change: str) -> None:
    """With foreign keys on, so that deletes cascade."""
    filled(store)
    url = store.url
    store.close()
    pragma = ["PRAGMA foreign_keys=ON"] if sqlite_path(url) else []
    execute(url, *pragma, change)
    check(url)
    execute(url, *pragma, *random.Random(3).sample(CHANGES, len(CHANGES)))
    check(url)
    execute(url, *pragma, "DELETE FROM conversations")
    check(url)
    assert documents(url) == 0


def test_an_upgraded_store_can_be_searched(sqlite_url: str) -> None:
    path = sqlite_path(sqlite_url)
    assert path is not None
    path.parent.mkdir()
    with sqlite3.connect(path) as old:
        old.executescript((migrating.PAST / "0002.sql").read_text(encoding="utf-8"))
    old.close()
    store = Store(sqlite_url)
    check(sqlite_url)
    rows = [str(row[0]) for row in query(sqlite_url, "SELECT content FROM messages WHERE role = 'user'")]
    word = rows[0].split()[0]
    assert list(store.reader.search.find(parse_query(word), Filters(archived=None), 5).hits)
    stamps = [row[0] for row in query(sqlite_url, "SELECT stamp FROM turns ORDER BY id")]
    assert stamps == sorted(set(stamps))
    store.answer("a later turn", "yes", "demo")
    check(sqlite_url)
    store.close()


def test_rebuilding_a_table_keeps_the_triggers(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(Store(sqlite_url)).close()
    migrating.give_a_later_schema(tmp_path, monkeypatch, migrating.REBUILD)
    store = Store(sqlite_url)
    check(sqlite_url)
    store.answer("renewed 東", "after", "other")
    check(sqlite_url)
    assert migrate.HEAD == migrating.LATER
    assert len(list(store.reader.search.find(parse_query("renewed"), Filters(), 5).hits)) == 1
    store.close()


def test_stamps_order_turns_by_when_they_were_said(store: Store) -> None:
    for number in range(5):
        store.answer(f"turn {number}", "yes")
    stamps = [row[0] for row in query(store.url, "SELECT stamp FROM turns ORDER BY position")]
    assert stamps == sorted(set(stamps))
    run = store.open("closing")
    store.writer.runs.close(run, RunOutcome(RunState.COMPLETED, "yes"))
    assert len({row[0] for row in query(store.url, "SELECT stamp FROM turns")}) == 6


def test_an_index_out_of_step_is_noticed_and_mended(store: Store) -> None:
    url = filled(store).url
    store.close()
    if sqlite_path(url):
        execute(url, "DROP TRIGGER search_resaid_before", "DROP TRIGGER search_resaid_after")
    else:
        execute(url, "ALTER TABLE messages DISABLE TRIGGER search_said")
    execute(url, "UPDATE messages SET content = 'something else' WHERE role = 'user'")
    assert not migrate.check_search(url)
    rebuild(url)
    assert migrate.check_search(url)
