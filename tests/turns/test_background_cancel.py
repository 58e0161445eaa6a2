"""Background runs that are stopped: by Ctrl-C, from elsewhere, after their process died."""

import signal
from typing import Any

import pytest

from tests.support.commands import AHEAD, Chatmgr
from tests.support.remote_threads import TURN, adopt_thread, check_complete, end_by_signal, long_answer, until
from tests.wire import Fault, Gate, WireServer

FAR = AHEAD["responses"] + 1 + 6  # events: a few words of the answer; background runs tell one more


@pytest.fixture
def demo(chatmgr: Chatmgr, wire: WireServer) -> Chatmgr:
    """The conversation ``demo``, with a turn, and a server whose answers are long."""
    adopt_thread(chatmgr, wire, "responses", 1)
    wire.world.deltas = 40
    return chatmgr


class TestStopped:
    def running(self, demo: Chatmgr, wire: WireServer) -> Any:
        """A process in the middle of a background answer."""
        gate = Gate()
        wire.fault(Fault(kind="gate", match=TURN["responses"], after=FAR, gate=gate))
        process = demo.start("send", "demo", "two", "--background")
        gate.wait_reached()
        until(lambda: demo.rows("SELECT cursor FROM runs ORDER BY id DESC LIMIT 1") == [(FAR - 1,)])
        return process, gate

    def test_by_ctrl_c(self, demo: Chatmgr, wire: WireServer) -> None:
        process, gate = self.running(demo, wire)
        error = end_by_signal(process, signal.SIGINT)
        gate.open()
        assert process.wait().code == 130
        assert "Stopped; what had arrived is kept." in error
        turn = demo.turn("demo@2")
        assert turn["state"] == "cancelled"
        assert wire.requests[-1].path == f"/responses/{turn['run_id']}/cancel"
        assert long_answer(wire, 2, "two").startswith(turn["answer"])

    def test_what_a_dead_process_left(self, demo: Chatmgr, wire: WireServer) -> None:
        process, gate = self.running(demo, wire)
        end_by_signal(process)
        gate.open()
        assert demo("runs", "cancel", "demo").err == "demo@2 is cancelled.\n"
        turn = demo.turn("demo@2")
        assert (turn["state"], bool(turn["answer"])) == ("cancelled", True)
        assert wire.requests[-1].path == f"/responses/{turn['run_id']}/cancel"
        assert "no open run of “demo”" in demo.refused(5, "runs", "cancel", "demo")
        assert "no open run of “demo”" in demo.refused(5, "runs", "wait", "demo")

    def test_where_another_process_follows_it(self, demo: Chatmgr, wire: WireServer) -> None:
        process, gate = self.running(demo, wire)
        error = demo("runs", "cancel", "demo").err
        assert f"demo@2 is cancelled on the server; process {process.pid} on " in error
        gate.open()
        assert process.wait().code == 8
        assert demo.turn("demo@2")["state"] == "cancelled"

    def test_a_run_in_the_foreground_is_stopped_where_it_runs(self, demo: Chatmgr, wire: WireServer) -> None:
        gate = Gate()
        wire.fault(Fault(kind="gate", match=TURN["responses"], after=FAR, gate=gate))
        process = demo.start("send", "demo", "two")
        gate.wait_reached()
        assert "It can only be stopped there, with Ctrl-C." in demo.refused(8, "runs", "cancel", "demo")
        gate.open()
        process.wait()
        check_complete(demo, wire)
