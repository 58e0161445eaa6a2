"""SIGKILL with PostgreSQL underneath, and with the embedded model."""

import signal
from collections.abc import Callable

import pytest

from tests.faults.kill_trial import LIVE, Point, Trial, kill_at
from tests.support.processes import Home, until
from tests.wire import WireServer

ON_POSTGRES = [
    Point("responses", "/responses"),
    Point("responses", "/responses", 8),
    Point("completions", "/chat/completions", 4),
]


@pytest.mark.parametrize("either", ["postgresql"], indirect=True)
@pytest.mark.parametrize("point", ON_POSTGRES, ids=str)
def test_killed_on_postgres(
    either: Home, point: Point, record_property: Callable[[str, object], None]
) -> None:
    place = either
    with WireServer() as wire:
        place.provider(point.api, wire.base_url)
        trial = Trial(place, "trial", point.api, point.fresh)
        trial.prepare()
        pid, code = kill_at(wire, trial, point, lambda: trial.column(_told(point)))
        assert (code, trial.column("state") in LIVE) == (-signal.SIGKILL, True)
        trial.check_killed()
        done = trial.recover(by_history=point.after is None)
        record_property("kill:PostgreSQL", trial.figures(done, wire.turns_heard))
        turn = trial.check_recovered(pid, True, done)
        trial.check_memory(done)
        assert turn["state"] == ("completed" if point.api == "responses" else "interrupted")
        assert max(map(wire.turns_heard.count, trial.asked)) == 1


def _told(point: Point) -> str:
    """The column that is written once the client has heard of what comes before the point."""
    return "remote_id" if point.after and point.api != "completions" else "sent_at"


@pytest.mark.parametrize("moment", ["loading", "first checkpoint", "later checkpoint"])
def test_killed_with_the_embedded_model(
    embedded: Home, moment: str, record_property: Callable[[str, object], None]
) -> None:
    trial = Trial(embedded, "trial", "local", fresh=True)
    talkative = ("--param", "ignore_eos=true", "--param", "max_tokens=400")
    made = embedded.run("new", trial.name, "--provider", "local", "-i", "You talk a lot.", *talkative)
    assert made.code == 0
    begun = trial.begin()
    try:
        until(lambda: _is_there(trial, moment), moment)
    finally:
        code = begun.kill()
    assert (code, trial.column("state") in LIVE) == (-signal.SIGKILL, True)
    trial.check_killed()
    kept = trial.kept()
    assert embedded.start("assistant", "edit", trial.name, "--param", "max_tokens=8").wait().code == 0
    sent = embedded.start("send", trial.name, trial.asked[-1]).wait()
    done = [sent, embedded.run("history", trial.name, "--json")]
    assert sent.code == 8  # eight tokens are not all it would say
    assert "the limit of its length was reached" in sent.err
    record_property("kill:embedded model", trial.figures(done))
    turn = trial.check_recovered(begun.pid, True, done, codes=[8, 0])
    assert (turn["state"], turn["answer"] or "") == ("interrupted", kept)
    assert bool(kept) == ("checkpoint" in moment)


def _is_there(trial: Trial, moment: str) -> bool:
    """Whether the moment has come, as the database tells it."""
    if moment == "loading":
        return bool(trial.column("state") == "pending")
    if moment == "first checkpoint":
        return bool(trial.kept())
    return len(trial.kept()) > 150
