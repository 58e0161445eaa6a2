"""A conversation longer than the model's context goes on, and the reader is told what went unseen."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.commands import Chatmgr, one_line
from tests.wire import Fault, WireServer

LONG = " ".join(f"word{number}" for number in range(60))
NOTICE = re.compile(
    r"(\d+) earlier turns? did not fit the model's context( of (\d+) tokens)? and w\w+ not sent\.\n"
)
RUNS = {"completions": "/chat/completions", "responses": "/responses"}


@pytest.fixture(params=["completions", "responses"])
def api(request: pytest.FixtureRequest) -> str:
    """The APIs with which the history travels: ``responses`` here at a server without conversations."""
    return str(request.param)


@pytest.fixture
def wire() -> Iterator[WireServer]:
    with WireServer(reply=lambda messages, _: f"{len(messages)} messages") as running:
        running.fault(Fault(kind="status", match=("POST", "/conversations"), status=404, times=0))
        yield running
    assert running.violations == []


@pytest.fixture
def long(talking: Chatmgr, wire: WireServer) -> Chatmgr:
    """The conversation ``demo`` with ten turns of sixty words, and a model that sees 300."""
    lines = "".join(f"{number} {LONG}\n" for number in range(2, 11))
    talking("resume", "demo", stdin=lines.encode())
    wire.world.context = 300
    wire.requests.clear()
    return talking


def sent(wire: WireServer, api: str) -> list[list[dict[str, Any]]]:
    """The messages of each request, without instructions."""
    key = {"completions": "messages", "responses": "input"}[api]
    posts = [request.body for request in wire.requests if request.path == RUNS[api]]
    return [[item for item in body[key] if item["role"] != "system"] for body in posts]


def test_the_newest_turns_that_fit_are_sent(long: Chatmgr, wire: WireServer, api: str) -> None:
    before = long.json("history", "demo")
    done = long("send", "demo", "and now?")
    error = NOTICE.fullmatch(done.err)
    assert error is not None, done.err
    everything, *_, fewer = sent(wire, api)
    assert len(everything) == 21
    assert 3 <= len(fewer) < 21
    assert everything[-len(fewer) :] == fewer  # the newest, whole turns
    assert fewer[0]["role"] == "user"
    assert int(error[1]) == (21 - len(fewer)) // 2
    assert error[3] == ("300" if api == "completions" else None)  # only one of them says how much it is
    if api == "completions":
        assert len(sent(wire, api)) == 2  # once more was enough, by its count
    assert done.out == f"{len(fewer)} messages\n"
    assert len(wire.turns_heard) == 11  # nothing was answered twice
    assert long.json("history", "demo")[:10] == before  # the transcript is whole


def test_the_next_turn_asks_again(long: Chatmgr, wire: WireServer, api: str) -> None:
    long("send", "demo", "and now?")
    wire.world.context = None
    wire.requests.clear()
    assert long("send", "demo", "a larger model").err == ""
    assert len(sent(wire, api)[0]) == 23


def test_a_message_that_never_fits_is_said_to_be_too_long(long: Chatmgr, wire: WireServer, api: str) -> None:
    done = long("send", "demo", " ".join([LONG] * 8), code=8)
    line = one_line(done)
    assert line.startswith("chatmgr: The message does not fit: the context of gpt-4.1 ") or (
        line.startswith("chatmgr: The message does not fit: the context of the model ")
    )
    if api == "completions":
        assert "has 300 tokens, and the message with the instructions needs 482 tokens." in line
    assert line.endswith("Send it in parts, or choose a model with a larger context.")
    turn = long.turn("demo@-1")
    assert (turn["state"], turn["answer"], turn["cost"]) == ("failed", None, 0)
    assert len(sent(wire, api)) <= 4
    assert len(sent(wire, api)[-1]) == 1  # it was tried alone
    assert long("send", "demo", "short").out


def test_text_files_count_where_they_stand(long: Chatmgr, wire: WireServer, api: str) -> None:
    """A long file in an old turn goes with that turn, and takes no newer turn along."""
    wire.world.context = None
    (long.home.parent / "book.txt").write_text(" ".join([LONG] * 20), "utf-8")
    long("send", "demo", "-f", "book.txt", "read this")
    long("send", "demo", f"newer {LONG}")
    wire.world.context = 300
    wire.requests.clear()
    done = long("send", "demo", "and now?")
    assert NOTICE.fullmatch(done.err)
    fewer = sent(wire, api)[-1]
    assert len(fewer) in {1, 3}
    if api == "completions":
        assert len(fewer) == 3


@pytest.mark.parametrize("api", ["completions"])
def test_other_refusals_are_not_taken_for_it(long: Chatmgr, wire: WireServer) -> None:
    wire.world.context = None
    wire.fault(
        Fault(kind="status", match=("POST", "/chat/completions"), status=400, code="bad", message="No.")
    )
    assert long.refused(8, "send", "demo", "x") == "chatmgr: wire refused (400): No."
    assert len(sent(wire, "completions")) == 1
