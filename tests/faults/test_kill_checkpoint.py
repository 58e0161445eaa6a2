"""What has arrived of an answer is written down at least once a second, whatever comes next."""

import signal
import time

import pytest

from tests.faults.kill_trial import Point, Trial, kill_at
from tests.support.commands import AHEAD, APIS, TURN
from tests.support.processes import PATIENCE, Home, until
from tests.wire import Fault, Gate, WireServer


@pytest.mark.parametrize("api", APIS)
def test_killed_while_the_server_thinks(place: Home, api: str) -> None:
    """Nothing comes after the fourth delta: it is on disk all the same, and outlives process and server."""
    with WireServer(abandoned="drop") as wire:
        place.provider(api, wire.base_url)
        trial = Trial(place, "slow", api, fresh=True)
        trial.prepare()
        arrived = f"1 user turns; you said: '{trial.text}'"[: len("1 user turns; you")]
        point = Point(api, TURN[api][1], AHEAD[api] + 4)
        pid, code = kill_at(wire, trial, point, lambda: trial.kept() == arrived)
        assert code == -signal.SIGKILL
        done = trial.recover(by_history=True)
        turn = trial.check_recovered(pid, True, done)
        assert turn["answer"] == arrived
        assert turn["state"] == ("failed" if api == "assistants" else "interrupted")
        assert f"{len(arrived)} characters of the answer are kept" in done[0].err
        trial.check_memory(done)


def test_no_more_than_a_second_is_at_risk(place: Home) -> None:
    """How old unwritten text may get, by the clock: from the server's last word to the disk."""
    with WireServer() as wire:
        place.provider("completions", wire.base_url)
        trial = Trial(place, "clock", "completions", fresh=True)
        trial.prepare()
        gate = Gate()
        wire.fault(Fault(kind="gate", match=TURN["completions"], after=8, gate=gate))
        running = trial.begin()
        try:
            gate.wait_reached(PATIENCE)
            since = time.monotonic()
            text = until(trial.kept, "the checkpoint")
            assert time.monotonic() - since < 3  # one second, and what a busy machine adds
            assert f"1 user turns; you said: '{trial.text}'".startswith(text)
        finally:
            running.kill()
