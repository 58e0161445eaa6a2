"""A conversation that is too long goes on at every API, however the server says that it is too long."""

import json
from typing import Any

import pytest

from tests.backends.test_overflow import TOO_LONG
from tests.support.commands import APIS, TURN, Chatmgr
from tests.support.reply_server import ReceivedRequest, Reply, ReplyServer, chat_answer, event_stream
from tests.wire import Fault, WireServer

MOST = 3  # messages that the server takes, with the new one and without instructions
NOTICE = "earlier turns did not fit the model's context"
KINDS = {
    "anthropic": "anthropic",
    "gemini's list": "gemini",
    "bare text": "ollama",
    "500": "llama.cpp of old",
    "413 of a proxy": "nginx",
    "stream that began with 200": "lm studio",
}


def wording(vendor: str) -> dict[str, Any]:
    """What one vendor says."""
    return next(wording for wording in TOO_LONG if wording["from"] == vendor)


def refusal(vendor: str) -> Reply:
    """The reply by which a vendor refuses; one that comes with 200 comes as an event."""
    result = wording(vendor)
    if result["status"] == 200:
        return event_stream(
            {"id": "c1", "choices": [{"index": 0, "delta": {"role": "assistant"}}]}, result["body"]
        )
    return Reply(
        result["status"], result["body"], "text/html" if "html" in str(result["body"]) else "application/json"
    )


def answering(refused: Reply) -> ReplyServer:
    """A server of Chat Completions and of Responses without conversations, which takes few messages."""

    def answer(request: ReceivedRequest) -> Reply:
        if request.path.endswith("/conversations"):
            return Reply(404, {"error": "no"})
        sent = request.body.get("messages") or request.body.get("input")
        if len([message for message in sent if message["role"] != "system"]) > MOST:
            return refused
        return chat_answer("Yes") if "messages" in request.body else response("completed", "Yes")

    return ReplyServer(answer)


def response(status: str, text: str = "", error: Any = None) -> Reply:
    """A streamed response that ends in ``status``."""
    output = [{"type": "message", "content": [{"type": "output_text", "text": text}]}] if text else []
    body = {"id": "resp_1", "object": "response", "status": status, "output": output, "error": error}
    created = {"type": "response.created", "response": body | {"status": "in_progress", "error": None}}
    return event_stream(created, {"type": f"response.{status}", "response": body})


def grown(chatmgr: Chatmgr, api: str, server: ReplyServer | WireServer) -> None:
    """The conversation ``demo`` with one turn more than the server takes."""
    chatmgr.provider(api, server.base_url)
    chatmgr("new", "demo", "one", "-i", "x", "--provider", "wire", "-m", "gpt-4.1")
    chatmgr("send", "demo", "two")


@pytest.mark.parametrize("api", ["completions", "responses"])
@pytest.mark.parametrize("vendor", KINDS.values(), ids=KINDS)
def test_the_history_is_shortened(chatmgr: Chatmgr, api: str, vendor: str) -> None:
    with answering(refusal(vendor)) as server:
        grown(chatmgr, api, server)
        done = chatmgr("send", "demo", "three")
        assert done.out == "Yes\n"
        assert NOTICE in done.err or "1 earlier turn did not fit" in done.err
        assert done.err.count("\n") == 1
    assert [turn["state"] for turn in chatmgr.json("history", "demo")] == ["completed"] * 3


@pytest.mark.parametrize(
    "error", [{"code": "context_length_exceeded", "message": "no"}, "prompt is too long"]
)
def test_a_response_that_fails_for_it(chatmgr: Chatmgr, error: Any) -> None:
    with answering(response("failed", error=error)) as server:
        grown(chatmgr, "responses", server)
        done = chatmgr("send", "demo", "three")
    assert done.out == "Yes\n"
    assert "did not fit the model's context" in done.err
    assert done.err.count("\n") == 1


@pytest.mark.parametrize("api", APIS)
def test_a_thread_at_the_server_is_replaced_by_a_shorter_one(chatmgr: Chatmgr, api: str) -> None:
    with WireServer() as wire:
        grown(chatmgr, api, wire)
        before = chatmgr.turn("demo@2")["thread_id"]
        result = json.dumps(wording("anthropic")["body"]["error"]["message"])
        wire.fault(Fault(kind="status", match=TURN[api], status=400, code=None, message=result.strip('"')))
        done = chatmgr("send", "demo", "three")
        assert "did not fit the model's context" in done.err
        assert done.out.endswith("you said: 'three'\n")
        if api != "completions":
            assert chatmgr.turn("demo@3")["thread_id"] != before
            assert chatmgr("send", "demo", "four").err == ""  # the shorter thread is used as it is
        assert wire.violations == []
        assert wire.turns_heard[:3] == ["one", "two", "three"]


def test_what_is_never_short_enough_gives_the_server_s_words(chatmgr: Chatmgr) -> None:
    with ReplyServer(lambda _: refusal("ollama")) as server:
        chatmgr.provider("completions", server.base_url)
        error = chatmgr.refused(8, "new", "demo", "one", "-i", "x", "--provider", "wire", "-m", "m")
    assert "The message does not fit" in error
    assert "the input length exceeds the context length" in error
    assert len(server.posts) == 1


@pytest.mark.parametrize("api", APIS)
def test_words_that_nobody_knows_name_the_way_out_the_second_time(chatmgr: Chatmgr, api: str) -> None:
    with WireServer() as wire:
        chatmgr.provider(api, wire.base_url)
        chatmgr("new", "my talk", "one", "-i", "x", "--provider", "wire", "-m", "gpt-4.1")
        wire.fault(
            Fault(kind="status", match=TURN[api], status=400, code=None, message="Das ist zu viel", times=0)
        )
        way_out = "chatmgr send 'my talk' -m MODEL"
        assert way_out not in chatmgr("send", "my talk", "two", code=8).err
        error = chatmgr("send", "my talk", "three", code=8).err.splitlines()[-1]
        assert "Das ist zu viel" in error
        assert f"is too long for the model, choose one with a larger context: {way_out}" in error
        assert "chatmgr new -a " in error
        wire.clear_faults()
        assert chatmgr("send", "my talk", "four", "-m", "gpt-4o-mini").out
        wire.fault(Fault(kind="status", match=TURN[api], status=400, code=None, message="Unsinn"))
        assert way_out not in chatmgr("send", "my talk", "five", code=8).err


def test_a_first_turn_cannot_be_the_conversation_s_fault(chatmgr: Chatmgr) -> None:
    with ReplyServer(lambda _: Reply(400, {"error": "Das ist zu viel"})) as server:
        chatmgr.provider("completions", server.base_url)
        chatmgr("new", "demo", "one", "-i", "x", "--provider", "wire", "-m", "m", code=8)
        assert "-m MODEL" not in chatmgr.refused(8, "send", "demo", "two")
