"""Servers that repeat the key they were sent, in any field: it is neither stored, nor shown, nor exported."""

import json
import re
from base64 import b64encode
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import quote

import pytest

from tests.support.commands import APIS, KEY, TURN, Chatmgr, CommandResult
from tests.support.loopback import LoopbackServer
from tests.wire import Fault, WireServer
from tests.wire.world import Wild

ENCODED = b64encode(f"Bearer {KEY}".encode()).decode()
ECHO = f"Your key is {KEY}, encoded {ENCODED}, quoted {quote(KEY, safe='')}. A bearer token is a token."
# Up to three characters that begin a key are let through: how many depends on what arrived together.
CUT = (
    r"Your key is (s|sk|sk-)?…, encoded QmVhcmVyIH\w{0,3}…M=, quoted (s|sk|sk-)?…\. "
    r"A bearer token is a token\."
)
LOOKING = (
    "history demo --runs --json",
    "history demo --runs --usage",
    "history --json",
    "history -q key --json",
    "runs --json",
    "thread show demo --json",
    "stats --by model --json",
    "models --provider wire --json",
    "export --all --format jsonl",
    "export --all --format text",
    "export demo --format html",
)


def secret_parts() -> Iterator[str]:
    """Eight characters of the key in a row, and of what it is in base64."""
    for secret in (KEY.removeprefix("sk-"), ENCODED[12:]):
        yield from (secret[at : at + 8] for at in range(len(secret) - 9))


def assert_unknown(chatmgr: Chatmgr, *done: CommandResult) -> None:
    """The key is in no file of the home, and in nothing that these commands or those that look wrote."""
    looked = [chatmgr.start(*line.split()).wait() for line in LOOKING]
    written = "".join(result.out + result.err for result in (*done, *looked))
    kept = b"".join(path.read_bytes() for path in chatmgr.home.rglob("*") if path.is_file())
    for part in secret_parts():
        assert part not in written, written[max(written.index(part) - 300, 0) : written.index(part) + 100]
        assert part.encode() not in kept, part


@pytest.fixture(params=["answer", "failed", "error", "status", "cut", "whole"])
def fault(request: pytest.FixtureRequest) -> str:
    """What the server does while it repeats the key."""
    return str(request.param)


def test_servers_that_speak_by_the_book(chatmgr: Chatmgr, api: str, fault: str) -> None:
    wild = Wild(no_streaming=fault == "whole")
    with WireServer(reply=lambda _messages, _instructions: ECHO, split=list, wild=wild) as wire:
        chatmgr.provider(api, wire.base_url)
        if fault in {"failed", "error", "status", "cut"}:
            kind: Any = fault
            after = 30 if fault == "cut" else None
            wire.fault(Fault(kind=kind, match=TURN[api], after=after, status=400, message=ECHO, times=0))
        done = chatmgr.start("new", "demo", "hello", "-i", "brief", "--provider", "wire").wait()
        again = chatmgr.start("send", "demo", "and again").wait()
        assert_unknown(chatmgr, done, again)
        if fault in {"answer", "whole"}:
            assert re.fullmatch(CUT, again.out.rstrip("\n"))
            assert re.fullmatch(CUT, chatmgr.turn("demo@1")["answer"])


def test_titles(chatmgr: Chatmgr) -> None:
    reply = f"Key {KEY}"
    with WireServer(reply=lambda _messages, _instructions: reply) as wire:
        chatmgr.provider("completions", wire.base_url)
        path = chatmgr.home / "config.toml"
        path.write_text(f"titles_private = true\ntitle_seconds = 30.0\n{path.read_text('utf-8')}", "utf-8")
        done = chatmgr("new", "demo", "hello", "-i", "brief", "--provider", "wire")
        assert chatmgr.json("history")[0]["title"] == "Key"
        assert_unknown(chatmgr, done)


class Echoing(BaseHTTPRequestHandler):
    """Puts the key it was sent into every text of what it answers, ids and reasons included."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        self._answer(
            self._response() if "/responses/" in self.path else {"data": [self._model("m"), self._model()]}
        )

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if "/chat/completions" in self.path:
            self._stream(self._chunks())
        elif "/responses" in self.path:
            self._stream(self._events())
        else:
            self._answer({"id": f"conv_{KEY}", "object": "conversation"})

    def do_DELETE(self) -> None:
        self._answer({"error": {"message": ECHO, "code": KEY, "type": KEY}}, 403)

    @staticmethod
    def _model(name: str = KEY) -> dict[str, Any]:
        return {"id": name, "object": "model", "created": 1, "owned_by": KEY, "shutdown_date": KEY}

    def _chunks(self) -> Iterator[dict[str, Any]]:
        for at in range(0, len(ECHO), 5):
            delta = {"content": ECHO[at : at + 5], "reasoning_content": ECHO[at : at + 5], "role": KEY}
            yield {"id": f"chatcmpl-{KEY}", "model": KEY, "choices": [{"index": 0, "delta": delta}]}
        yield {"id": KEY, "choices": [{"index": 0, "delta": {}, "finish_reason": KEY}]}

    def _events(self) -> Iterator[dict[str, Any]]:
        yield {"type": "response.created", "response": self._response() | {"status": "in_progress"}}
        for at in range(0, len(ECHO), 5):
            yield {"type": "response.reasoning_text.delta", "item_id": KEY, "delta": ECHO[at : at + 5]}
        for at in range(0, len(ECHO), 5):
            yield {"type": "response.output_text.delta", "item_id": KEY, "delta": ECHO[at : at + 5]}
        yield {"type": "response.incomplete", "response": self._response()}

    def _response(self) -> dict[str, Any]:
        part = {"type": "output_text", "text": ECHO, "annotations": []}
        return {
            "id": f"resp_{KEY}",
            "object": "response",
            "model": KEY,
            "status": "incomplete",
            "conversation": {"id": f"conv_{KEY}"},
            "incomplete_details": {"reason": KEY},
            "error": {"code": KEY, "message": ECHO},
            "output": [{"type": "message", "id": KEY, "role": "assistant", "content": [part]}],
        }

    def _answer(self, body: dict[str, Any], status: int = 200) -> None:
        content = json.dumps(body).encode()
        self.send_response(status, KEY)
        self.send_header("Content-Type", "application/json")
        self.send_header("X-Request-Id", KEY)
        self.send_header("Retry-After", KEY)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _stream(self, events: Iterator[dict[str, Any]]) -> None:
        content = "".join(f"data: {json.dumps(event)}\n\n" for event in events).encode()
        self.send_response(200, KEY)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@pytest.fixture
def echoing() -> Iterator[str]:
    """The base URL of a server that repeats the key everywhere."""
    with LoopbackServer(ThreadingHTTPServer(("127.0.0.1", 0), Echoing)) as server:
        yield f"http://{server.address}/v1"


@pytest.mark.parametrize("api", APIS)
def test_a_server_that_repeats_it_everywhere(chatmgr: Chatmgr, api: str, echoing: str) -> None:
    chatmgr.provider(api, echoing)
    lines = (
        ("new", "demo", "hello", "-i", "brief", "--provider", "wire"),
        ("send", "demo", "and again", "--json"),
        ("resume", "demo"),
        ("provider", "test", "wire"),
        ("move", "demo", "--to", "wire", "-m", "unknown"),
        ("assistant", "adopt", f"asst_{'x' * 8}", "--provider", "wire"),
        ("thread", "adopt", "conv_1", "adopted", "--provider", "wire"),
        ("delete", "demo", "-y", "--remote"),
        ("restore", "demo"),
        ("--debug", "send", "demo", "once more"),
    )
    done = [chatmgr.start(*line, stdin=b"").wait() for line in lines]
    assert_unknown(chatmgr, *done)
    if api != "assistants":
        turn = chatmgr.turn("demo@1")
        assert re.fullmatch(CUT, turn["answer"])
        assert turn["detail"] == "other"
        assert re.fullmatch(CUT, turn["reasoning"])
