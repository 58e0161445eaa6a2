"""Assistants servers in the wild: text in odd shapes, and messages of one second in any order."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from chatmgr.backends.assistants.threads import is_refusal, text_of
from tests.support.commands import Chatmgr
from tests.support.remote_threads import (
    TURN,
    add_messages,
    adopt_thread,
    echo_of,
    end_by_signal,
    last_turn,
    thread_of,
)
from tests.wire import MYLA, Fault, Gate, Wild, WireServer

ORDERS = ("reversed", "answers first", "questions first")
MESSAGES = ("POST", "/threads/[^/]+/messages")


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("plain", "plain"),
        ([{"type": "text", "text": {"value": "an object"}}], "an object"),
        ([{"type": "text", "text": [{"value": "a "}, {"value": "list"}]}], "a list"),
        ([{"type": "text", "text": ["strings", "!"]}], "strings!"),
        ([{"type": "text", "text": "a string"}], "a string"),
        (["parts ", {"text": "mixed"}], "parts mixed"),
        ({"type": "text", "text": {"value": "one part"}}, "one part"),
        ([{"type": "text", "text": {"value": None}}, None, 5, {}], ""),
        ([{"type": "image_file", "image_file": {"file_id": "x"}}, {"text": {"value": "seen"}}], "seen"),
        ([{"type": "refusal", "refusal": "no"}], "no"),
        (None, ""),
    ],
)
def test_the_text_of_a_message(content: Any, text: str) -> None:
    assert text_of(content) == text
    assert is_refusal(content) == (text == "no")


def test_parts_without_end_are_given_up() -> None:
    content: Any = "deep"
    for _ in range(2000):
        content = [content]
    assert text_of(content) == ""


@pytest.mark.parametrize("wild", [MYLA, replace(MYLA, no_streaming=False), Wild(text_as_list=True)])
def test_a_text_in_a_list(chatmgr: Chatmgr, wild: Wild) -> None:
    with WireServer(wild=wild) as wire:
        adopt_thread(chatmgr, wire, "assistants", 2)
        for turn, text in ((3, "three"), (4, "four")):
            done = chatmgr("send", "demo", text)
            assert (done.out, done.err) == (echo_of(turn, text), "")
        thread = thread_of(chatmgr)["thread_id"]
        add_messages(wire, "assistants", thread, [("user", "and me?"), ("assistant", "you too")])
        chatmgr("thread", "sync", "demo")
        assert last_turn(chatmgr)["answer"] == "you too"
        assert wire.violations == []


@pytest.fixture(params=[(order, streamed) for order in ORDERS for streamed in (True, False)])
def wild_wire(request: pytest.FixtureRequest) -> Iterator[WireServer]:
    """A server whose messages are all of one second, listed in an order that means nothing."""
    order, streamed = request.param
    with WireServer(wild=Wild(same_second=order, no_streaming=not streamed)) as wire:
        yield wire
    assert wire.violations == []


class TestMessagesOfOneSecond:
    def test_a_conversation(self, chatmgr: Chatmgr, wild_wire: WireServer) -> None:
        chatmgr.provider("assistants", wild_wire.base_url)
        chatmgr("new", "demo", "one", "-i", "x", "--provider", "wire")
        thread = thread_of(chatmgr)["thread_id"]
        for turn, text in ((2, "two"), (3, "three"), (4, "four")):
            done = chatmgr("send", "demo", text)
            assert (done.out, done.err) == (echo_of(turn, text), "")
        assert thread_of(chatmgr)["thread_id"] == thread
        assert wild_wire.turns_heard == ["one", "two", "three", "four"]
        assert chatmgr("thread", "sync", "demo").err == "“demo” has 0 new turns.\n"

    def test_a_message_that_arrived_though_the_line_broke(
        self, chatmgr: Chatmgr, wild_wire: WireServer
    ) -> None:
        chatmgr.provider("assistants", wild_wire.base_url)
        chatmgr("new", "demo", "again", "-i", "x", "--provider", "wire")
        wild_wire.fault(Fault(kind="reset", match=MESSAGES, heard=True))
        assert chatmgr("send", "demo", "again").out == echo_of(2, "again")
        wild_wire.fault(Fault(kind="reset", match=MESSAGES, heard=False))
        assert chatmgr("send", "demo", "again").out == echo_of(3, "again")

    def test_a_run_that_was_created_though_the_line_broke(
        self, chatmgr: Chatmgr, wild_wire: WireServer
    ) -> None:
        chatmgr.provider("assistants", wild_wire.base_url)
        chatmgr("new", "demo", "one", "-i", "x", "--provider", "wire")
        wild_wire.fault(Fault(kind="reset", match=TURN["assistants"], heard=True))
        done = chatmgr("send", "demo", "two")
        assert done.out == echo_of(2, "two")
        assert last_turn(chatmgr)["state"] == "completed"
        assert wild_wire.turns_heard == ["one", "two"]

    def test_a_thread_is_adopted_with_questions_before_answers(
        self, chatmgr: Chatmgr, wild_wire: WireServer
    ) -> None:
        chatmgr.provider("assistants", wild_wire.base_url)
        chatmgr("new", "demo", "one", "-i", "x", "--provider", "wire")
        thread = thread_of(chatmgr)["thread_id"]
        chatmgr("delete", "demo", "--yes")
        chatmgr("thread", "adopt", thread, "again", "--provider", "wire")
        [turn] = chatmgr.json("history", "again")
        assert (turn["user"], turn["answer"]) == ("one", echo_of(1, "one").strip())


@pytest.mark.parametrize("order", ORDERS)
def test_a_run_whose_process_died_before_its_id_came(chatmgr: Chatmgr, order: Any) -> None:
    with WireServer(wild=Wild(same_second=order)) as wire:
        chatmgr.provider("assistants", wire.base_url)
        chatmgr("new", "demo", "one", "-i", "x", "--provider", "wire")
        gate = Gate()
        wire.fault(Fault(kind="gate", match=TURN["assistants"], after=0, gate=gate))
        process = chatmgr.start("send", "demo", "two")
        gate.wait_reached()
        end_by_signal(process)
        gate.open()
        wire.wait_idle()
        chatmgr("runs", "wait", "demo")
        turn = chatmgr.turn("demo@2")
        assert (turn["state"], turn["answer"]) == ("completed", echo_of(2, "two").strip())
        assert wire.turns_heard == ["one", "two"]


def test_a_server_that_lists_every_message_for_every_run(chatmgr: Chatmgr) -> None:
    with WireServer(wild=Wild(run_id_ignored=True, no_streaming=True)) as wire:
        adopt_thread(chatmgr, wire, "assistants", 60)
        assert chatmgr("send", "demo", "go on").out == echo_of(61, "go on")
        assert chatmgr("send", "demo", "and on").out == echo_of(62, "and on")
