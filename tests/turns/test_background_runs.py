"""Background runs (Responses): begun once, taken up again after whatever happened to this side."""

from typing import Any

import pytest

from tests.support.commands import AHEAD, KEY, Chatmgr
from tests.support.remote_threads import (
    TURN,
    adopt_thread,
    check_complete,
    create_thread,
    echo_of,
    end_by_signal,
    last_turn,
    long_answer,
    past_turns,
    queries_of,
    until,
    write_settings,
)
from tests.wire import Fault, Gate, WireServer
from tests.wire.parts import as_json
from tests.wire.responses import Responses

RESPONSE = ("GET", "/responses/[^/]+")
NO_STREAM = Fault(
    kind="status",
    status=400,
    match=TURN["responses"],
    message="Streaming is not supported with background=true.",
    code="unsupported_parameter",
)
FAR = AHEAD["responses"] + 1 + 6  # events: a few words of the answer; background runs tell one more


@pytest.fixture(params=["responses", "assistants"])
def api(request: pytest.FixtureRequest) -> str:
    """Each API that keeps threads."""
    return str(request.param)


@pytest.fixture
def demo(chatmgr: Chatmgr, wire: WireServer) -> Chatmgr:
    """The conversation ``demo``, with a turn, and a server whose answers are long."""
    adopt_thread(chatmgr, wire, "responses", 1)
    wire.world.deltas = 40
    return chatmgr


def interrupted(demo: Chatmgr, wire: WireServer, *, saved: bool, args: tuple[str, ...] = ()) -> None:
    """A background run whose process is killed in the middle of the answer."""
    gate = Gate()
    wire.fault(Fault(kind="gate", match=TURN["responses"], after=FAR, gate=gate))
    process = demo.start("send", "demo", "two", *(args or ("--background",)))
    gate.wait_reached()
    newest = "FROM runs ORDER BY id DESC LIMIT 1"
    until(lambda: demo.rows(f"SELECT remote_id {newest}") != [("",)])
    if saved:
        until(lambda: demo.rows(f"SELECT cursor {newest}") == [(FAR - 1,)])
    end_by_signal(process)
    gate.open()


class TestKilled:
    @pytest.mark.parametrize("how", ["resume", "wait", "history", "send"])
    def test_continued_after_the_cursor(self, demo: Chatmgr, wire: WireServer, how: str) -> None:
        interrupted(demo, wire, saved=True)
        [left] = demo.json("runs")
        assert (left["conversation"], left["turn"], left["state"]) == ("demo", 2, "running")
        assert (left["background"], left["provider"]) == (True, "wire")
        command = {"wait": ("runs", "wait", "demo"), "send": ("send", "demo", "three")}
        if how == "send":
            wire.world.deltas = None
        done = demo(*command.get(how, (how, "demo")))
        assert "demo@2 was interrupted" in done.err
        assert "demo@2 is complete now" in done.err
        queries = queries_of(wire, "GET", left["run_id"])
        stream = {"stream": "true", "starting_after": str(FAR - 1)}
        assert queries == ([{}, {}] if how == "history" else [stream])
        if how == "send":
            assert done.out == echo_of(3, "three")
            return
        if how != "resume":
            assert long_answer(wire, 2, "two") in done.out
        check_complete(demo, wire)

    def test_with_or_without_a_checkpoint(self, demo: Chatmgr, wire: WireServer) -> None:
        interrupted(demo, wire, saved=False)
        done = demo("runs", "wait", "demo", "--json")
        assert done.json()[0]["answer"] == long_answer(wire, 2, "two")
        check_complete(demo, wire)

    def test_where_the_stream_is_not_given_again(self, demo: Chatmgr, wire: WireServer) -> None:
        interrupted(demo, wire, saved=True)
        wire.fault(Fault(kind="status", status=400, match=RESPONSE))
        demo("resume", "demo")
        assert len(queries_of(wire, "GET", demo.turn("demo@2")["run_id"])) >= 2
        check_complete(demo, wire)

    def test_and_the_second_stream_breaks_too(self, demo: Chatmgr, wire: WireServer) -> None:
        interrupted(demo, wire, saved=True)
        wire.fault(Fault(kind="cut", match=RESPONSE, after=3))
        demo("resume", "demo")
        cursors = [
            query.get("starting_after") for query in queries_of(wire, "GET", demo.turn("demo@2")["run_id"])
        ]
        assert cursors == [str(FAR - 1), str(FAR + 2)]
        check_complete(demo, wire)

    def test_and_the_server_did_not_keep_it(self, demo: Chatmgr, wire: WireServer) -> None:
        interrupted(demo, wire, saved=True)
        wire.fault(Fault(kind="forget", match=RESPONSE))
        done = demo("runs", "wait", "demo", code=8)
        [told] = [line for line in done.err.splitlines() if "demo@2" in line]
        assert "ended before its answer did (the server did not keep the response); " in told
        assert told.endswith(" characters of the answer are kept.")
        assert demo.json("runs") == []
        turn = demo.turn("demo@2")
        assert turn["state"] == "interrupted"
        assert long_answer(wire, 2, "two").startswith(turn["answer"])

    def test_by_the_assistants_own_wish(self, demo: Chatmgr, wire: WireServer) -> None:
        demo("assistant", "edit", "demo", "--param", "background=true")
        interrupted(demo, wire, saved=True, args=("--json",))
        assert wire.requests[-1].body["background"] is True
        assert demo.json("runs")[0]["background"] is True
        demo("resume", "demo")
        check_complete(demo, wire)

    def test_a_run_in_the_foreground_is_fetched(self, demo: Chatmgr, wire: WireServer) -> None:
        interrupted(demo, wire, saved=True, args=("--json",))
        assert demo.json("runs")[0]["background"] is False
        demo("runs", "wait", "demo")
        check_complete(demo, wire)


def test_what_was_held_back_when_the_process_was_killed(chatmgr: Chatmgr) -> None:
    """The end of a long piece might be the beginning of the key, and waits for the next one."""
    pieces = ["It is ", f"{'x' * 5_000}{KEY[:8]}", "! No: ", "another ", "one."]
    with WireServer(reply=lambda messages, instructions: "".join(pieces), split=lambda text: pieces) as wire:
        chatmgr.provider("responses", wire.base_url)
        gate = Gate()
        wire.fault(Fault(kind="gate", match=TURN["responses"], after=AHEAD["responses"] + 2, gate=gate))
        wire.fault(Fault(kind="hang", match=TURN["responses"], after=AHEAD["responses"] + 3))
        process = chatmgr.start("new", "demo", "hi", "-i", "x", "--provider", "wire", "--background")
        gate.wait_reached()
        until(lambda: chatmgr.rows("SELECT cursor FROM runs") != [(None,)])
        gate.open()
        until(lambda: "xxx" in process.out)
        end_by_signal(process)
        wire.fault(Fault(kind="cut", match=RESPONSE, after=2))
        wire.fault(Fault(kind="forget", match=RESPONSE, nth=2, times=0))
        chatmgr("runs", "wait", "demo", code=8)
        answer = chatmgr.turn("demo@1")["answer"]
        assert KEY[:8] in answer
        assert "".join(pieces).startswith(answer)


class TestALineThatBreaks:
    def test_continued_at_once(self, demo: Chatmgr, wire: WireServer) -> None:
        wire.fault(Fault(kind="cut", match=TURN["responses"], after=FAR))
        done = demo("send", "demo", "two", "--background")
        assert done.out == long_answer(wire, 2, "two") + "\n"
        assert queries_of(wire, "GET", last_turn(demo)["run_id"]) == [
            {"stream": "true", "starting_after": str(FAR - 1)}
        ]
        check_complete(demo, wire)

    def test_and_stays_broken(self, demo: Chatmgr, wire: WireServer) -> None:
        write_settings(demo, retry_attempts=1)
        wire.fault(Fault(kind="cut", match=TURN["responses"], after=FAR))
        wire.fault(Fault(kind="reset", match=RESPONSE, times=0))
        done = demo("send", "demo", "two", "--background", code=6)
        assert "chatmgr runs" in done.err.splitlines()[-1]
        assert [run["state"] for run in demo.json("runs")] == ["running"]
        assert "stays open" in demo("send", "demo", "again?", code=6).err
        wire.clear_faults()
        assert long_answer(wire, 2, "two") in demo("runs", "wait", "demo").out
        check_complete(demo, wire)

    @pytest.mark.parametrize("api", ["assistants"], indirect=True)
    def test_an_assistants_run_stays_too(self, chatmgr: Chatmgr, wire: WireServer, api: str) -> None:
        adopt_thread(chatmgr, wire, api, 1)
        write_settings(chatmgr, retry_attempts=1)
        wire.fault(Fault(kind="cut", match=TURN[api], after=AHEAD[api] + 2))
        wire.fault(Fault(kind="reset", match=("GET", "/threads/.*/runs/.*"), times=0))
        chatmgr("send", "demo", "two", code=6)
        assert chatmgr.json("runs")[0]["state"] == "running"
        wire.clear_faults()
        assert echo_of(2, "two").strip() in chatmgr("runs", "wait", "demo").out
        assert chatmgr("send", "demo", "three").out == echo_of(3, "three")
        assert wire.turns_heard == ["two", "three"]


class TestPolled:
    def test_where_background_is_not_streamed(self, demo: Chatmgr, wire: WireServer) -> None:
        wire.fault(NO_STREAM)
        wire.world.background_polls = 3
        done = demo("send", "demo", "two", "--background")
        assert done.out == long_answer(wire, 2, "two") + "\n"
        assert "The server does not stream background runs" in done.err
        assert len(queries_of(wire, "GET", last_turn(demo)["run_id"])) == 3
        check_complete(demo, wire)

    def test_still_in_progress(self, demo: Chatmgr, wire: WireServer) -> None:
        write_settings(demo, run_seconds=1)
        wire.fault(NO_STREAM)
        wire.world.background_polls = 10_000
        error = demo("send", "demo", "two", "--background", code=6).err.splitlines()[-1]
        assert error.endswith("Wait for it: chatmgr runs wait demo — or give it up: chatmgr runs cancel demo")
        for command in (("send", "demo", "three"), ("resume", "demo"), ("runs", "wait", "demo")):
            error = demo(*command, code=6).err
            assert "The server is still working on the answer." in error
            assert "demo@2 stays open. Wait for it: chatmgr runs wait demo" in error
        assert [run["turn"] for run in demo.json("runs")] == [2]
        turns = next(iter(vars(wire._memories[1])["_turns"].values()))
        turns.polls = 1
        assert long_answer(wire, 2, "two") in demo("runs", "wait", "demo").out
        check_complete(demo, wire)

    def test_reading_does_not_wait(self, demo: Chatmgr, wire: WireServer) -> None:
        write_settings(demo, run_seconds=1)
        wire.fault(NO_STREAM)
        wire.world.background_polls = 10_000
        demo("send", "demo", "two", "--background", code=6)
        path = demo.home / "config.toml"
        path.write_text(path.read_text("utf-8").replace("run_seconds = 1\n", ""), "utf-8")
        done = demo("history", "demo")
        assert "“demo” is still being answered. Wait for it: chatmgr runs wait demo" in done.err
        assert "question 1" in done.out
        assert demo.json("runs")[0]["state"] == "running"

    def test_stuck_in_the_queue(
        self, demo: Chatmgr, wire: WireServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def queued(api: Responses, call: Any) -> Any:
            turn = api._named(call)
            turn.polls = 99
            real(api, call)
            turn.current["status"] = "queued"
            return as_json(turn.current)

        real = Responses._read
        monkeypatch.setattr(Responses, "_read", queued)
        with WireServer() as server:
            thread = create_thread(server, "responses", past_turns(1))
            demo.provider("responses", server.base_url, "slow")
            write_settings(demo, queued_seconds=1)
            demo("thread", "adopt", thread, "waits", "--provider", "slow")
            server.fault(NO_STREAM)
            done = demo("send", "waits", "two", "--background", code=8)
            assert "The run was cancelled: it waited too long in the server's queue." in done.err
            assert queries_of(server, "POST", "/cancel") == [{}]
        turn = last_turn(demo, "waits")
        assert (turn["state"], turn["detail"]) == ("cancelled", "queued")
        assert demo.json("runs") == []


class TestElsewhere:
    def test_an_api_without_background(self, demo: Chatmgr, wire: WireServer, other: WireServer) -> None:
        demo("assistant", "edit", "demo", "--param", "background=true")
        demo.provider("completions", other.base_url, "small")
        quiet = demo("send", "demo", "two", "--provider", "small")
        assert quiet.err == ""
        told = demo("send", "demo", "three", "--background")
        assert told.err == "small cannot run in the background; this process has to keep running.\n"
        assert all("background" not in request.body for request in other.requests if request.body)
        assert demo.rows("SELECT background FROM runs ORDER BY id DESC LIMIT 2") == [(0,), (0,)]

    @pytest.mark.parametrize("verb", ["new", "resume"])
    def test_by_each_verb(self, demo: Chatmgr, wire: WireServer, verb: str) -> None:
        if verb == "new":
            demo("new", "second", "two", "-i", "x", "--provider", "wire", "--background")
        else:
            demo("resume", "demo", "--background", stdin=b"two\n")
        assert wire.requests[-1].body["background"] is True
        assert demo.rows("SELECT background FROM runs ORDER BY id DESC LIMIT 1") == [(1,)]
