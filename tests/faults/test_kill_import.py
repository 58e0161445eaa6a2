"""An import that is killed anywhere leaves whole conversations; run again, it equals one that was not."""

import os
import signal
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from chatmgr.services.imports import service
from chatmgr.store.location import sqlite_path
from chatmgr.store.writer import Writer
from tests.importers.chatgpt.export import conversation, node
from tests.services.imports.importing import bring, everything, export, pair, said, tree
from tests.store.row_counts import indexed
from tests.support.store import Store, query
from tests.support.store_processes import OtherProcess

_CONVERSATIONS = 10
_BATCH = 3  # conversations in a transaction
_WHOLE = """SELECT c.key, c.turns, count(t.id) FROM conversations c
JOIN branches b ON b.conversation_id = c.id JOIN turns t ON t.branch_id = b.id GROUP BY c.key, c.turns"""
STEPS = [
    *(("sqlite", step) for step in (3, 25, 40, 60, 90)),
    *(("postgres", step) for step in (30, 70)),
    *(pytest.param("sqlite", step, marks=pytest.mark.campaign) for step in range(1, 150, 2)),
    *(pytest.param("postgres", step, marks=pytest.mark.campaign) for step in range(2, 200, 8)),
]


def write_exports(folder: Path) -> list[Path]:
    """Two exports; the second has grown, and one of its conversations went another way."""
    branched = [*pair(1), said("b1", "q1", "assistant", "Better.", 20), *pair(3, "b1")]
    conversations = [
        tree(
            branched if number % 3 else [*pair(1), *pair(2)],
            "a3" if number % 3 else "a2",
            f"c-{number}",
            title="same",
        )
        for number in range(_CONVERSATIONS)
    ]
    grown = [
        tree([*branched, *pair(4, "a3")], "a4", "c-1"),
        tree([*pair(1), said("q2", "a1", "user", "Changed?", 20)], "q2", "c-3"),
        conversation([node("root", None), *pair(1)], "c-new"),
    ]
    return [export(folder / "1.json", *conversations), export(folder / "2.json", *grown)]


def import_until_killed(url: str, pipe: Connection) -> None:
    """Import, and die by SIGKILL before the statement whose number is received."""
    left, folder = pipe.recv()
    service._BATCH = _BATCH
    store = Store(url)

    def count(*_: Any) -> None:
        nonlocal left
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Engine, "before_cursor_execute", count)
    bring(store, *(Path(folder) / name for name in ("1.json", "2.json")))
    store.close()


@pytest.mark.parametrize(("kind", "step"), STEPS)
def test_kill_at_a_statement(
    kind: str, step: int, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = str(request.getfixturevalue("sqlite_url" if kind == "sqlite" else "migrated_postgres_url"))
    monkeypatch.setattr(service, "_BATCH", _BATCH)
    files = write_exports(tmp_path)
    Writer(url).close()
    once = Store(f"sqlite:///{tmp_path / 'once.db'}")
    bring(once, *files)
    other = OtherProcess(import_until_killed, url)
    other.pipe.send((step, str(tmp_path)))
    assert other.join() in {-signal.SIGKILL, 0}  # 0: it has fewer statements
    other.close()
    again = Store(url)
    _check_whole(again, once)
    bring(again, *files)
    for ours, theirs in zip(_comparable(again), _comparable(once), strict=True):
        assert set(ours) ^ set(theirs) == set()
    assert len(indexed(url)) == len(indexed(once.url))
    again.close()
    once.close()


def _check_whole(store: Store, once: Store) -> None:
    """Each conversation that is there is as it was in one of the exports, with all its turns."""
    if sqlite_path(store.url):
        assert query(store.url, "PRAGMA integrity_check") == [("ok",)]
        assert query(store.url, "PRAGMA foreign_key_check") == []
    in_all = {key: count for key, _, count in query(once.url, _WHOLE)}
    for key, tip, count in query(store.url, _WHOLE):
        assert tip >= 1
        assert count in {in_all[key], in_all[key] - 1}  # the second export adds a turn to some
    loose = "SELECT count(*) FROM runs WHERE turn_id NOT IN (SELECT id FROM turns)"
    assert query(store.url, loose) == [(0,)]


def _comparable(store: Store) -> list[list[tuple[str, ...]]]:
    """All that was imported, whatever types a database gives times in."""
    return [sorted(tuple(str(value)[:19] for value in row) for row in rows) for rows in everything(store)]
