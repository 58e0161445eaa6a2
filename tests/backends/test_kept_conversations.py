"""Servers that keep conversations without saying so, or say so in their own way: decided by evidence.

The scripted ones repeat what was seen of OGX and agentic-api. agentic-api itself takes part where its
package is installed, with the scripted server as its model.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.support.agentic_api import BINARY, gateway
from tests.support.commands import Chatmgr
from tests.support.remote_threads import adopt_thread, echo_of, post_json, thread_of
from tests.wire import AGENTIC_API, OGX, Fault, Wild, WireServer

RESPONSES = ("POST", "/responses")
ITEMS = "/conversations/[^/]+/items"
KEEPERS: dict[str, Wild] = {
    "ogx": OGX,
    "ogx-unstreamed": replace(OGX, no_streaming=True),
    "agentic-api": AGENTIC_API,
    "agentic-api-unstreamed": replace(AGENTIC_API, no_streaming=True),
}
REAL = ["real agentic-api"] if BINARY else []


@dataclass(frozen=True, slots=True)
class Keeper:
    """A server that keeps conversations, and the model that hears the turns."""

    base_url: str
    model: WireServer

    def posts(self) -> list[str]:
        """The turns that were posted, by what the model heard."""
        return self.model.turns_heard


@pytest.fixture(params=[*KEEPERS, *REAL])
def keeper(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Keeper]:
    """Each server that keeps conversations."""
    with ExitStack() as stack:
        model = stack.enter_context(WireServer(wild=KEEPERS.get(request.param, Wild())))
        url = model.base_url
        if request.param in REAL:
            url = stack.enter_context(gateway(model, tmp_path))
        yield Keeper(url, model)
        assert model.violations == []


def one_thread(chatmgr: Chatmgr, name: str = "demo") -> str:
    """The conversation's thread, which the list, every turn and ``thread show`` agree on."""
    [shown] = chatmgr.json("thread", "show", name)
    [listed] = [conversation for conversation in chatmgr.json("history") if conversation["name"] == name]
    told = {shown["thread_id"], listed["thread_id"]}
    told |= {turn["thread_id"] for turn in chatmgr.json("history", name)}
    assert len(told) == 1, told
    thread = told.pop()
    assert thread is None or isinstance(thread, str)
    return thread or ""


def test_only_the_new_message_is_sent(chatmgr: Chatmgr, keeper: Keeper) -> None:
    chatmgr.provider("responses", keeper.base_url)
    first = chatmgr("new", "demo", "one", "--provider", "wire")
    thread = one_thread(chatmgr)
    assert thread.startswith("conv_")
    second = chatmgr("send", "demo", "two")
    third = chatmgr("send", "demo", "three")
    assert [done.out for done in (first, second, third)] == [
        echo_of(turn, text) for turn, text in enumerate(("one", "two", "three"), 1)
    ]
    assert [done.err for done in (second, third)] == ["", ""]
    assert keeper.posts() == ["one", "two", "three"]
    assert one_thread(chatmgr) == thread
    assert thread_of(chatmgr)["state"] == "in step"
    tokens = [turn["input_tokens"] for turn in chatmgr.json("history", "demo")]
    assert tokens[0] < tokens[1] < tokens[2]


def test_a_conversation_that_moved_here_is_posted_once(
    chatmgr: Chatmgr, keeper: Keeper, other: WireServer
) -> None:
    chatmgr.provider("completions", other.base_url, "other")
    chatmgr("new", "demo", "one", "--provider", "other")
    chatmgr("send", "demo", "two")
    chatmgr.provider("responses", keeper.base_url)
    done = chatmgr("send", "demo", "three", "--provider", "wire", "-m", "gpt-4.1")
    assert done.out == echo_of(3, "three")
    assert "keep" not in done.err
    assert chatmgr("send", "demo", "four").out == echo_of(4, "four")
    assert keeper.posts() == ["three", "four"]
    thread = thread_of(chatmgr)["thread_id"]
    assert [turn["thread_id"] for turn in chatmgr.json("history", "demo")] == [None, None, thread, thread]


@pytest.mark.parametrize("name", KEEPERS)
def test_an_adopted_conversation_is_posted_once(chatmgr: Chatmgr, name: str) -> None:
    with WireServer(wild=KEEPERS[name]) as wire:
        thread = adopt_thread(chatmgr, wire, "responses", 3)
        done = chatmgr("send", "demo", "go on")
        assert (done.out, done.err) == (echo_of(4, "go on"), "")
        assert wire.turns_heard == ["go on"]
        assert one_thread(chatmgr) == thread
        assert wire.violations == []


def test_answers_of_the_same_words_prove_nothing_about_each_other(chatmgr: Chatmgr) -> None:
    with WireServer(wild=OGX, reply=lambda memory, told: "ok") as wire:
        chatmgr.provider("responses", wire.base_url)
        chatmgr("new", "demo", "one", "--provider", "wire")
        thread = one_thread(chatmgr)
        wire.fault(Fault(kind="ignore_conversation", match=RESPONSES))
        assert "does not keep conversations" in chatmgr("send", "demo", "one").err
        assert thread_of(chatmgr)["state"] == "keeps no threads"
        assert thread in {turn["thread_id"] for turn in chatmgr.json("history", "demo")}


def test_what_the_server_does_not_delete_is_reported(chatmgr: Chatmgr, keeper: Keeper) -> None:
    chatmgr.provider("responses", keeper.base_url)
    chatmgr("new", "demo", "one", "--provider", "wire")
    chatmgr("send", "demo", "two")
    refuses = keeper.model.world.wild.response_delete or keeper.base_url != keeper.model.base_url
    code = 8 if refuses else 0
    [_, remote] = chatmgr("delete", "demo", "--remote", "--yes", "--json", code=code).json()
    assert remote["did"] == "thread deleted"
    assert (remote["responses"], remote["kept"]) == ((0, ["2 stored answers"]) if refuses else (2, []))


def test_the_thread_is_the_one_at_the_providers_address(
    chatmgr: Chatmgr, wire: WireServer, other: WireServer
) -> None:
    chatmgr.provider("responses", wire.base_url)
    chatmgr("new", "demo", "one", "--provider", "wire", "-m", "gpt-4.1")
    chatmgr.provider("responses", other.base_url)
    chatmgr("send", "demo", "two")
    shown = {thread["base_url"]: thread for thread in chatmgr.json("thread", "show", "demo")}
    assert {url: value["current"] for url, value in shown.items()} == {
        wire.base_url: False,
        other.base_url: True,
    }
    assert chatmgr.json("history")[0]["thread_id"] == shown[other.base_url]["thread_id"]
    assert chatmgr.turn("demo@2")["thread_id"] == shown[other.base_url]["thread_id"]


def test_items_that_the_model_does_not_see_are_no_memory(chatmgr: Chatmgr) -> None:
    """A conversation of many items moves to a server that reads only the first of them."""
    with WireServer(wild=OGX) as wire:
        adopt_thread(chatmgr, wire, "responses", 30)
        done = chatmgr("send", "demo", "go on")
        assert done.err == (
            "wire does not show the model the whole conversation, so this answer does not take all earlier "
            "turns into account. From now on, the history is sent with each message.\n"
        )
        assert wire.turns_heard == ["go on"]
        assert chatmgr("send", "demo", "and on").out == echo_of(32, "and on")
        assert thread_of(chatmgr)["thread_id"] is None
        assert chatmgr.json("history")[0]["thread_id"] is None


def test_a_first_turn_at_a_server_that_keeps_nothing(chatmgr: Chatmgr) -> None:
    with WireServer(wild=OGX) as wire:
        wire.fault(Fault(kind="ignore_conversation", match=RESPONSES, times=0))
        chatmgr.provider("responses", wire.base_url)
        assert chatmgr("new", "demo", "one", "--provider", "wire").err == ""
        assert one_thread(chatmgr) == ""
        assert chatmgr("send", "demo", "two").out == echo_of(2, "two")
        assert one_thread(chatmgr) == ""


@pytest.mark.parametrize(("status", "kept"), [(403, False), (404, False), (500, True)])
def test_items_that_cannot_be_read_do_not_spoil_the_answer(chatmgr: Chatmgr, status: int, kept: bool) -> None:
    with WireServer(wild=OGX) as wire:
        wire.fault(Fault(kind="status", match=("GET", ITEMS), status=status))
        chatmgr.provider("responses", wire.base_url)
        done = chatmgr("new", "demo", "one", "--provider", "wire")
        assert (done.out, done.err) == (echo_of(1, "one"), "")
        assert bool(one_thread(chatmgr)) == kept
        assert chatmgr.turn("demo@1")["state"] == "completed"
        assert chatmgr("send", "demo", "two").out == echo_of(2, "two")
        assert wire.turns_heard == ["one", "two"]


def test_many_calls_of_tools_do_not_hide_the_messages(chatmgr: Chatmgr) -> None:
    with WireServer(wild=OGX) as wire:
        thread = adopt_thread(chatmgr, wire, "responses", 2)
        call = {"type": "function_call", "name": "look_up", "arguments": "{}"}
        items = [
            {"type": "message", "role": "user", "content": "and?"},
            *({**call, "call_id": f"call_{number}"} for number in range(12)),
            {"type": "message", "role": "assistant", "content": "well"},
        ]
        post_json(wire, f"/conversations/{thread}/items", {"items": items})
        chatmgr("thread", "sync", "demo")
        assert chatmgr("send", "demo", "go on").err == ""
        assert thread_of(chatmgr)["thread_id"] == thread
