"""`db check` finds paths that are none, branches that nothing reaches, and turns without a run."""

import pytest

from chatmgr.store import integrity
from chatmgr.store.location import sqlite_path
from tests.support.store import Store, connected, query

_FORK = "conversation_id = (SELECT id FROM conversations WHERE name = 'fork')"


@pytest.fixture
def forked(store: Store) -> Store:
    """A conversation of four turns, and a fork of it, which left the path that it had at first."""
    for number in range(4):
        store.answer(f"question {number}", "yes", "plan")
    store.writer.tree.fork(store.now("plan").pk, 3, "fork")
    store.writer.tree.move_tip(store.now("fork").pk, 2, "undo")
    store.answer("something else", "no", "fork")
    assert integrity.damage(store.url) == []
    return store


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        (f"UPDATE path_segments SET last = 1 WHERE {_FORK} AND first = 1", "the path of “fork” is broken"),
        (f"UPDATE path_segments SET first = 5 WHERE {_FORK} AND first = 3", "the path of “fork” is broken"),
        (f"UPDATE path_segments SET last = 9 WHERE {_FORK} AND first = 3", "the path of “fork” is broken"),
        (f"DELETE FROM path_segments WHERE {_FORK} AND first = 1", "the path of “fork” is broken"),
        (f"DELETE FROM path_segments WHERE {_FORK} AND first = 3", "the path of “fork” is broken"),
        ("UPDATE branches SET conversation_id = 99 WHERE id = BRANCH", "no conversation reaches branch KEY"),
        (
            "UPDATE branches SET conversation_id = NULL WHERE id = BRANCH",
            "no conversation reaches branch KEY",
        ),
        ("UPDATE turns SET run_id = 99 WHERE key = 'TURN'", "turn TURN has no run"),
        ("UPDATE turns SET run_id = 1 WHERE key = 'TURN'", "turn TURN has no run"),
    ],
)
def test_what_is_wrong_is_named(forked: Store, statement: str, problem: str) -> None:
    url = forked.url
    (branch, key), _ = query(url, f"SELECT id, key FROM branches WHERE {_FORK} ORDER BY id")
    [(turn,)] = query(url, "SELECT key FROM turns WHERE position = 2")
    with connected(url) as db:
        if sqlite_path(url):
            db.execute("PRAGMA foreign_keys=OFF")
        db.execute(statement.replace("BRANCH", str(branch)).replace("TURN", turn))
    problems = integrity.damage(url)
    assert problem.replace("KEY", key).replace("TURN", turn) in (problems or ())
