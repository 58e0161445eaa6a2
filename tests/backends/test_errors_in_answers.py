"""Errors that come with the status 200: their reason in one line, whatever their shape."""

import json
import sqlite3
from contextlib import closing
from typing import Any

import pytest

from tests.support.commands import Chatmgr
from tests.support.reply_server import Reply, ReplyServer, event_stream

NEW = ("new", "demo", "hello", "-i", "x", "--provider", "wire", "-m", "m")
CHUNK = {"id": "c1", "choices": [{"index": 0, "delta": {"content": "Half "}, "finish_reason": None}]}
SHAPES: dict[str, Any] = {
    "openai": {"error": {"message": "The engine is on fire", "type": "server_error", "code": None}},
    "text in error": {"error": "The engine is on fire"},
    "object": {"object": "error", "message": "The engine is on fire", "code": 500},
    "anthropic": {"type": "error", "error": {"type": "api_error", "message": "The engine is on fire"}},
    "detail": {"detail": "The engine is on fire"},
    "detail as a list": {"detail": [{"loc": ["body"], "msg": "The engine is on fire"}]},
    "msg": {"code": 500, "msg": "The engine is on fire"},
    "choice": {"choices": [{"index": 0, "error": {"message": "The engine is on fire", "code": 502}}]},
    "flag": {"error": True, "message": "The engine is on fire"},
    "nested": {"error": {"message": json.dumps({"error": {"message": "The engine is on fire"}})}},
    "lines": {"error": {"message": "The engine\r\nis on\n\nfire"}},
}
ASSISTANT = {"id": "asst_1", "object": "assistant"}
THREAD = {"id": "thread_1", "object": "thread"}
MESSAGE = {"id": "msg_1", "object": "thread.message", "role": "user", "content": []}


def server_of(api: str, turn: Reply) -> ReplyServer:
    """A server that answers every turn with the same reply, and keeps nothing else."""
    replies = {
        "/v1/assistants": ASSISTANT,
        "/v1/threads": THREAD,
        "/v1/threads/thread_1/messages": MESSAGE,
    }

    def answer(request: Any) -> Reply:
        if api == "assistants" and request.path in replies:
            return Reply(body=replies[request.path])
        return Reply(404, {"error": "no"}) if request.path == "/v1/conversations" else turn

    return ReplyServer(answer)


def refusal(chatmgr: Chatmgr, api: str, turn: Reply, *, code: int = 8, state: str = "failed") -> str:
    """What a first turn says that is answered with ``turn``."""
    with server_of(api, turn) as server:
        chatmgr.provider(api, server.base_url)
        done = chatmgr(*NEW, code=code)
    assert "None" not in done.err
    assert chatmgr.turn("demo@1")["state"] == state
    return done.err.strip()


@pytest.mark.parametrize("api", ["responses", "completions", "assistants"])
@pytest.mark.parametrize("shape", SHAPES)
def test_in_a_stream(chatmgr: Chatmgr, api: str, shape: str) -> None:
    result = refusal(chatmgr, api, event_stream(SHAPES[shape]))
    assert result.count("\n") == 0
    assert "The engine is on fire" in result
    assert chatmgr.turn("demo@1")["error"].endswith("The engine is on fire")


@pytest.mark.parametrize("api", ["responses", "completions", "assistants"])
@pytest.mark.parametrize("text", ["The engine is on fire", '"The engine is on fire"'])
def test_a_bare_message(chatmgr: Chatmgr, api: str, text: str) -> None:
    assert "The engine is on fire" in refusal(chatmgr, api, event_stream(f"event: error\ndata: {text}"))


@pytest.mark.parametrize("api", ["responses", "completions"])
@pytest.mark.parametrize("shape", SHAPES)
def test_as_the_whole_body(chatmgr: Chatmgr, api: str, shape: str) -> None:
    result = refusal(chatmgr, api, Reply(body=SHAPES[shape]))
    assert result.count("\n") == 0
    assert "The engine is on fire" in result


@pytest.mark.parametrize("content_type", ["text/plain", "text/event-stream"])
def test_plain_text(chatmgr: Chatmgr, content_type: str) -> None:
    reply = Reply(200, "upstream connect error:\nThe engine is on fire\n", content_type)
    assert "The engine is on fire" in refusal(chatmgr, "completions", reply)


def test_after_half_an_answer(chatmgr: Chatmgr) -> None:
    with server_of("completions", event_stream(CHUNK, SHAPES["object"])) as server:
        chatmgr.provider("completions", server.base_url)
        done = chatmgr(*NEW, code=8)
    assert (done.out, done.err.count("\n")) == ("Half \n", 1)
    assert "The engine is on fire" in done.err
    assert chatmgr.turn("demo@1")["answer"] == "Half "


def test_after_the_end_it_matters_no_more(chatmgr: Chatmgr) -> None:
    whole = {"id": "c1", "choices": [{"index": 0, "delta": {"content": "All"}, "finish_reason": "stop"}]}
    with server_of("completions", event_stream(whole, SHAPES["openai"])) as server:
        chatmgr.provider("completions", server.base_url)
        assert chatmgr(*NEW).out == "All\n"


@pytest.mark.parametrize("error", [None, {}, "", "The engine is on fire", {"code": "on_fire"}])
def test_a_failed_response_with_any_error(chatmgr: Chatmgr, error: Any) -> None:
    response = {"id": "resp_1", "object": "response", "status": "failed", "output": [], "error": error}
    result = refusal(chatmgr, "responses", event_stream({"type": "response.failed", "response": response}))
    assert any(reason in result for reason in ("The engine is on fire", "on_fire", "no reason given"))


@pytest.mark.parametrize(
    "body",
    [
        'event: error\ndata: {"error": {"message": "The engine is on fire"}}\n\n',
        'data: {"detail": "The engine is on fire"}\n\ndata: [DONE]\n\n',
        "data: The engine is on fire\n\n",
    ],
)
def test_a_refusal_that_is_event_stream_text(chatmgr: Chatmgr, body: str) -> None:
    result = refusal(chatmgr, "completions", Reply(400, body, "text/event-stream"))
    assert result == "chatmgr: wire refused (400): The engine is on fire."


@pytest.mark.parametrize(("status", "code", "state"), [(200, 6, "interrupted"), (400, 8, "failed")])
def test_a_body_nested_a_thousand_deep(chatmgr: Chatmgr, status: int, code: int, state: str) -> None:
    """An answer that cannot be read is one with a gap; a refusal that cannot be read is a refusal."""
    body = '{"a":' * 100_000 + "1" + "}" * 100_000
    result = refusal(chatmgr, "completions", Reply(status, body), code=code, state=state)
    assert result.count("\n") == 0
    assert len(result) < 600


def test_a_helping_request_that_is_answered_with_an_error(chatmgr: Chatmgr) -> None:
    with ReplyServer(lambda _: Reply(body=SHAPES["text in error"])) as server:
        chatmgr.provider("assistants", server.base_url)
        error = chatmgr.refused(8, *NEW)
    assert error == "chatmgr: wire answered with an error: The engine is on fire."


@pytest.mark.parametrize("api", ["responses", "completions", "assistants"])
def test_a_parameter_that_no_request_can_carry(chatmgr: Chatmgr, api: str) -> None:
    """As it may come with an assistant of a server, or from a database of before."""
    with server_of(api, Reply()) as server:
        chatmgr.provider(api, server.base_url)
        chatmgr(
            "assistant", "new", "hot", "-i", "x", "-m", "m", "--provider", "wire", "--param", "temperature=9"
        )
        with closing(sqlite3.connect(chatmgr.home / "chatmgr.db")) as db, db:
            db.execute("UPDATE assistant_versions SET params = '{\"temperature\": Infinity}'")
        error = chatmgr.refused(7, "new", "demo", "hello", "-a", "hot")
        assert "The assistant's parameter “temperature” is a number that JSON cannot carry." in error
        assert not any("hello" in str(request.body) for request in server.posts)
    assert chatmgr.turn("demo@1")["user"] == "hello"
