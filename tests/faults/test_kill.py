"""SIGKILL at any moment of a turn loses nothing, doubles nothing, and leaves nothing that stays broken."""

import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from tests.faults.kill_trial import LIVE, Point, Trial, kill_at, points
from tests.support.commands import TURN
from tests.support.processes import Home
from tests.support.sampling import sampled
from tests.wire import WireServer

RESPONSES, RUNS, MESSAGES = "/responses", "/threads/[^/]+/runs", "/threads/[^/]+/messages"
COMPLETIONS = "/chat/completions"
# The answer comes in 12 deltas. Events around them: responses 4 before and 4 after, the last of which is
# the end; assistants 7 and 4, the last but one is the end; completions 1 and 3.
POINTS = [
    *points("responses", RESPONSES, [0, 1, 2, 4, 5, 8, 12, 16, 18, 19, 20], [1, 6, 19]),
    *(Point("responses", "/conversations", heard=heard, fresh=True) for heard in (False, True)),
    *points("assistants", RUNS, [0, 1, 2, 3, 5, 7, 8, 11, 15, 21, 22], [1, 9, 21]),
    *(Point("assistants", MESSAGES, heard=heard) for heard in (False, True)),
    *(Point("assistants", "/assistants", heard=heard, fresh=True) for heard in (False, True)),
    *(Point("assistants", "/threads", heard=heard, fresh=True) for heard in (False, True)),
    *points("completions", COMPLETIONS, [0, 1, 2, 3, 5, 8, 13, 14, 15, 16], [1, 6, 13]),
]
WHOLE = {"responses": 20, "assistants": 22, "completions": 16}  # events after which the client is content


@dataclass(frozen=True, slots=True)
class Stage:
    """A scripted server, and a home that knows it."""

    wire: WireServer
    home: Home


def _group(point: Point) -> tuple[object, ...]:
    """What is alike: a kill in the stream, in the race with it, or around another request of one API."""
    return point.api, point.after is not None, point.racing


@pytest.fixture(scope="module")
def stages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Stage]]:
    """One stage for each API: the database grows from trial to trial, as a user's does."""
    made: dict[str, Stage] = {}
    closing = ExitStack()

    def stage(api: str) -> Stage:
        if api not in made:
            home = closing.enter_context(Home(tmp_path_factory.mktemp(api) / "home"))
            made[api] = Stage(closing.enter_context(WireServer()), home)
            home.provider(api, made[api].wire.base_url)
        return made[api]

    with closing:
        yield stage
    assert [stage.wire.violations for stage in made.values() if stage.wire.violations] == []


@pytest.mark.parametrize("point", sampled(POINTS, _group, 2), ids=str)
def test_killed(
    point: Point, stages: Callable[[str], Stage], record_property: Callable[[str, object], None]
) -> None:
    stage = stages(point.api)
    trial = Trial(stage.home, f"trial-{POINTS.index(point)}", point.api, point.fresh)
    trial.prepare()
    pid, code = kill_at(stage.wire, trial, point, lambda: _is_kept(trial, point))
    trial.check_killed()
    state, remote = trial.column("state"), trial.column("remote_id")
    live = state in LIVE
    if point.racing or point.after == WHOLE[point.api]:
        assert code in (0, -signal.SIGKILL)  # it may have been quicker than the kill
    else:
        assert (code, live) == (-signal.SIGKILL, True)
    kept = trial.kept()
    done = trial.recover(by_history=POINTS.index(point) % 2 == 0)
    record_property(f"kill:{point.api}", trial.figures(done, stage.wire.turns_heard))
    turn = trial.check_recovered(pid, live, done)
    trial.check_memory(done)
    whole = f"{trial.position} user turns; you said: '{trial.text}'"
    # Heard, though its id never arrived: the turn is found by its place in the thread.
    made = point.api != "completions" and point.path == TURN[point.api][1]
    if state == "completed" or (remote and point.api != "completions") or made:
        assert (turn["state"], turn["answer"]) == ("completed", whole)
        assert turn["run_id"] == (remote or turn["run_id"])
    else:
        assert (turn["state"], turn["answer"] or "") == ("interrupted", kept)
        assert whole.startswith(kept)
    assert max(map(stage.wire.turns_heard.count, trial.asked)) == 1


def _is_kept(trial: Trial, point: Point) -> bool:
    """Whether the client has written down all that the server told it up to the point."""
    path = TURN[point.api][1]
    if point.path == path and point.after and point.api != "completions":
        return bool(trial.column("remote_id"))  # both tell it in their first event
    if point.path in (path, MESSAGES):
        return bool(trial.column("sent_at"))
    return bool(trial.column("state") == "pending")


def test_there_are_fifty_and_more() -> None:
    assert len(POINTS) >= 50
    assert len(set(POINTS)) == len(POINTS)
