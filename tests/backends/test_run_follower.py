"""Runs of the Assistants API: every status, limits for those that never end, and functions to answer."""

import re
from typing import Any

import pytest

from tests.support.commands import Chatmgr
from tests.support.remote_threads import (
    TURN,
    adopt_thread,
    at_terminal,
    echo_of,
    end_by_signal,
    last_turn,
    thread_of,
    write_settings,
)
from tests.wire import Fault, Gate, Wild, WireServer
from tests.wire.runs import Runs

CALL = "look_up({})"
WAITING = (
    rf"demo@2 is waiting for the output of {re.escape(CALL)}\. "
    r"Answer: chatmgr runs answer demo \w+=OUTPUT — or decline: chatmgr runs answer demo --decline\n"
)


@pytest.fixture
def demo(chatmgr: Chatmgr, wire: WireServer) -> Chatmgr:
    """The conversation ``demo`` at the Assistants API, with a turn."""
    adopt_thread(chatmgr, wire, "assistants", 1)
    return chatmgr


def posted(wire: WireServer, ending: str) -> list[Any]:
    """The bodies of what was posted to paths that end so."""
    return [
        request.body
        for request in wire.requests
        if request.method == "POST" and request.path.endswith(ending)
    ]


def waiting(demo: Chatmgr, wire: WireServer, *then: str) -> None:
    """A run that waits for a function, left by a process that had nobody to ask."""
    wire.script_run("queued", "in_progress", "requires_action", *then)
    error = demo("send", "demo", "look it up", code=8).err
    assert re.fullmatch(f"chatmgr: {WAITING}", error)


ENDS: dict[str, tuple[tuple[str, ...], int, str, str | None]] = {
    "queued": (("queued", "queued", "completed"), 0, "completed", None),
    "in_progress": (("queued", "in_progress", "in_progress", "completed"), 0, "completed", None),
    "completed": (("completed",), 0, "completed", None),
    "incomplete": (("queued", "incomplete"), 8, "incomplete", "length"),
    "failed": (("queued", "in_progress", "failed"), 8, "failed", None),
    "expired": (("queued", "in_progress", "expired"), 8, "failed", "expired"),
    "cancelled": (("queued", "cancelling", "cancelled"), 8, "cancelled", None),
}


@pytest.mark.parametrize("streamed", [True, False])
@pytest.mark.parametrize("status", ENDS)
def test_each_end(chatmgr: Chatmgr, status: str, streamed: bool) -> None:
    script, code, state, detail = ENDS[status]
    with WireServer(wild=Wild(no_streaming=not streamed)) as wire:
        adopt_thread(chatmgr, wire, "assistants", 1)
        wire.script_run(*script)
        done = chatmgr("send", "demo", "two", code=code)
        assert wire.violations == []
        turn = last_turn(chatmgr)
        assert (turn["state"], turn["detail"]) == (state, detail)
        assert (done.out == echo_of(2, "two")) == (
            status in {"queued", "in_progress", "completed", "incomplete"}
        )
        assert chatmgr.json("runs") == []
        assert chatmgr("send", "demo", "three").out.endswith("you said: 'three'\n")


class TestRunsThatNeverEnd:
    @pytest.mark.parametrize("stuck", ["queued", "in_progress"])
    def test_stuck(self, demo: Chatmgr, wire: WireServer, stuck: str) -> None:
        write_settings(demo, run_seconds=1)
        wire.script_run(*dict.fromkeys(("queued", stuck)))
        done = demo("send", "demo", "two", code=8)
        assert "The run was interrupted: the run did not end in time, and was cancelled." in done.err
        assert len(posted(wire, "/cancel")) == 1
        assert (last_turn(demo)["state"], last_turn(demo)["detail"]) == ("interrupted", stuck)
        assert demo.json("runs") == []
        wire.script_run("completed")
        assert demo("send", "demo", "three").out.endswith("you said: 'three'\n")

    def test_cancelling_for_ever(self, demo: Chatmgr, wire: WireServer) -> None:
        write_settings(demo, recover_seconds=1)
        wire.script_run("queued", "cancelling")
        done = demo("send", "demo", "two", code=8)
        assert "The run was cancelled: the server never finished cancelling." in done.err
        assert posted(wire, "/cancel") == []
        assert (last_turn(demo)["state"], last_turn(demo)["detail"]) == ("cancelled", "cancelling")
        assert demo("send", "demo", "three").out.endswith("you said: 'three'\n")

    def test_somebody_elses_run_is_waited_for(self, demo: Chatmgr, wire: WireServer) -> None:
        wire.fault(Fault(kind="lock", match=TURN["assistants"]))
        wire.fault(Fault(kind="lock", match=("POST", "/threads/[^/]+/messages")))
        done = demo("send", "demo", "two")
        assert done.out == echo_of(2, "two")
        assert done.err == ""
        assert len(posted(wire, "/runs")) == 2
        assert wire.turns_heard == ["two"]


class TestAFunctionAtATerminal:
    def test_answered(self, demo: Chatmgr, wire: WireServer) -> None:
        wire.script_run("queued", "in_progress", "requires_action")
        code, seen = at_terminal(
            demo, ["send", "demo", "look it up"], (f"calls {CALL}", ""), ("to decline)", "42 °C\r")
        )
        assert code == 0, seen
        assert echo_of(2, "look it up").strip() in seen
        assert posted(wire, "/submit_tool_outputs")[0]["tool_outputs"][0]["output"] == "42 °C"
        assert (last_turn(demo)["state"], demo.json("runs")) == ("completed", [])
        assert thread_of(demo)["state"] == "in step"

    def test_declined(self, demo: Chatmgr, wire: WireServer) -> None:
        wire.script_run("queued", "in_progress", "requires_action")
        code, seen = at_terminal(demo, ["send", "demo", "look it up"], ("to decline)", "\r"))
        assert code == 0, seen
        [submitted] = posted(wire, "/submit_tool_outputs")
        assert submitted["tool_outputs"][0]["output"] == "The user declined this call."
        assert (last_turn(demo)["state"], demo.json("runs")) == ("completed", [])

    def test_left_open(self, demo: Chatmgr, wire: WireServer) -> None:
        wire.script_run("queued", "in_progress", "requires_action")
        code, _ = at_terminal(demo, ["send", "demo", "look it up"], ("to decline)", "\x03"))
        assert code == 130
        assert [run["state"] for run in demo.json("runs")] == ["requires_action"]
        assert posted(wire, "/cancel") == []

    def test_twice_in_one_run_and_in_the_chat(self, demo: Chatmgr, wire: WireServer) -> None:
        wire.script_run("queued", "requires_action", "in_progress", "requires_action", "completed")
        code, seen = at_terminal(
            demo,
            ["resume", "demo"],
            ("❯", "look it up\r"),
            ("to decline)", "first\r"),
            ("to decline)", "second\r"),
            ("2 user turns", "exit()\r"),
        )
        assert code == 0, seen
        outputs = [output["tool_outputs"][0]["output"] for output in posted(wire, "/submit_tool_outputs")]
        assert outputs == ["first", "second"]


class TestAFunctionLater:
    def test_the_run_stays_and_what_waits_for_it_says_so(self, demo: Chatmgr, wire: WireServer) -> None:
        waiting(demo, wire)
        [left] = demo.json("runs")
        assert (left["state"], left["turn"], left["background"]) == ("requires_action", 2, False)
        assert "waiting" in demo("runs").out
        messages = len(posted(wire, "/messages"))
        for command in (("runs", "answer", "demo"), ("resume", "demo")):
            assert re.search(f"{WAITING}$", demo(*command, code=8).err)
        assert f"demo@2 is waiting for the output of {CALL}" in demo("history", "demo").err
        assert len(posted(wire, "/messages")) == messages
        assert demo.said() == ["question 1", "look it up"]

    def test_going_on_declines_it(self, demo: Chatmgr, wire: WireServer) -> None:
        waiting(demo, wire)
        done = demo("send", "demo", "three")
        assert done.out.endswith("you said: 'three'\n")
        assert done.err.startswith(
            f"demo@2 is waiting for the output of {CALL}. You go on without it, so it is declined.\n"
        )
        assert len(posted(wire, "/cancel")) == 1
        turn = demo.turn("demo@2")
        assert (turn["state"], turn["detail"]) == ("cancelled", "declined")
        assert demo.json("runs") == []

    def test_answered_from_another_process(self, demo: Chatmgr, wire: WireServer) -> None:
        waiting(demo, wire)
        code, seen = at_terminal(demo, ["runs", "answer", "demo"], (CALL, ""), ("to decline)", "42\r"))
        assert code == 0, seen
        assert echo_of(2, "look it up").strip() in seen
        assert last_turn(demo)["answer"] == echo_of(2, "look it up").strip()
        assert demo("send", "demo", "three").out == echo_of(3, "three")
        assert wire.turns_heard == ["look it up", "three"]

    def test_resume_at_a_terminal_asks(self, demo: Chatmgr, wire: WireServer) -> None:
        waiting(demo, wire)
        code, seen = at_terminal(
            demo, ["resume", "demo"], ("to decline)", "42\r"), ("2 user turns", ""), ("❯", "exit()\r")
        )
        assert code == 0, seen
        assert last_turn(demo)["state"] == "completed"

    def test_cancelled_instead(self, demo: Chatmgr, wire: WireServer) -> None:
        waiting(demo, wire)
        assert demo("runs", "cancel", "demo").err == "demo@2 is cancelled.\n"
        assert len(posted(wire, "/cancel")) == 1
        assert demo("send", "demo", "three").out.endswith("you said: 'three'\n")

    @pytest.mark.parametrize("how", ["send", "answer"])
    def test_too_late(self, demo: Chatmgr, wire: WireServer, how: str) -> None:
        waiting(demo, wire)
        _runs(wire)._kept[demo.json("runs")[0]["run_id"]].end("expired")
        if how == "send":
            done = demo("send", "demo", "three")
            assert "demo@2 is failed" in done.err
        else:
            error = demo("runs", "answer", "demo", code=8).err
            assert "demo@2 is no longer waiting: it is failed" in error
        assert (demo.turn("demo@2")["state"], demo.turn("demo@2")["detail"]) == ("failed", "expired")
        assert demo.json("runs") == []

    def test_refused_it_waits_on(self, demo: Chatmgr, wire: WireServer) -> None:
        waiting(demo, wire)
        submit = ("POST", ".*/submit_tool_outputs")
        wire.fault(Fault(kind="status", status=400, match=submit, message="No."))
        code, seen = at_terminal(demo, ["runs", "answer", "demo"], ("to decline)", "42\r"))
        assert code == 8
        assert "wire refused (400): No." in seen
        assert demo.json("runs")[0]["state"] == "requires_action"
        # And where the line breaks, what the server heard decides: it heard nothing, and is asked again.
        wire.fault(Fault(kind="reset", match=submit))
        code, seen = at_terminal(
            demo, ["runs", "answer", "demo"], ("to decline)", "42\r"), ("to decline)", "42\r")
        )
        assert code == 0, seen
        assert demo.turn("demo@2")["state"] == "completed"

    def test_heard_though_the_line_broke(self, demo: Chatmgr, wire: WireServer) -> None:
        waiting(demo, wire)
        wire.fault(Fault(kind="cut", match=("POST", ".*/submit_tool_outputs"), after=3))
        code, seen = at_terminal(demo, ["runs", "answer", "demo"], ("to decline)", "42\r"))
        assert code == 0, seen
        assert demo.turn("demo@2")["answer"] == echo_of(2, "look it up").strip()
        assert len(posted(wire, "/submit_tool_outputs")) == 1

    def test_found_after_the_process_died(self, demo: Chatmgr, wire: WireServer) -> None:
        gate = Gate()
        wire.fault(Fault(kind="gate", match=TURN["assistants"], after=3, gate=gate))
        wire.script_run("queued", "in_progress", "requires_action")
        process = demo.start("send", "demo", "look it up")
        gate.wait_reached()
        end_by_signal(process)
        gate.open()
        assert f"is waiting for the output of {CALL}" in demo("resume", "demo", code=8).err
        assert demo.json("runs")[0]["state"] == "requires_action"
        code, _ = at_terminal(demo, ["runs", "answer", "demo"], ("to decline)", "42\r"))
        assert code == 0
        assert demo.turn("demo@2")["answer"] == echo_of(2, "look it up").strip()


def _runs(wire: WireServer) -> Runs:
    """The API that keeps the runs of a server."""
    for _, _, serve in wire._router._routes:
        owner = getattr(serve, "__self__", None)
        if isinstance(owner, Runs):
            return owner
    raise AssertionError("no runs")


def test_the_shape_of_runs(demo: Chatmgr, wire: WireServer) -> None:
    assert demo.json("runs") == []
    assert demo("runs").err == "No run is open.\n"
    waiting(demo, wire)
    [document] = demo.json("runs")
    assert list(document) == [
        *("conversation", "turn", "state", "provider", "model", "run_id", "thread_id", "background"),
        *("pid", "host", "started_at"),
    ]
    assert document["thread_id"] == thread_of(demo)["thread_id"]
    assert document["run_id"].startswith("run_")
    assert isinstance(document["pid"], int)
    assert document["started_at"].endswith("Z")
    head, row = demo("runs").out.splitlines()
    assert head.split() == ["TURN", "STATE", "PROVIDER", "MODEL", "RUN", "BACKGROUND", "SINCE"]
    assert row.split()[:3] == ["demo@2", "waiting", "wire"]


def test_killed_while_it_streams(demo: Chatmgr, wire: WireServer) -> None:
    gate = Gate()
    wire.fault(Fault(kind="gate", match=TURN["assistants"], after=9, gate=gate))
    process = demo.start("send", "demo", "two")
    gate.wait_reached()
    end_by_signal(process)
    gate.open()
    done = demo("runs", "wait", "demo", "--json")
    assert done.json()[0]["answer"] == echo_of(2, "two").strip()
    assert demo("send", "demo", "three").out == echo_of(3, "three")
    assert wire.turns_heard == ["two", "three"]


def test_two_messages_of_one_run(demo: Chatmgr, wire: WireServer) -> None:
    """They are told apart as they come, and what is the same is kept once."""
    wire.fault(Fault(kind="answer_twice", match=TURN["assistants"]))
    done = demo("send", "demo", "two")
    answer = echo_of(2, "two").strip()
    assert done.out == f"{answer}\n\n{answer}\n"
    assert done.err == ""
    assert last_turn(demo)["answer"] == answer
    assert demo("send", "demo", "three").err == ""
