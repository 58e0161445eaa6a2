"""Threads that grow too long at their server are shortened there: each API is asked for it in its words."""

import pytest

from tests.support.commands import Chatmgr, last_body
from tests.wire import Fault, WireServer

WANTED = [{"type": "compaction", "compact_threshold": 200_000}]


@pytest.fixture
def api() -> str:
    return "responses"


def threshold(chatmgr: Chatmgr, tokens: int) -> None:
    """Set it."""
    path = chatmgr.home / "config.toml"
    path.write_text(f"compact_threshold = {tokens}\n" + path.read_text("utf-8"), "utf-8")


def test_a_thread_is_compacted_by_its_server(talking: Chatmgr, wire: WireServer) -> None:
    assert last_body(wire)["context_management"] == WANTED
    threshold(talking, 50_000)
    talking("send", "demo", "two")
    assert last_body(wire)["context_management"] == [{**WANTED[0], "compact_threshold": 50_000}]


def test_zero_is_off_and_little_is_the_least_that_the_api_takes(talking: Chatmgr, wire: WireServer) -> None:
    threshold(talking, 7)
    talking("send", "demo", "two")
    assert last_body(wire)["context_management"][0]["compact_threshold"] == 1000
    settings = talking.home / "config.toml"
    settings.write_text(settings.read_text("utf-8").replace("= 7\n", "= 0\n"), "utf-8")
    talking("send", "demo", "three")
    assert "context_management" not in last_body(wire)


def test_who_asked_for_another_way_gets_that(talking: Chatmgr, wire: WireServer) -> None:
    given = ("--provider", "wire", "--param", "truncation=auto", "hi")
    talking("new", "other", "-i", "x", *given)
    body = last_body(wire)
    assert (body["truncation"], "context_management" in body) == ("auto", False)


def test_without_a_thread_there_is_nothing_to_compact(talking: Chatmgr, wire: WireServer) -> None:
    wire.fault(Fault(kind="status", match=("POST", "/conversations"), status=404, times=0))
    talking("new", "other", "-i", "x", "--provider", "wire", "hi")
    assert "conversation" not in last_body(wire)
    assert "context_management" not in last_body(wire)


def test_a_server_that_knows_nothing_of_it_goes_without(talking: Chatmgr, wire: WireServer) -> None:
    wire.fault(
        Fault(
            kind="status",
            match=("POST", "/responses"),
            status=400,
            code="unknown_parameter",
            param="context_management",
            message="Unknown parameter: 'context_management'.",
        )
    )
    done = talking("send", "demo", "two")
    assert (done.out, done.err) == ("2 user turns; you said: 'two'\n", "")
    refused, taken = [request.body for request in wire.requests if request.path == "/responses"][-2:]
    assert refused.pop("context_management") == WANTED
    assert refused == taken
    assert wire.turns_heard == ["one", "two"]


@pytest.mark.parametrize("api", ["assistants"])
def test_assistants_truncate_by_themselves(talking: Chatmgr, wire: WireServer) -> None:
    [body] = [request.body for request in wire.requests if request.path.endswith("/runs")]
    assert body["truncation_strategy"] == {"type": "auto"}
    given = (
        "--param",
        "truncation_strategy.type=last_messages",
        "--param",
        "truncation_strategy.last_messages=3",
    )
    talking("new", "other", "-i", "x", "--provider", "wire", *given, "hi")
    body = [request.body for request in wire.requests if request.path.endswith("/runs")][-1]
    assert body["truncation_strategy"] == {"type": "last_messages", "last_messages": 3}
    assert "tools" not in body
