"""A process killed at any moment loses nothing that it had committed, and leaves nothing half done."""

import random
import time

import pytest

from chatmgr.domain.states import LIVE, RunState
from chatmgr.store import locks
from chatmgr.store.location import sqlite_path
from tests.faults import store_worker as worker
from tests.support.store import Store, query
from tests.support.store_processes import OtherProcess

Report = tuple[str, int, str]
SEED = 20260826
KILLS = [
    ("sqlite", 6),
    ("postgresql", 3),
    pytest.param("sqlite", 25, marks=pytest.mark.campaign),
    pytest.param("postgresql", 5, marks=pytest.mark.campaign),
]
REPORTS = 40  # the latest report after which a worker is killed


def _kill_after(url: str, reports: int, delay: float) -> list[Report]:
    """Let a worker report so many commits, kill it as it goes on; returns all that it reported."""
    other = OtherProcess(worker.run_turns, url)
    reports_heard = [other.pipe.recv() for _ in range(reports)]
    time.sleep(delay)  # not to wait for anything: to meet it within a commit
    other.kill()
    reports_heard += other.rest()
    other.close()
    return reports_heard


def _check_everything_reported(store: Store, reports: list[Report]) -> None:
    """What each report claims is in the database, or something that came after it."""
    turns = {turn.turn: turn for turn in store.reader.turns.list(store.now())}
    for step, position, text in reports:
        turn = turns[position]
        assert turn.user == f"question {position}"
        if step == "sending":
            assert turn.state != "pending"
        if step == "checkpoint":
            assert turn.answer.startswith(text)
        if step == "closed":
            assert (turn.answer, turn.state) == (text, "completed")
            assert turn.input_tokens == position


def _check_nothing_half_done(store: Store) -> None:
    """Each turn is whole, positions have no gaps, and at most the last run is live."""
    url, plan = store.url, store.now()
    assert query(url, "SELECT position FROM turns ORDER BY position") == [(n + 1,) for n in range(plan.turns)]
    whole = query(
        url,
        "SELECT t.id, count(DISTINCT m.id), count(DISTINCT r.id), min(r.id) = t.run_id FROM turns t"
        " LEFT JOIN messages m ON m.turn_id = t.id AND m.role = 'user'"
        " LEFT JOIN runs r ON r.turn_id = t.id GROUP BY t.id, t.run_id",
    )
    assert {(users, runs, bool(same)) for _, users, runs, same in whole} == {(1, 1, True)}
    states = [RunState(state) for (state,) in query(url, "SELECT state FROM runs ORDER BY id")]
    live = [number for number, state in enumerate(states) if state in LIVE]
    assert live in ([], [len(states) - 1])
    assert plan.live == bool(live)
    if sqlite_path(url):
        assert query(url, "PRAGMA integrity_check") == [("ok",)]
        assert query(url, "PRAGMA foreign_key_check") == []


@pytest.mark.parametrize(("kind", "kills"), KILLS)
def test_kill_at_many_points(kind: str, kills: int, request: pytest.FixtureRequest) -> None:
    """Each worker takes over what the one before left behind, as the engine does."""
    url = request.getfixturevalue("sqlite_url" if kind == "sqlite" else "postgres_url")
    store = Store(url)
    number = store.conversation().pk
    store.reader.close()
    points = random.Random(SEED)
    reports: list[Report] = []
    for _ in range(kills):
        reports += _kill_after(url, points.randint(1, REPORTS), points.uniform(0, 0.004))
        locks.acquire(url, number, wait=True).release()  # the server has noticed: nothing is under way
        _check_nothing_half_done(store)
        _check_everything_reported(store, reports)
        store.reader.close()
    taken_over = [step for step, _, _ in reports].count("taken over")
    assert taken_over > 0, "no worker was killed while its run was live"
    store.close()
