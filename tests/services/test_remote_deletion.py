"""Deleting at the servers too: every thread, what they kept, what can be tried again; and live runs."""

import signal
from pathlib import Path
from typing import Any

import pytest

from tests.support.commands import Chatmgr
from tests.support.remote_threads import end_by_signal, until
from tests.wire import Fault, Gate, WireServer

DELETED = {"responses": "/conversations/[^/]+", "assistants": "/threads/[^/]+"}


@pytest.fixture(params=["responses", "assistants"])
def api(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def at_server(wire: WireServer) -> int:
    """How many threads the server has, of either API."""
    return len(wire.conversations) + len(wire._memories[2]._kept)


def asked(wire: WireServer) -> list[str]:
    return [request.path for request in wire.requests if request.method == "DELETE"]


def test_the_threads_are_gone_there_too(talking: Chatmgr, wire: WireServer, api: str) -> None:
    talking("send", "demo", "two")
    assert at_server(wire) == 1
    done = talking("delete", "demo", "--remote", "--yes")
    assert at_server(wire) == 0
    assert "at wire is deleted" in done.err
    if api == "responses":
        assert "with 2 stored answers" in done.err
        assert sum("/items/" in path for path in asked(wire)) == 4  # a server keeps those of a deleted one
        assert not wire._memories[1]._turns
    assert "the servers keep nothing of them any more" in done.err
    before = len(asked(wire))
    talking("restore", "demo")
    assert talking("send", "demo", "three").out == "3 user turns; you said: 'three'\n"
    assert len(asked(wire)) == before


def test_json_and_nothing_asked_twice(talking: Chatmgr, wire: WireServer, api: str) -> None:
    local, remote = talking("delete", "demo", "--remote", "--yes", "--json").json()
    assert (local["did"], remote["did"], remote["name"]) == ("deleted", "thread deleted", "demo")
    assert (remote["provider"], remote["kept"], remote["why"]) == ("wire", [], None)
    assert talking("delete", "demo", "--remote", "--yes", "--json").json() == []


def test_gone_already(talking: Chatmgr, wire: WireServer, api: str) -> None:
    wire._memories[0].kept.clear()
    wire._memories[2]._kept.clear()
    done = talking("delete", "demo", "--remote", "--yes")
    assert "was gone already" in done.err


@pytest.mark.parametrize("status", [403, 500])
def test_refused_is_said_and_can_be_tried_again(
    talking: Chatmgr, wire: WireServer, api: str, status: int
) -> None:
    wire.fault(Fault(kind="status", match=("DELETE", DELETED[api]), status=status, message="Not today."))
    done = talking("delete", "demo", "--remote", "--yes", code=8)
    assert "stays: wire refused" in done.err
    assert "Not today" in done.err
    assert at_server(wire) == 1
    assert [conversation["name"] for conversation in talking.json("trash", "list")] == ["demo"]
    assert "at wire is deleted" in talking("delete", "demo", "--remote", "--yes").err
    assert at_server(wire) == 0


def test_not_reachable_keeps_it_in_the_trash(talking: Chatmgr, wire: WireServer, api: str) -> None:
    talking("delete", "demo")
    talking.provider(api, "http://127.0.0.1:9/v1")
    done = talking("trash", "empty", "--remote", "--yes", code=8)
    assert "another server now" in done.err
    assert len(talking.json("trash", "list")) == 1
    talking.provider(api, wire.base_url)
    talking.env.pop("WIRE_KEY")
    assert "no key for wire" in talking("trash", "empty", "--remote", "--yes", code=8).err
    assert at_server(wire) == 1
    done = talking("trash", "empty", "--yes")
    assert "wire keeps 1 thread of it; --remote deletes them, too." in done.err
    assert talking.rows("SELECT count(*) FROM turns") == [(0,)]


def test_trash_empty_remote(talking: Chatmgr, wire: WireServer, api: str) -> None:
    talking("delete", "demo")
    talking("trash", "empty", "--remote", "--yes")
    assert at_server(wire) == 0
    assert talking.rows("SELECT count(*) FROM conversations") == [(0,)]


def test_files(chatmgr: Chatmgr, wire: WireServer) -> None:
    chatmgr.provider("assistants", wire.base_url)
    (Path(chatmgr.home).parent / "plan.pdf").write_bytes(b"%PDF-1.4 plan")
    chatmgr("new", "one", "-i", "x", "--provider", "wire", "hi")
    chatmgr("new", "two", "-a", "one", "hi")
    for name in ("one", "two"):
        chatmgr("send", name, "-f", "plan.pdf", "look")
    assert "“two” has it too" in chatmgr("delete", "one", "--remote", "--yes").err
    copies = len(wire.world.files)
    assert copies
    chatmgr("delete", "two")
    chatmgr("trash", "empty", "--remote", "--yes")
    assert asked(wire)[-1].startswith("/files")
    assert len(wire.world.files) == copies - 1
    assert chatmgr.rows("SELECT count(*) FROM blobs") == [(0,)]
    assert chatmgr.rows("SELECT count(*) FROM remote_files") == [(0,)]


RESPONSE = "/responses/[^/]+"
HTML = "<html>Not Found</html>"


class TestStoredAnswers:
    """What a server does not delete is reported as kept, whatever it answers."""

    @pytest.fixture
    def api(self) -> str:
        return "responses"

    @pytest.mark.parametrize("status", [400, 403, 405, 501])
    def test_refused(self, talking: Chatmgr, wire: WireServer, status: int) -> None:
        talking("send", "demo", "two")
        wire.fault(Fault(kind="status", match=("DELETE", RESPONSE), status=status, times=2))
        local, remote = talking("delete", "demo", "--remote", "--yes", "--json", code=8).json()
        assert (local["did"], remote["did"]) == ("deleted", "thread deleted")
        assert (remote["responses"], remote["kept"]) == (0, ["2 stored answers"])
        again = talking("delete", "demo", "--remote", "--yes")
        assert "(2 stored answers deleted) was gone already" in again.err

    def test_without_a_route_for_it(self, talking: Chatmgr, wire: WireServer) -> None:
        wire.fault(
            Fault(kind="status", match=("DELETE", RESPONSE), status=404, shape="text", message=HTML, times=0)
        )
        done = talking("delete", "demo", "--remote", "--yes", code=8)
        assert "The server keeps 1 stored answer." in done.err

    def test_called_unknown_and_shown_all_the_same(self, talking: Chatmgr, wire: WireServer) -> None:
        wire.fault(Fault(kind="status", match=("DELETE", RESPONSE), status=404, times=0))
        done = talking("delete", "demo", "--remote", "--yes", code=8)
        assert "The server keeps 1 stored answer." in done.err

    @pytest.mark.parametrize("status", [404, 410])
    def test_gone(self, talking: Chatmgr, wire: WireServer, status: int) -> None:
        for method in ("DELETE", "GET"):
            wire.fault(Fault(kind="status", match=(method, RESPONSE), status=status, times=0))
        [_, remote] = talking("delete", "demo", "--remote", "--yes", "--json").json()
        assert (remote["responses"], remote["kept"]) == (0, [])


class TestSuccessThatDeletesNothing:
    """A server may answer 200 and `"deleted": false`: then it has what it had, and that is reported."""

    def test_a_thread(self, talking: Chatmgr, wire: WireServer, api: str) -> None:
        wire.fault(Fault(kind="keep", match=("DELETE", DELETED[api])))
        done = talking("delete", "demo", "--remote", "--yes", code=8)
        assert "stays: wire does not delete this (200)." in done.err
        assert at_server(wire) == 1
        assert "at wire is deleted" in talking("delete", "demo", "--remote", "--yes").err
        assert at_server(wire) == 0

    @pytest.mark.parametrize("api", ["responses"], indirect=True)
    def test_a_stored_answer(self, talking: Chatmgr, wire: WireServer, api: str) -> None:
        wire.fault(Fault(kind="keep", match=("DELETE", RESPONSE)))
        _, remote = talking("delete", "demo", "--remote", "--yes", "--json", code=8).json()
        assert (remote["did"], remote["responses"]) == ("thread deleted", 0)
        assert remote["kept"] == ["1 stored answer"]
        assert len(wire._memories[1]._turns) == 1
        talking("delete", "demo", "--remote", "--yes")
        assert not wire._memories[1]._turns

    @pytest.mark.parametrize("api", ["responses"], indirect=True)
    def test_the_items_of_a_conversation(self, talking: Chatmgr, wire: WireServer, api: str) -> None:
        wire.fault(Fault(kind="keep", match=("DELETE", "/conversations/[^/]+/items/.*"), times=0))
        _, remote = talking("delete", "demo", "--remote", "--yes", "--json", code=8).json()
        assert (remote["did"], remote["kept"]) == ("thread deleted", ["2 items of it"])

    def test_a_file(self, chatmgr: Chatmgr, wire: WireServer) -> None:
        chatmgr.provider("assistants", wire.base_url)
        (Path(chatmgr.home).parent / "plan.pdf").write_bytes(b"%PDF-1.4 plan")
        chatmgr("new", "demo", "-i", "x", "--provider", "wire", "hi")
        chatmgr("send", "demo", "-f", "plan.pdf", "look")
        copies = len(wire.world.files)
        wire.fault(Fault(kind="keep", match=("DELETE", "/files/.*")))
        done = chatmgr("delete", "demo", "--remote", "--yes", code=8)
        assert "stays: wire does not delete this (200)." in done.err
        assert len(wire.world.files) == copies == 1
        wire.fault(Fault(kind="keep", match=("DELETE", "/files/.*")))
        assert "1 conversation stays in the trash" in chatmgr("trash", "empty", "--remote", "-y", code=8).err
        chatmgr("trash", "empty", "--remote", "--yes")
        assert not wire.world.files


@pytest.mark.parametrize("shape", ["text", "openai"])
def test_a_thread_whose_server_has_no_route_to_delete_it(
    talking: Chatmgr, wire: WireServer, api: str, shape: Any
) -> None:
    wire.fault(Fault(kind="status", match=("DELETE", DELETED[api]), status=404, shape=shape, message=HTML))
    done = talking("delete", "demo", "--remote", "--yes", code=8)
    assert "stays: wire does not delete this (404)." in done.err
    assert at_server(wire) == 1
    assert "at wire is deleted" in talking("delete", "demo", "--remote", "--yes").err


class TestLiveRuns:
    @pytest.fixture
    def api(self) -> str:
        return "completions"

    def test_busy_elsewhere_nothing_is_deleted(self, talking: Chatmgr, wire: WireServer) -> None:
        talking("new", "other", "-a", "demo", "hi")
        gate = Gate()
        wire.fault(Fault(kind="gate", match=("POST", "/chat/completions"), after=2, gate=gate))
        process = talking.start("send", "demo", "two")
        gate.wait_reached()
        error = talking("delete", "other", "demo", code=8).err
        assert "“demo” is busy" in error
        assert "chatmgr runs cancel demo" in error
        assert len(talking.json("history")) == 2
        talking("rename", "demo", "renamed")  # that does not disturb it
        gate.open()
        done = process.wait()
        assert (done.code, done.out) == (0, "2 user turns; you said: 'two'\n")
        assert talking.turn("renamed@2")["state"] == "completed"

    def test_of_a_dead_process_it_is_closed(self, talking: Chatmgr, wire: WireServer) -> None:
        gate = Gate()
        wire.fault(Fault(kind="gate", match=("POST", "/chat/completions"), after=2, gate=gate))
        process = talking.start("send", "demo", "two")
        gate.wait_reached()
        until(lambda: talking.rows("SELECT 1 FROM runs WHERE state = 'running'"))
        end_by_signal(process, signal.SIGKILL)
        gate.open()
        talking("delete", "demo")
        [(state, error)] = talking.rows("SELECT state, error FROM runs ORDER BY id DESC LIMIT 1")
        assert (state, error) == ("interrupted", "the conversation was deleted")
        talking("restore", "demo")
        assert talking.turn("demo@2")["user"] == "two"


def test_a_new_turn_brings_it_back_to_the_lists(talking: Chatmgr, wire: WireServer, api: str) -> None:
    talking("archive", "demo")
    talking("rename", "demo", "plan")
    assert talking.json("history") == []
    talking("send", "plan", "two")
    assert [conversation["name"] for conversation in talking.json("history")] == ["plan"]
