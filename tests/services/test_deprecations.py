"""Models that will be shut down: a warning a day for each, which no turn has to wait for."""

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.support.commands import Chatmgr
from tests.wire import Fault, Gate, WireServer

TURNS = ("POST", "/chat/completions")
LIST = ("GET", "/models")


def model(name: str, day: str | None = None) -> dict[str, object]:
    """A model as its server lists it."""
    model = {"id": name, "object": "model", "created": 1, "owned_by": "x"}
    return model if day is None else model | {"shutdown_date": day}


@pytest.fixture
def wire() -> Iterator[WireServer]:
    with WireServer(
        models=[model("old", "2027-01-31"), model("older", "2026-12-01"), model("new")]
    ) as running:
        yield running
    assert running.violations == []


@pytest.fixture
def demo(chatmgr: Chatmgr, wire: WireServer) -> Chatmgr:
    """chatmgr with the conversation ``demo``, which has no turn yet, with the model ``old``."""
    chatmgr.provider("completions", wire.base_url)
    chatmgr("new", "demo", "-i", "x", "--provider", "wire", "-m", "old")
    wire.requests.clear()
    return chatmgr


def lists(wire: WireServer) -> int:
    """How often the list of models was asked for."""
    return sum((request.method, request.path) == LIST for request in wire.requests)


def warning(name: str, day: str) -> str:
    return f"wire will shut {name} down on {day}. Choose another in time: chatmgr models --provider wire\n"


def test_a_warning_a_day(demo: Chatmgr, wire: WireServer) -> None:
    first = demo("send", "demo", "one")
    assert (first.out, first.err) == ("1 user turns; you said: 'one'\n", warning("old", "2027-01-31"))
    assert demo("send", "demo", "two").err == ""
    assert lists(wire) == 1
    [[key, value]] = demo.rows("SELECT key, value FROM meta WHERE key LIKE 'shutdowns%'")
    yesterday = json.dumps({**json.loads(value), "day": "2026-01-01"})
    with closing(sqlite3.connect(demo.home / "chatmgr.db")) as db, db:
        db.execute("UPDATE meta SET value = ? WHERE key = ?", (yesterday, key))
    assert demo("send", "demo", "three").err == warning("old", "2027-01-31")
    assert lists(wire) == 2


def test_each_model_is_warned_of_once(demo: Chatmgr, wire: WireServer) -> None:
    demo("send", "demo", "one")
    wire.requests.clear()
    assert demo("send", "demo", "two", "-m", "older").err == warning("older", "2026-12-01")
    assert demo("send", "demo", "three", "-m", "new").err == ""
    assert demo("send", "demo", "four", "-m", "old").err == ""
    assert demo("send", "demo", "five", "-m", "older").err == ""
    chatted = demo("resume", "demo", stdin=b"six\nseven\n").err
    assert "shut" not in chatted
    assert lists(wire) == 4  # each by -m, which checks the model


def test_a_model_that_nobody_named(demo: Chatmgr, wire: WireServer) -> None:
    """The first that the server lists is used, and it is the one that is warned of."""
    demo("new", "bare", "-i", "x", "--provider", "wire")
    assert demo("send", "bare", "hi").err == warning("old", "2027-01-31")


@pytest.mark.parametrize("status", [404, 401, 429, 500])
def test_a_list_that_fails_is_no_business_of_the_turn(demo: Chatmgr, wire: WireServer, status: int) -> None:
    wire.fault(Fault(kind="status", match=LIST, status=status, times=0))
    for text in ("one", "two"):
        done = demo("send", "demo", text)
        assert (done.code, done.err) == (0, "")
    assert done.out == "2 user turns; you said: 'two'\n"


def test_nonsense_in_the_list_is_no_business_of_the_turn(chatmgr: Chatmgr) -> None:
    with WireServer(models=[model("m"), {"id": "m", "shutdown_date": {"when": "soon"}}]) as server:
        chatmgr.provider("completions", server.base_url)
        done = chatmgr("new", "demo", "-i", "x", "--provider", "wire", "hi")
        assert done.out == "1 user turns; you said: 'hi'\n"


def test_a_list_that_hangs_holds_nothing_up(demo: Chatmgr, wire: WireServer) -> None:
    wire.fault(Fault(kind="gate", match=LIST, gate=Gate(), times=0))
    begun = time.monotonic()
    assert demo("send", "demo", "one").out == "1 user turns; you said: 'one'\n"
    assert time.monotonic() - begun < 10
