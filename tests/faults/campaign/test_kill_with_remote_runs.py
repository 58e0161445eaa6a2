"""SIGKILL, for real, where a server knows more than the database: the next command asks it.

``tests/faults`` kills at every point of a turn in the foreground; here is what that leaves: runs
in the background, taken up after the last event that was kept, and runs whose id never arrived.
"""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.campaign.api_modes import ASSISTANTS, BACKGROUND, FOREGROUND, ApiMode
from tests.faults.campaign.conftest import Count
from tests.faults.campaign.scenario import Outcome
from tests.faults.kill_trial import Point, Trial, kill_at
from tests.support.commands import CommandResult, Running
from tests.support.processes import Home
from tests.support.sampling import sampled
from tests.wire import WireServer

AHEAD = BACKGROUND.ahead
POINTS = [
    *(
        (BACKGROUND, Point("responses", BACKGROUND.turn, after))
        for after in (1, 3, AHEAD, AHEAD + 2, AHEAD + 9, 20)
    ),
    (BACKGROUND, Point("responses", BACKGROUND.turn, AHEAD + 4, fresh=True)),
    (BACKGROUND, Point("responses", BACKGROUND.turn, AHEAD + 6, racing=True)),
    *((FOREGROUND, Point("responses", FOREGROUND.turn, heard=heard)) for heard in (False, True)),
    *((ASSISTANTS, Point("assistants", ASSISTANTS.turn, heard=heard)) for heard in (False, True)),
]


class _Killed(Trial):
    """A trial whose killed process runs its turn in the background, where it can."""

    def begin(self) -> Running:
        more = ("--background",) if self.name.startswith("background") else ()
        return self.home.start("send", self.name, self.text, *more)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A home with patience for a second."""
    folder: Path = tmp_path_factory.mktemp("killed") / "home"
    with Home(folder) as home:
        home.configure("recover_seconds = 1.0\nrun_seconds = 10.0")
        yield home


@pytest.fixture(scope="module")
def wire(place: Home) -> Iterator[WireServer]:
    """A server for both APIs."""
    with WireServer() as running:
        for api in ("responses", "assistants"):
            place.provider(api, running.base_url)
        yield running
    assert running.violations == []


@pytest.mark.parametrize(
    "at",
    sampled(range(len(POINTS)), lambda at: POINTS[at][0].name, 2),
    ids=lambda at: f"{POINTS[at][0].name}-{POINTS[at][1]}",
)
def test_killed(at: int, place: Home, wire: WireServer, count: Count) -> None:
    mode, point = POINTS[at]
    trial = _Killed(place, f"{mode.name}-{at}", mode.api, point.fresh)
    trial.prepare()
    pid, code = kill_at(wire, trial, point, lambda: _is_kept(trial, mode, point))
    assert code == -signal.SIGKILL or point.racing
    live = trial.column("state") in ("pending", "running")
    cursor, kept = trial.column("cursor"), trial.kept()
    trial.check_killed()
    done = trial.recover(by_history=at % 2 == 0)
    turn = trial.turns(done)[trial.position - 1]
    heard = wire.turns_heard.count(trial.text)
    whole = f"{trial.position} user turns; you said: '{trial.text}'"
    complete = turn["state"] == "completed"
    figures = trial.figures(done, wire.turns_heard)
    count(
        f"{mode.name}, kill -9",
        Outcome(int(complete), int(not complete), figures["lost"], figures["doubled"]),
    )
    _check(trial, pid, live, done)
    assert (complete, turn["answer"] or "") == (heard == 1, whole if heard else "")
    assert whole.startswith(kept)
    if cursor and at % 2 and not point.racing:  # taken up by a turn: what was kept is not asked for again
        asked = [request.query.get("starting_after") for request in wire.requests if request.method == "GET"]
        assert str(cursor) in asked
    assert heard <= 1


def _check(trial: Trial, pid: int, live: bool, done: list[CommandResult]) -> None:
    """The first command tells of the run; all that was said is there once, and nothing is left open."""
    assert [result.code for result in done] == [0] * len(done), done
    log = f"{trial.name}@{trial.position} was interrupted: process {pid} on "
    assert [log in result.err for result in done] == [live, *(False for _ in done[1:])]
    assert not live or f"{trial.name}@{trial.position} is complete now" in done[0].err
    assert [turn["user"] for turn in trial.turns(done)] == trial.asked
    trial.check_memory(done)


def _is_kept(trial: Trial, mode: ApiMode, point: Point) -> bool:
    """Whether the client has written down all that the server told it up to the point."""
    if not point.after:
        return bool(trial.column("sent_at"))
    if point.after <= mode.ahead:
        return bool(trial.column("remote_id"))
    return bool(trial.column("cursor") == min(point.after, 17) - 1)
