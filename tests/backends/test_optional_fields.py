"""Fields that chatmgr adds by itself: a server that refuses one is asked without it, and asked no more."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest

from chatmgr.backends.http.optional_fields import refused_field
from chatmgr.domain.errors import ProviderRefused
from tests.support.commands import APIS, TURN, Chatmgr
from tests.support.reply_server import ReceivedRequest, Reply, ReplyServer, chat_answer
from tests.wire import Fault, WireServer

NEW = ("new", "demo", "one", "-i", "x", "--provider", "wire", "-m", "m")
OPENAI: dict[str, Any] = {"error": {"message": "Unrecognized request argument supplied: stream_options"}}
REFUSALS: dict[str, tuple[int, Any]] = {
    "openai": (400, OPENAI),
    "param": (
        400,
        {"error": {"message": "Bad request", "param": "stream_options", "code": "unknown_parameter"}},
    ),
    "inner name": (400, {"error": "unknown field: include_usage"}),
    "fastapi": (
        422,
        {"detail": [{"loc": ["body", "stream_options"], "msg": "Extra inputs are not permitted"}]},
    ),
    "vllm": (
        400,
        {
            "object": "error",
            "message": "[{'type': 'extra_forbidden', 'loc': ('body', 'stream_options'), 'msg': 'Extra', "
            "'input': {'include_usage': True}}]",
        },
    ),
    "text": (422, "stream_options: unexpected keyword"),
}


def refusing(status: int, body: Any, is_refused: Callable[[dict[str, Any]], bool]) -> ReplyServer:
    """A server of Chat Completions that refuses some requests."""

    def answer(request: ReceivedRequest) -> Reply:
        return Reply(status, body) if is_refused(request.body) else chat_answer("Yes")

    return ReplyServer(answer)


@pytest.mark.parametrize("shape", REFUSALS)
def test_asked_again_without_and_no_more(chatmgr: Chatmgr, shape: str) -> None:
    with refusing(*REFUSALS[shape], lambda body: "stream_options" in body) as server:
        chatmgr.provider("completions", server.base_url)
        assert chatmgr(*NEW).out == "Yes\n"
        refused, accepted = [request.body for request in server.posts]
        assert refused.pop("stream_options") == {"include_usage": True}
        assert accepted == refused
        assert chatmgr("send", "demo", "two").out == "Yes\n"
        assert chatmgr("new", "other", "one", "-i", "x", "--provider", "wire", "-m", "m").out == "Yes\n"
        assert len(server.posts) == 4  # the next commands know it
    assert chatmgr.rows("SELECT key FROM meta WHERE key LIKE 'refused%'") == [
        (f"refused fields wire {server.base_url}",)
    ]


def test_forgotten_after_a_month_and_for_another_server(chatmgr: Chatmgr) -> None:
    with refusing(400, OPENAI, lambda body: "stream_options" in body) as server:
        chatmgr.provider("completions", server.base_url)
        chatmgr(*NEW)
        age = "UPDATE meta SET value = replace(value, '\"20', '\"19') WHERE key LIKE 'refused%'"
        with closing(sqlite3.connect(chatmgr.home / "chatmgr.db")) as db, db:
            db.execute(age)
        chatmgr("send", "demo", "two")
        assert len(server.posts) == 4
    with refusing(400, "", lambda _: False) as other:
        chatmgr.provider("completions", other.base_url)
        chatmgr("send", "demo", "three")
        assert "stream_options" in other.posts[0].body


def test_what_the_person_set_is_never_left_out(chatmgr: Chatmgr) -> None:
    with refusing(400, OPENAI, lambda body: "stream_options" in body) as server:
        chatmgr.provider("completions", server.base_url)
        error = chatmgr.refused(8, *NEW, "--param", 'stream_options={"include_usage":false}')
        assert "stream_options" in error
        [request] = server.posts
        assert request.body["stream_options"] == {"include_usage": False}


def test_another_refusal_is_not_taken_for_it(chatmgr: Chatmgr) -> None:
    detail = [
        {"loc": ["body", "messages"], "msg": "Wrong", "input": {"stream_options": {"include_usage": True}}}
    ]
    with refusing(422, {"detail": detail}, lambda _: True) as server:
        chatmgr.provider("completions", server.base_url)
        assert chatmgr.refused(8, *NEW) == "chatmgr: wire refused (422): Wrong."
        assert len(server.posts) == 1
    assert chatmgr.rows("SELECT key FROM meta WHERE key LIKE 'refused%'") == []


@pytest.mark.parametrize("api", APIS)
def test_a_server_that_does_not_stream(chatmgr: Chatmgr, api: str) -> None:
    with WireServer() as wire:
        chatmgr.provider(api, wire.base_url)
        message = "Your organization must be verified to stream this model."
        wire.fault(Fault(kind="status", match=TURN[api], status=400, message=message, param="stream"))
        chatmgr("new", "demo", "one", "-i", "x", "--provider", "wire", "-m", "gpt-4.1")
        assert wire.turns_heard == ["one"]
        assert wire.violations == []


@pytest.mark.parametrize(
    ("api", "field", "path"),
    [
        ("responses", "context_management", "/responses"),
        ("assistants", "truncation_strategy", "/threads/[^/]+/runs"),
        ("assistants", "name", "/assistants"),
    ],
)
def test_at_every_api(chatmgr: Chatmgr, api: str, field: str, path: str) -> None:
    with WireServer() as wire:
        chatmgr.provider(api, wire.base_url)
        message = f"Unknown parameter: '{field}'."
        wire.fault(Fault(kind="status", match=("POST", path), status=400, message=message, times=1))
        chatmgr("new", "demo", "one", "-i", "x", "--provider", "wire", "-m", "gpt-4.1")
        chatmgr("send", "demo", "two")
        assert wire.turns_heard == ["one", "two"]
        holding = [request for request in wire.requests if field in (request.body or {})]
        assert len(holding) == 1
        assert wire.violations == []


def test_the_request_for_a_title(chatmgr: Chatmgr) -> None:
    with WireServer(reply=lambda _messages, _instructions: "A short title") as wire:
        chatmgr.provider("responses", wire.base_url)
        settings = chatmgr.home / "config.toml"
        settings.write_text(
            f"titles_private = true\ntitle_seconds = 30.0\n{settings.read_text('utf-8')}", "utf-8"
        )
        refusal = {"status": 400, "message": "Extra inputs are not permitted", "param": "store", "times": 1}
        wire.fault(Fault(kind="status", match=("POST", "/responses"), nth=2, **refusal))  # type: ignore[arg-type]
        chatmgr("new", "demo", "one", "-i", "x", "--provider", "wire", "-m", "gpt-4.1")
        stores = ["store" in request.body for request in wire.requests if request.path == "/responses"]
        assert stores == [False, True, False]
        assert chatmgr.json("history")[0]["title"]


@pytest.mark.parametrize(
    ("message", "field"),
    [
        ("Unsupported parameter: store", "store"),
        ("The vector store was not found", ""),
        ("'store' is not permitted", "store"),
        ("No such thing as metadata here", ""),
        ("Property metadata is not allowed", "metadata"),
        ("include[0] must be one of the known values", "include"),
        ("Please include a message", ""),
    ],
)
def test_common_words_are_no_names(message: str, field: str) -> None:
    error = ProviderRefused(message, status=400)
    error.body = {"error": {"message": message}}
    assert refused_field(error, {"store": False, "metadata": {}, "include": []}) == field
