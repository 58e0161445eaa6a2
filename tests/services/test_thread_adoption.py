"""Threads that exist on a server: made conversations, kept up with, shown."""

import re

import pytest

from tests.support.commands import Chatmgr
from tests.support.remote_threads import (
    ITEMS,
    TURN,
    add_messages,
    adopt_thread,
    create_thread,
    echo_of,
    empty_thread,
    past_turns,
    post_json,
    thread_of,
)
from tests.wire import Fault, Gate, Wild, WireServer

LONG_PAST = 130  # turns: 260 messages, three pages


@pytest.fixture(params=["responses", "assistants"])
def api(request: pytest.FixtureRequest) -> str:
    """Each API that keeps threads."""
    return str(request.param)


def turns(chatmgr: Chatmgr, name: str = "demo") -> list[tuple[str, str]]:
    """A transcript, message by message."""
    document = chatmgr.json("history", name)
    return [item for turn in document for item in (("user", turn["user"]), ("assistant", turn["answer"]))]


class TestAdopt:
    def test_a_long_thread_page_by_page(self, chatmgr: Chatmgr, wire: WireServer, api: str) -> None:
        thread = adopt_thread(chatmgr, wire, api, LONG_PAST)
        assert turns(chatmgr) == past_turns(LONG_PAST)
        pages = [
            request for request in wire.requests if request.method == "GET" and request.path.startswith("/")
        ]
        asked = [page.query for page in pages if ITEMS[api][1] in page.path]
        assert [item["limit"] for item in asked] == ["100"] * 3
        assert ["after" in item for item in asked] == [False, True, True]
        done = chatmgr("send", "demo", "go on")
        assert (done.out, done.err) == (echo_of(LONG_PAST + 1, "go on"), "")
        assert thread_of(chatmgr) == {
            "conversation": "demo",
            "provider": "wire",
            "base_url": wire.base_url,
            "thread_id": thread,
            "synced": LONG_PAST + 1,
            "turns": LONG_PAST + 1,
            "behind": 0,
            "ahead": 0,
            "state": "in step",
            "current": True,
        }

    @pytest.mark.parametrize(
        "wild", [Wild(bare_ids=True), Wild(bare_ids=True, no_usage=True, no_streaming=True)]
    )
    def test_at_a_server_that_only_resembles(self, chatmgr: Chatmgr, api: str, wild: Wild) -> None:
        with WireServer(wild=wild) as server:
            adopt_thread(chatmgr, server, api, 60)
            done = chatmgr("send", "demo", "go on")
            assert (done.out, done.err) == (echo_of(61, "go on"), "")

    def test_what_is_said_and_with_whom_it_goes_on(
        self, chatmgr: Chatmgr, wire: WireServer, api: str
    ) -> None:
        chatmgr.provider(api, wire.base_url)
        chatmgr("assistant", "new", "poet", "-i", "In verse.")
        thread = create_thread(wire, api, [*past_turns(1), ("user", "still there?")])
        done = chatmgr("thread", "adopt", thread, "old plans", "--provider", "wire", "-a", "poet")
        assert done.err == "“old plans” has the thread's 2 turns. Go on: chatmgr resume 'old plans'\n"
        [document] = chatmgr.json("history")
        assert (document["assistant"], document["thread_id"], document["turns"]) == ("poet", thread, 2)
        first, unanswered = chatmgr.json("history", "old plans")
        assert (first["user"], first["answer"], first["state"]) == ("question 1", "answer 1", "completed")
        assert (unanswered["state"], unanswered["answer"]) == ("interrupted", None)
        assert chatmgr.json("thread", "show", "old plans")[0]["state"] == "in step"
        assert len(chatmgr.json("assistant", "list")) == 1

    def test_refusals_leave_nothing_behind(self, chatmgr: Chatmgr, wire: WireServer, api: str) -> None:
        thread = adopt_thread(chatmgr, wire, api, 1)
        before = chatmgr.json("history"), chatmgr.json("assistant", "list")
        free = create_thread(wire, api, past_turns(1))
        at = ("--provider", "wire")
        unknown = chatmgr.refused(8, "thread", "adopt", "thread_nope", "new", *at)
        assert "wire has no thread thread_nope" in unknown
        taken = chatmgr.refused(2, "thread", "adopt", thread, "new", *at)
        assert (
            f"The thread {thread} is “demo”'s already. Fetch what is new: chatmgr thread sync demo" in taken
        )
        assert "“demo” already" in chatmgr.refused(2, "thread", "adopt", free, "demo", *at)
        chatmgr.refused(5, "thread", "adopt", free, "new", *at, "-a", "nobody")
        chatmgr.refused(5, "thread", "adopt", free, "new", "--provider", "nowhere")
        chatmgr.refused(2, "thread", "adopt", free, "n@1", *at)
        chatmgr.provider("completions", wire.base_url, "small")
        none = chatmgr.refused(2, "thread", "adopt", free, "new", "--provider", "small")
        assert "small keeps no threads." in none
        wire.fault(Fault(kind="status", status=503, match=("GET", "/.*"), times=0))
        chatmgr.refused(8, "thread", "adopt", free, "new", *at)
        assert (chatmgr.json("history"), chatmgr.json("assistant", "list")) == before

    def test_an_assistant_by_its_own_verb(self, chatmgr: Chatmgr, wire: WireServer) -> None:
        chatmgr.provider("assistants", wire.base_url)
        there = post_json(
            wire, "/assistants", {"model": "gpt-4.1", "name": "Helper", "instructions": "Help."}
        )["id"]
        [made] = chatmgr.json("assistant", "adopt", there, "--provider", "wire")
        assert (made["name"], made["instructions"], made["model"]) == ("Helper", "Help.", "gpt-4.1")
        chatmgr("assistant", "adopt", there, "mine", "--provider", "wire")
        thread = create_thread(wire, "assistants", past_turns(2))
        chatmgr("thread", "adopt", thread, "demo", "--provider", "wire", "-a", "mine")
        assert chatmgr("send", "demo", "three").out == echo_of(3, "three")
        assert wire.requests[-2].body["assistant_id"] == there
        assert "asst_no" in chatmgr.refused(8, "assistant", "adopt", "asst_no", "--provider", "wire")
        assert "already" in chatmgr.refused(2, "assistant", "adopt", there, "--provider", "wire")


class TestSync:
    def test_what_others_added_is_fetched(self, chatmgr: Chatmgr, wire: WireServer, api: str) -> None:
        thread = adopt_thread(chatmgr, wire, api, 2)
        chatmgr("send", "demo", "three")
        add_messages(wire, api, thread, [("user", "by"), ("user", "another"), ("assistant", "client")])
        assert chatmgr("thread", "sync", "demo").err == "“demo” has 1 new turn.\n"
        assert turns(chatmgr)[-2:] == [("user", "by\n\nanother"), ("assistant", "client")]
        assert chatmgr("thread", "sync", "demo").err == "“demo” has 0 new turns.\n"
        done = chatmgr("send", "demo", "five")
        assert (done.out, done.err) == (echo_of(6, "five"), "")  # the two in a row are two there

    def test_another_past(self, chatmgr: Chatmgr, wire: WireServer, api: str) -> None:
        thread = adopt_thread(chatmgr, wire, api, 2)
        empty_thread(wire, api, thread)
        add_messages(
            wire, api, thread, [("user", "other"), ("assistant", "past"), ("user", "x"), ("assistant", "y")]
        )
        error = chatmgr.refused(2, "thread", "sync", "demo")
        assert f"The thread {thread} and “demo” have different histories." in error
        # What it says to do works: the next turn lets go of the thread, which can then be adopted.
        chatmgr("send", "demo", "three")
        chatmgr("thread", "adopt", thread, "theirs", "--provider", "wire")
        assert turns(chatmgr, "theirs")[1] == ("assistant", "past")

    def test_where_there_is_none(self, chatmgr: Chatmgr, wire: WireServer, other: WireServer) -> None:
        adopt_thread(chatmgr, wire, "responses", 1)
        chatmgr.provider("responses", other.base_url, "second")
        chatmgr.provider("completions", other.base_url, "small")
        chatmgr("move", "demo", "--to", "second")
        assert "There is no thread of “demo”" in chatmgr.refused(5, "thread", "sync", "demo")
        other.fault(Fault(kind="status", status=404, match=("POST", "/conversations"), times=0))
        chatmgr("send", "demo", "two")
        assert "second keeps no threads." in chatmgr.refused(2, "thread", "sync", "demo")
        assert thread_of(chatmgr, "second")["state"] == "keeps no threads"
        chatmgr("move", "demo", "--to", "small")
        assert "small keeps no threads." in chatmgr.refused(2, "thread", "sync", "demo")

    def test_a_thread_that_is_gone(self, chatmgr: Chatmgr, wire: WireServer, api: str) -> None:
        thread = adopt_thread(chatmgr, wire, api, 1)
        wire.fault(Fault(kind="forget", match=("GET", f"/{ITEMS[api][0]}/.*")))
        assert f"wire has no thread {thread}" in chatmgr.refused(8, "thread", "sync", "demo")
        assert chatmgr("send", "demo", "two").out == echo_of(2, "two")

    def test_not_while_a_turn_runs(self, chatmgr: Chatmgr, wire: WireServer, api: str) -> None:
        adopt_thread(chatmgr, wire, api, 1)
        gate = Gate()
        wire.fault(Fault(kind="gate", match=TURN[api], after=5, gate=gate))
        process = chatmgr.start("send", "demo", "two")
        gate.wait_reached()
        busy = chatmgr("thread", "sync", "demo", code=8).err
        assert "“demo” is busy" in busy
        gate.open()
        process.wait()
        assert chatmgr("thread", "sync", "demo").err == "“demo” has 0 new turns.\n"


class TestShow:
    def test_each_providers_thread(self, chatmgr: Chatmgr, wire: WireServer, other: WireServer) -> None:
        thread = adopt_thread(chatmgr, wire, "assistants", 2)
        chatmgr.provider("completions", other.base_url, "small")
        chatmgr.provider("responses", other.base_url, "second")
        chatmgr("send", "demo", "three", "--provider", "small")
        [_, row] = chatmgr("thread", "show", "demo").out.splitlines()
        assert re.split("  +", row) == ["wire", thread, "2 of 3", "1 behind"]
        chatmgr("send", "demo", "four", "--provider", "second")
        rows = [re.split("  +", line) for line in chatmgr("thread", "show", "demo").out.splitlines()[1:]]
        assert [row[0] for row in rows] == ["wire", "second"]
        assert rows[1][2:] == ["4 of 4", "in step", "the next turn goes here"]

    def test_in_doubt(self, chatmgr: Chatmgr, wire: WireServer) -> None:
        adopt_thread(chatmgr, wire, "assistants", 1)
        wire.fault(Fault(kind="failed", match=TURN["assistants"]))
        chatmgr("send", "demo", "two", code=8)
        assert thread_of(chatmgr)["state"] == "in doubt"

    def test_none_yet(self, chatmgr: Chatmgr, wire: WireServer) -> None:
        chatmgr.provider("completions", wire.base_url)
        chatmgr("new", "demo", "hi", "-i", "x", "--provider", "wire")
        done = chatmgr("thread", "show", "demo")
        assert done.out == ""
        assert "has no remote thread" in done.err
        assert chatmgr.json("thread", "show", "demo") == []
        assert "Did you mean “demo”" in chatmgr.refused(5, "thread", "show", "dmeo")
