"""A run that waits for calls goes on with the assistant's version that it was begun with."""

import json
import re

from tests.support.commands import Chatmgr
from tests.support.item_server import ItemServer, said, streamed
from tests.support.output_items import CALL
from tests.support.reply_server import chat_answer, event_stream
from tests.wire import WireServer


def edit_and_answer(chatmgr: Chatmgr, call: str) -> None:
    """Give the assistant other instructions and parameters, and the run the output that it waits for."""
    chatmgr("assistant", "edit", "demo", "-i", "Be long.", "-m", "other", "--param", "temperature=1.5")
    assert chatmgr("runs", "answer", "demo", f"{call}=42").out == "It is 42.\n"


def begin(chatmgr: Chatmgr, api: str, base_url: str) -> str:
    """A conversation whose first run waits; returns the id of the call."""
    chatmgr.provider(api, base_url)
    parts = ("-i", "Be brief.", "-m", "first", "--param", "temperature=0.5")
    chatmgr("assistant", "new", "demo", *parts)
    chatmgr("new", "demo", "-a", "demo", "--provider", "wire")
    error = chatmgr("send", "demo", "look", code=8).err
    match = re.search(r"demo (\w+)=OUTPUT", error)
    assert match, error
    return match[1]


def test_responses(chatmgr: Chatmgr) -> None:
    turns = [
        streamed(said("Let me see."), CALL),
        streamed(said("It is 42.", id="msg_2")),
        streamed(said("Yes.")),
    ]
    with ItemServer(turns) as server:
        edit_and_answer(chatmgr, begin(chatmgr, "responses", server.server.base_url))
        chatmgr("send", "demo", "sure?")
        bodies = server.bodies("/responses")
    assert [(body["instructions"], body["model"], body["temperature"]) for body in bodies] == [
        ("Be brief.", "first", 0.5),
        ("Be brief.", "first", 0.5),
        ("Be long.", "other", 1.5),
    ]
    assert server.violations == []


def test_completions(chatmgr: Chatmgr) -> None:
    function = {"name": "look_up", "arguments": "{}"}
    delta = {"tool_calls": [{"index": 0, "id": "call_1", "type": "function", "function": function}]}
    chunk = {"id": "c1", "choices": [{"index": 0, "delta": delta, "finish_reason": "tool_calls"}]}
    turns = [event_stream(chunk, "data: [DONE]"), chat_answer("It is 42."), chat_answer("Yes.")]
    with ItemServer(turns) as server:
        edit_and_answer(chatmgr, begin(chatmgr, "completions", server.server.base_url))
        chatmgr("send", "demo", "sure?")
        bodies = server.bodies("/chat/completions")
    assert [(body["messages"][0]["content"], body["model"], body["temperature"]) for body in bodies] == [
        ("Be brief.", "first", 0.5),
        ("Be brief.", "first", 0.5),
        ("Be long.", "other", 1.5),
    ]
    assert server.violations == []


def test_assistants(chatmgr: Chatmgr, wire: WireServer) -> None:
    """The server's run has its own instructions; nothing of the new ones is sent before the next turn."""
    wire.world.reply = lambda *_: "It is 42."
    wire.script_run("queued", "requires_action", "completed")
    call = begin(chatmgr, "assistants", wire.base_url)
    heard = len(wire.requests)
    edit_and_answer(chatmgr, call)
    bodies = [json.dumps(request.body) for request in wire.requests[heard:]]
    assert any("tool_outputs" in body for body in bodies)
    assert not any("Be long." in body or "1.5" in body for body in bodies)
    heard = len(wire.requests)
    chatmgr("send", "demo", "sure?")
    assert any("Be long." in json.dumps(request.body) for request in wire.requests[heard:])
