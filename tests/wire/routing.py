"""Finding the function that serves a call.

Mental model: an API offers routes, each a method, a path template and a function; the first that fits
serves the call.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterable

from .parts import Answer, Call, RefusedError

Serve = Callable[[Call], Answer]
Route = tuple[str, str, Serve]


class Router:
    """All routes of a server."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._routes = [
            (method, re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template)), serve)
            for method, template, serve in routes
        ]

    def serve(self, call: Call) -> Answer:
        """Serve a call, or refuse it as OpenAI refuses unknown URLs."""
        for method, regex, serve in self._routes:
            match = regex.fullmatch(call.path)
            if method == call.method and match:
                return serve(dataclasses.replace(call, args=match.groupdict()))
        raise RefusedError(404, f"Invalid URL ({call.method} /v1{call.path})")
