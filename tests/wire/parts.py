"""The words the scripted servers share: a call, an answer, an event, a refusal.

Mental model: the transport turns bytes into a `Call`; an API turns a `Call` into an `Answer`, which is
either `Plain` (one body) or `Stream` (events to be written one by one). An API that does not like a call
raises `RefusedError`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .faults import Plan

Json = dict[str, Any]
Said = tuple[str, str]
"""One remembered message: (role, text)."""


def nothing() -> None:
    """Do nothing: the default for hooks."""


@dataclass(frozen=True, slots=True)
class Event:
    """One server-sent event; `name` None means no `event:` line, as in chat completions."""

    data: Json | str
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Plain:
    """An answer with one body."""

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stream:
    """An answer in events; `abandon` is called when the client did not get all of them."""

    events: Iterable[Event]
    abandon: Callable[[], None] = nothing


Answer = Plain | Stream


@dataclass(frozen=True, slots=True)
class Call:
    """One request as the APIs see it: `path` is without /v1, `args` are the ids found in the path."""

    method: str
    path: str
    query: Mapping[str, str]
    body: Json
    plan: Plan
    args: Mapping[str, str] = field(default_factory=dict)

    @property
    def streaming(self) -> bool:
        """Whether the request body asks for a stream."""
        return self.body.get("stream") is True


@dataclass(slots=True)
class Recorded:
    """One request as the tests see it: everything but the key, and what became of it.

    `query` joins repeated parameters with commas; `status` is None while nothing was answered, and stays
    None when the connection was reset.
    """

    number: int
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any
    status: int | None = None
    events_written: int = 0
    finished: bool = False


class RefusedError(Exception):
    """A call the server does not serve, in the shape of OpenAI's error object."""

    def __init__(
        self,
        status: int,
        message: str,
        code: str | None = None,
        param: str | None = None,
        kind: str = "invalid_request_error",
    ) -> None:
        super().__init__(message)
        self.status = status
        self.error: Json = {"message": message, "type": kind, "param": param, "code": code}


def as_json(body: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Plain:
    """Build a JSON answer."""
    content = json.dumps(body, ensure_ascii=False).encode("utf-8", "backslashreplace")  # halves of a pair
    return Plain(status, content, headers=headers or {})


def deleted(identifier: str, kind: str) -> Plain:
    """Build the answer to a successful DELETE."""
    return as_json({"id": identifier, "object": kind, "deleted": True})
