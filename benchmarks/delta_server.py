"""A server that streams faster than anybody reads: ``python -m benchmarks.delta_server COUNT``.

The answer is made before it is asked for. Each delta is an HTTP chunk and a write of its own, as with real
servers. It speaks Chat Completions and Responses and keeps nothing; the URL is its one line of output, and it
ends with its standard input.
"""

import json
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

WORD = " word"


def main(count: int) -> None:
    """Serve until standard input ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(count))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"http://127.0.0.1:{server.server_port}/v1", flush=True)
    sys.stdin.read()


def _handler(count: int) -> type[BaseHTTPRequestHandler]:
    answers = {
        "/v1/chat/completions": list(map(_framed, _completions(count))),
        "/v1/responses": list(map(_framed, _responses(count))),
    }

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *args: Any) -> None:
            """Stay silent."""

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            frames = answers.get(self.path)
            if frames is None:
                self.send_response(404)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for frame in frames:
                self.wfile.write(frame)

    return Handler


def _framed(event: dict[str, Any] | str) -> bytes:
    """An event as one chunk; text is the end of the body."""
    if isinstance(event, str):
        return event.encode()
    name = f"event: {event['type']}\n" if "type" in event else ""
    data = f"{name}data: {json.dumps(event)}\n\n".encode()
    return b"%x\r\n%b\r\n" % (len(data), data)


def _completions(count: int) -> Iterator[dict[str, Any] | str]:
    base = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1_700_000_000, "model": "m"}
    choice = {"index": 0, "delta": {"content": WORD}, "logprobs": None, "finish_reason": None}
    for _ in range(count):
        yield {**base, "choices": [choice]}
    yield {**base, "choices": [{**choice, "delta": {}, "finish_reason": "stop"}]}
    yield "0\r\n\r\n"


def _responses(count: int) -> Iterator[dict[str, Any] | str]:
    base = {"id": "resp_1", "object": "response", "created_at": 1_700_000_000, "model": "m", "output": []}
    place = {"item_id": "msg_1", "output_index": 0, "content_index": 0, "logprobs": []}
    yield {
        "type": "response.created",
        "sequence_number": 0,
        "response": {**base, "status": "in_progress"},
    }
    for number in range(1, count + 1):
        yield {"type": "response.output_text.delta", "sequence_number": number, **place, "delta": WORD}
    text = {"type": "output_text", "text": WORD * count, "annotations": []}
    message = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "status": "completed",
        "content": [text],
    }
    yield {
        "type": "response.completed",
        "sequence_number": count + 1,
        "response": {**base, "status": "completed", "output": [message]},
    }
    yield "0\r\n\r\n"


if __name__ == "__main__":
    main(int(sys.argv[1]))
