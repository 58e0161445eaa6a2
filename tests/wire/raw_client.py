"""Asking a server without an SDK, to see exactly what it writes."""

from __future__ import annotations

import http.client
import json
from typing import Any
from urllib.parse import urlsplit

from .server import WireServer

BETA = {"OpenAI-Beta": "assistants=v2"}


def raw(
    server: WireServer, method: str, path: str, body: object = None, beta: bool = False
) -> tuple[int, dict[str, str], bytes]:
    """Send a request without the SDK; return status, headers and body."""
    connection = http.client.HTTPConnection(urlsplit(server.base_url).netloc, timeout=10)
    headers = {
        "Authorization": "Bearer sk-test",
        "Content-Type": "application/json",
        **(BETA if beta else {}),
    }
    content = None if body is None else json.dumps(body)
    try:
        connection.request(method, f"/v1{path}", content, headers)
        answer = connection.getresponse()
        return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def sse(content: bytes) -> list[tuple[str, Any]]:
    """Take a well-behaved event stream apart."""
    collected = []
    for block in content.decode().split("\n\n")[:-1]:
        fields = dict(line.split(": ", 1) for line in block.split("\n"))
        data = fields["data"]
        collected.append((fields.get("event", ""), data if data == "[DONE]" else json.loads(data)))
    return collected
