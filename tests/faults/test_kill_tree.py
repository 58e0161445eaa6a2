"""An operation on the tree of turns that is killed at any moment has happened wholly, or not at all.

The process that is killed plays what another has played before, on a database of its own, so that the state
before the last operation and the state after it are known.
"""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from chatmgr.store.location import sqlite_path
from chatmgr.store.writer import OpenRun, RunOutcome
from tests.faults.tree_worker import play
from tests.store.tree_comparison import Comparison, actual, difference, expected
from tests.store.tree_model import ModelTurn
from tests.store.tree_operations import Operation, operations
from tests.store.tree_player import Player, hasten
from tests.support.processes import until
from tests.support.store import ENDPOINT, Store, query
from tests.support.store_processes import OtherProcess

KINDS = ("say", "fork", "undo", "redo", "edit", "switch", "retry", "pick", "purge")
TRIALS = [range(1), pytest.param(range(1, 13), marks=pytest.mark.campaign)]
_PREPARED_BY = {"redo": "undo", "switch": "edit", "pick": "retry", "purge": "trash"}
_ATTEMPTS = 200
_CLIENTS = """SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
AND pid <> pg_backend_pid() AND backend_type = 'client backend'"""


@dataclass(frozen=True, slots=True)
class Plan:
    """A sequence whose last operation does something: what is there before and after, and how long it takes.

    ``outcome`` is how the run ends that the operation makes, if it makes one.
    """

    sequence: list[Operation]
    what: str
    before: Comparison
    after: Comparison
    outcome: RunOutcome | None
    seconds: float


def _plan(url: str, kind: str, trial: int) -> Plan:
    """Play until an operation of this kind does something."""
    numbers = random.Random(f"{kind} {trial}")
    for attempt in range(_ATTEMPTS):
        store = Store(url.replace("NUMBER", str(attempt)))
        hasten(store)
        player = Player(store)
        last = Operation(kind, tuple(numbers.randrange(1 << 16) for _ in range(4)))  # type: ignore[arg-type]
        sequence = operations((kind, trial, attempt), 14)
        if kind in _PREPARED_BY:
            sequence.append(Operation(_PREPARED_BY[kind], last.numbers))
        for operation in sequence:
            player.play(operation)
        before, outcome, length = expected(player.tree), player.last_outcome, len(player.log)
        shared = any(len(player.tree.holders(turn)) for turn in _of_trash(player))
        began = time.monotonic()
        player.play(last)
        seconds = time.monotonic() - began
        after = expected(player.tree)
        store.close()
        if len(player.log) > length and before != after and (shared or kind != "purge"):
            made = player.last_outcome if player.last_outcome is not outcome else None
            return Plan([*sequence, last], player.log[-1], before, after, made, seconds)
    raise AssertionError(f"no {kind} in {_ATTEMPTS} sequences")


def _of_trash(player: Player) -> list[ModelTurn]:
    return [turn for each in player.tree.conversations if each.in_trash for turn in each.ever()]


@contextmanager
def _fresh(request: pytest.FixtureRequest, kind: str, folder: Path) -> Iterator[str]:
    """An empty database of its own."""
    if kind == "sqlite":
        folder.mkdir()
        yield f"sqlite:///{folder / 'chatmgr.db'}"
    else:
        with request.getfixturevalue("server").database(request.getfixturevalue("template")) as url:
            yield url


def _killed(url: str, plan: Plan, delay: float) -> bool:
    """Let another process play, and kill it within the last operation; whether that was done already."""
    other = OtherProcess(play, url)
    other.pipe.send(plan.sequence)
    assert other.pipe.recv() == "ready"
    other.pipe.send("now")
    time.sleep(delay)  # not to wait for anything: to meet it within the operation
    other.kill()
    done = "done" in other.rest()
    other.close()
    if not sqlite_path(url):
        until(lambda: query(url, _CLIENTS) == [(0,)], "the server to notice")
    return done


def _close_what_was_left(store: Store, outcome: RunOutcome | None) -> bool:
    """End the run that the process left live, if it did, as it would have ended."""
    runs = store.reader.runs.all_live()
    for live in runs:
        assert outcome is not None
        [(conversation,)] = query(store.url, f"SELECT conversation_id FROM runs WHERE id = {live.run_pk}")
        run = OpenRun(conversation, live.provider, ENDPOINT, live.run_pk, live.turn_pk, live.position)
        store.writer.runs.close(run, outcome)
    assert len(runs) < 2
    return bool(runs)


@pytest.mark.parametrize("trials", TRIALS, ids=["sample", "all"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_wholly_or_not_at_all(
    database: str,
    kind: str,
    trials: range,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    counts = {"kills": 0, "before": 0, "after": 0, "in between": 0}
    for trial in trials:
        (folder := tmp_path / f"plan-{trial}").mkdir()
        plan = _plan(f"sqlite:///{folder}/NUMBER.db", kind, trial)
        delay = random.Random(trial).uniform(0, 4 * plan.seconds)  # there, it waits for the disk
        with _fresh(request, database, tmp_path / f"killed-{trial}") as url:
            done = _killed(url, plan, delay)
            store = Store(url)
            left = _close_what_was_left(store, plan.outcome)
            present = actual(store)
            problem = difference(plan.after, present)
            if problem and not (done or left):
                problem = difference(plan.before, present)
                counts["before"] += 1
            else:
                counts["in between" if left else "after"] += 1
            counts["kills"] += 1
            store.close()
        assert not problem, f"{plan.what}\n{problem}"
    record_property(f"kill:tree, {database}", counts)
