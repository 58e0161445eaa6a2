"""A server that answers what it is told, byte for byte: bodies that no API would send, TLS, and proxies.

It judges nothing and speaks no API beyond one streamed Chat Completions answer. A request with a whole
address in its first line, as a proxy gets it, is answered as if it were for this server.
"""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

from tests.support.loopback import LoopbackServer

CERTIFICATE = Path(__file__).with_name("test_server.pem")
ANSWER = "Hello there."
_CHUNK = '{"id": "chat-1", "choices": [{"index": 0, "delta": {"content": "%s"}, "finish_reason": null}]}'
_END = '{"id": "chat-1", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}'
STREAM = f"data: {_CHUNK % ANSWER}\n\ndata: {_END}\n\ndata: [DONE]\n\n".encode()


@dataclass(frozen=True, slots=True)
class Scripted:
    """One answer."""

    body: bytes = b'{"data": []}'
    status: int = 200
    content_type: str = "application/json"


@dataclass(frozen=True, slots=True)
class Heard:
    """One request: its first line's target as it came, and its headers."""

    method: str
    target: str
    headers: Mapping[str, str] = field(repr=False)


class _QuietServer(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a client that breaks off a handshake is what some tests are about."""


class PlainServer(LoopbackServer):
    """Answers ``GET /v1/models`` with ``models``, and ``POST /v1/chat/completions`` with ``turn``."""

    def __init__(
        self,
        models: Scripted | None = None,
        turn: Scripted | None = None,
        *,
        tls: bool = False,
    ) -> None:
        self.heard: list[Heard] = []
        self._answers = {
            ("GET", "/v1/models"): models or Scripted(),
            ("POST", "/v1/chat/completions"): turn or Scripted(STREAM, content_type="text/event-stream"),
        }
        server = _QuietServer(("127.0.0.1", 0), self._handler())
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(CERTIFICATE)
            server.socket = context.wrap_socket(
                server.socket, server_side=True, do_handshake_on_connect=False
            )
        super().__init__(server)
        self.base_url = f"{'https' if tls else 'http'}://{self.address}/v1"

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        heard, answers = self.heard, self._answers

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _answer(self) -> None:
                self.rfile.read(int(self.headers.get("content-length") or 0))
                heard.append(Heard(self.command, self.path, dict(self.headers.items())))
                answer = answers.get((self.command, urlsplit(self.path).path), Scripted(b"{}", 404))
                self.send_response(answer.status)
                self.send_header("Content-Type", answer.content_type)
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)

            do_GET = do_POST = _answer  # noqa: N815 - the base's names

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
                """Say nothing."""

        return Handler
