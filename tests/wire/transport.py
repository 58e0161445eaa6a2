"""HTTP/1.1 over a loopback socket: reads calls, writes answers, and plays the faults that live below the
APIs.

Mental model: one `Handler` per connection, in its own thread. It asks its `Service` what is due, records
the call, gets an answer and writes it; every write of a stream passes `_interfere`, where gates, hangs
and cuts happen.
"""

from __future__ import annotations

import json
import socket
import struct
import sys
import threading
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any, Protocol
from urllib.parse import parse_qs, urlsplit

from . import framing
from .faults import Fault, Gate, Plan
from .files import read_form
from .parts import Answer, Call, Plain, Recorded, Stream


class Service(Protocol):
    """What the transport needs to know about the server behind it."""

    closing: threading.Event

    def plan(self, method: str, path: str) -> Plan:
        """Return the faults due for a request."""

    def record(
        self, method: str, path: str, query: dict[str, str], headers: dict[str, str], body: Any
    ) -> Recorded:
        """Write down a request that was read."""

    def answer(self, call: Call, headers: dict[str, str], sent: Any) -> Answer:
        """Serve a call; `sent` is its body as it came: JSON, None if there was none, a string if it was
        not JSON.
        """

    def finished(self, recorded: Recorded) -> None:
        """Note that nothing more will happen to a request."""


class Server(ThreadingHTTPServer):
    """A listening socket that remembers its connections, so that closing it really ends them."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, service: Service) -> None:
        self.service = service
        self.connections: set[socket.socket] = set()
        super().__init__(("127.0.0.1", 0), Handler)

    def server_bind(self) -> None:
        """Bind without looking the own host name up, which HTTPServer does and which can take seconds."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", self.socket.getsockname()[1]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Stay silent about clients that went away; let everything else be seen."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)

    def server_close(self) -> None:
        """Stop listening, and end all connections."""
        super().server_close()
        for connection in list(self.connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # it was over already


class StoppedError(Exception):
    """A fault ended this connection on purpose."""


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server
    recorded: Recorded
    plan: Plan

    def setup(self) -> None:
        super().setup()
        self.server.connections.add(self.connection)

    def finish(self) -> None:
        self.server.connections.discard(self.connection)
        super().finish()

    def log_message(self, *args: Any) -> None:
        """Stay silent: tests look at `requests` instead."""

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_DELETE(self) -> None:
        self._serve()

    def _serve(self) -> None:
        service = self.server.service
        url = urlsplit(self.path)
        path = url.path.removeprefix("/v1")
        plan = service.plan(self.command, path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        query = {
            name: ",".join(values) for name, values in parse_qs(url.query, keep_blank_values=True).items()
        }
        reset = plan.get("reset")
        unheard = reset is not None and not reset.heard and reset.after is None
        # An unheard request is written down without its body, which is left unread in the socket.
        body = None if unheard else self._read_body()
        self.recorded = service.record(self.command, path, query, headers, body)
        self.plan = plan
        try:
            if unheard:
                self._reset()
            arguments = body if isinstance(body, dict) else {}
            self._answer(Call(self.command, path, query, arguments, plan), headers)
        except (StoppedError, OSError):
            self.close_connection = True
        finally:
            service.finished(self.recorded)

    def _read_body(self) -> Any:
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        kind = self.headers.get("Content-Type") or ""
        if kind.startswith("multipart/form-data"):
            return read_form(content, kind)
        try:
            return json.loads(content) if content else None
        except ValueError:
            return content.decode(errors="replace")

    def _answer(self, call: Call, headers: dict[str, str]) -> None:
        status = call.plan.get("status")
        self._pause(None, heard=False)
        if status and not status.heard:
            self._send_plain(status.answer())
            return
        answer = self.server.service.answer(call, headers, self.recorded.body)
        try:
            self._pause(None, heard=True)
            if (reset := call.plan.get("reset")) and reset.after is None:
                self._reset()
            if status:
                self._give_up(answer)
                self._send_plain(status.answer())
            elif isinstance(answer, Stream):
                self._send_stream(answer)
            else:
                self._send_plain(answer)
        except BaseException:
            self._give_up(answer)
            raise

    @staticmethod
    def _give_up(answer: Answer) -> None:
        if isinstance(answer, Stream):
            answer.abandon()

    def _send_headers(self, status: int, headers: dict[str, str]) -> None:
        self.recorded.status = status
        self.send_response(status)
        for name, value in {"x-request-id": f"req_{uuid.uuid4().hex}", **headers}.items():
            self.send_header(name, value)
        self.end_headers()

    def _send_plain(self, answer: Plain) -> None:
        length = str(len(answer.body))
        self._send_headers(
            answer.status, {"Content-Type": answer.content_type, "Content-Length": length, **answer.headers}
        )
        if self.plan.has("cut"):
            self.wfile.write(answer.body[: len(answer.body) // 2])
            raise StoppedError
        self.wfile.write(answer.body)

    def _send_stream(self, answer: Stream) -> None:
        self._send_headers(
            200, {"Content-Type": "text/event-stream; charset=utf-8", "Transfer-Encoding": "chunked"}
        )
        frame = framing.odd if self.plan.has("odd_framing") else framing.plain
        frame = framing.odder if self.plan.has("empty_blocks") else frame
        for event in answer.events:
            pieces = frame(event, self.recorded.events_written)
            self._interfere(pieces[0])
            for piece in pieces:
                self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            self.recorded.events_written += 1
        self._interfere(b"")
        self.wfile.write(b"0\r\n\r\n")

    def _interfere(self, following: bytes) -> None:
        """Play what is due between the events written so far and the one that follows."""
        written = self.recorded.events_written
        self._pause(written, heard=None)
        cut, end_early, reset = (self.plan.get(kind) for kind in ("cut", "end_early", "reset"))
        if reset and written == reset.after:
            self._reset()
        if cut and written == (cut.after or 0):
            if cut.mid_line:
                self.wfile.write(b"%x\r\n%b" % (len(following), following[: len(following) // 2]))
            raise StoppedError
        if end_early and written == (end_early.after or 0):
            self.wfile.write(b"0\r\n\r\n")
            raise StoppedError

    def _pause(self, after: int | None, heard: bool | None) -> None:
        """Wait at the gates and hangs that stand here; `heard` None: those between events."""
        for fault in self.plan.pauses():
            if fault.after == after and (heard is None or fault.heard == heard):
                self._wait(fault, after or 0)

    def _wait(self, fault: Fault, written: int) -> None:
        gate = fault.gate or Gate()  # a hang without a gate: nobody can open it, only closing ends it
        if not gate.arrive(written, self.server.service.closing):
            raise StoppedError

    def _reset(self) -> None:
        """End the connection with a TCP reset: lingering for zero seconds means not to say goodbye."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        raise StoppedError
