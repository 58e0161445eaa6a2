"""Turns whose answers are more than text: how they end, and that no conversation goes on with a call open."""

from collections.abc import Iterator

import pytest

from tests.support.commands import Chatmgr
from tests.support.item_server import ItemServer, said, streamed, whole
from tests.support.output_items import CALL, IMAGE
from tests.support.reply_server import Reply, event_stream


@pytest.fixture
def server(chatmgr: Chatmgr) -> Iterator[ItemServer]:
    """A server of the Responses API, and the conversation ``demo`` there."""
    with ItemServer() as running:
        chatmgr.provider("responses", running.server.base_url)
        chatmgr("new", "demo", "-i", "x", "--provider", "wire")
        yield running
    assert running.violations == []


def test_an_image_alone_is_no_empty_answer(chatmgr: Chatmgr, server: ItemServer) -> None:
    server.turns.append(streamed(IMAGE))
    done = chatmgr("send", "demo", "draw")
    assert done.out == ""
    assert chatmgr.turn("demo@1")["state"] == "completed"


def test_an_answer_without_any_item_is_empty(chatmgr: Chatmgr, server: ItemServer) -> None:
    server.turns.append(streamed())
    assert "The answer is empty." in chatmgr("send", "demo", "draw", code=8).err


def test_a_call_is_waited_for_and_after_its_cancellation_the_thread_is_built_anew(
    chatmgr: Chatmgr, server: ItemServer
) -> None:
    server.turns.append(streamed(CALL))
    server.replies["GET", "/responses/resp_1"] = whole(CALL)
    error = chatmgr("send", "demo", "look", code=8).err
    assert 'demo@1 is waiting for the output of look_up({"q": "x"}).' in error
    assert chatmgr.turn("demo@1")["state"] == "requires_action"
    assert "is waiting for the output" in chatmgr("send", "demo", "and now?", code=8).err
    server.items = [{"id": "m_1", "type": "message", "role": "user", "content": "look"}, CALL]
    chatmgr("runs", "cancel", "demo")
    server.turns.append(streamed(said("Yes.")))
    assert chatmgr("send", "demo", "and now?").out == "Yes.\n"
    assert len(server.bodies("/conversations")) == 2


def test_a_call_of_a_chat_is_waited_for(chatmgr: Chatmgr) -> None:
    function = {"name": "look_up", "arguments": "{}"}
    delta = {"tool_calls": [{"index": 0, "id": "call_1", "type": "function", "function": function}]}
    chunk = {"id": "c1", "choices": [{"index": 0, "delta": delta, "finish_reason": "tool_calls"}]}
    with ItemServer([event_stream(chunk, "data: [DONE]")]) as running:
        chatmgr.provider("completions", running.server.base_url)
        chatmgr("new", "demo", "-i", "x", "--provider", "wire")
        error = chatmgr("send", "demo", "look", code=8).err
    assert "demo@1 is waiting for the output of look_up({})." in error
    assert chatmgr.turn("demo@1")["state"] == "requires_action"


def test_a_file_that_cannot_be_had_does_not_fail_the_turn(chatmgr: Chatmgr, server: ItemServer) -> None:
    cited = {"type": "container_file_citation", "container_id": "c", "file_id": "f", "filename": "a.csv"}
    server.turns.append(streamed(said("See a.csv", cited)))
    server.replies["GET", "/containers/c/files/f/content"] = Reply(500, {"error": {"message": "no"}})
    assert chatmgr("send", "demo", "count").out == "See a.csv\n"
