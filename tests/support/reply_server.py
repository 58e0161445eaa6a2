"""A server that answers exactly what a test says: for faults and shapes that no proper server has."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.support.loopback import LoopbackServer


@dataclass(frozen=True, slots=True)
class ReceivedRequest:
    """A request as it came; the body is JSON, the bytes of an upload, or None."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: Any


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: its status, its body (JSON unless it is text or bytes), and its headers."""

    status: int = 200
    body: Any = ""
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)

    def content(self) -> bytes:
        """The body's bytes."""
        if isinstance(self.body, bytes):
            return self.body
        return (self.body if isinstance(self.body, str) else json.dumps(self.body)).encode()


def event_stream(*events: object) -> Reply:
    """A stream of ``data:`` lines; an event that is text stands as it is."""
    lines = [event if isinstance(event, str) else f"data: {json.dumps(event)}" for event in events]
    return Reply(200, "".join(f"{line}\n\n" for line in lines), "text/event-stream")


def chat_answer(text: str) -> Reply:
    """A whole streamed answer of Chat Completions."""
    chunk = {"id": "c1", "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": "stop"}]}
    return event_stream(chunk, "data: [DONE]")


class ReplyServer(LoopbackServer):
    """Answers each request by calling ``answer``, and remembers them all.

    It lists two models by itself, unless ``models`` is False.
    """

    def __init__(self, answer: Callable[[ReceivedRequest], Reply]) -> None:
        self.answer = answer
        self.models = True
        self.requests: list[ReceivedRequest] = []
        super().__init__(ThreadingHTTPServer(("127.0.0.1", 0), _handler(self)))

    @property
    def base_url(self) -> str:
        """What a client takes as its base URL."""
        return f"http://{self.address}/v1"

    @property
    def posts(self) -> list[ReceivedRequest]:
        """The requests that could change anything."""
        return [request for request in self.requests if request.method == "POST"]

    def reply(self, request: ReceivedRequest) -> Reply:
        """Remember a request and answer it."""
        self.requests.append(request)
        if self.models and request.method == "GET" and request.path.partition("?")[0].endswith("/models"):
            models = [{"id": name, "object": "model"} for name in ("m", "gpt-4.1")]
            return Reply(body={"object": "list", "data": models})
        return self.answer(request)


def _handler(server: ReplyServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *args: Any) -> None:
            """Stay silent."""

        def _serve(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            is_upload = self.headers.get("Content-Type", "").startswith("multipart/")
            body = content if is_upload else json.loads(content) if content else None
            reply = server.reply(ReceivedRequest(self.command, self.path, headers, body))
            self.send_response(reply.status)
            sent = reply.content()
            facts = {"Content-Type": reply.content_type, "Content-Length": str(len(sent)), **reply.headers}
            for name, value in facts.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(sent)

        def do_GET(self) -> None:
            self._serve()

        def do_POST(self) -> None:
            self._serve()

        def do_DELETE(self) -> None:
            self._serve()

    return Handler
