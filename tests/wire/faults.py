"""What a test can make go wrong, and when.

Mental model: a test queues `Fault`s. Each counts the requests that match it from then on and is *due* for
the nth of them. All faults due for one request form its `Plan`; transport and APIs ask the plan for the
kinds they can play.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from .parts import Plain

Kind = Literal[
    "status",  # answer with `status` and an error body in the shape `shape`
    "cut",  # close the connection after `after` events (of a plain answer: in the middle of its body)
    "end_early",  # a well-formed end of the stream after `after` events, without the terminal event
    "hang",  # say nothing more: before the headers (`after` None) or after `after` events
    "gate",  # like hang, until `gate` is opened
    "reset",  # TCP reset instead of an answer, or after `after` events
    "lock",  # 400 conversation_locked, or for threads: a run is active
    "forget",  # the conversation, thread or response the call names is gone
    "keep",  # what is to be deleted is kept, with success: 200 and `"deleted": false`
    "ignore_conversation",  # the conversation is accepted but neither used nor echoed
    "unnamed_conversation",  # the conversation is used, and no response names it
    "answer_twice",  # two answers to one turn
    "odd_framing",  # legal but unusual server-sent events
    "empty_blocks",  # the same, and blocks with only `id:` or `retry:`, at which the SDK fails
    "huge_delta",  # one delta of 1 MB
    "refusal",  # the model refuses: refusal events in place of text events
    "incomplete",  # half of the answer, then incomplete because of `reason`
    "failed",  # half of the answer, then the turn fails with `code` and `message`
    "error",  # half of the answer, then an `error` event and nothing more
]
Shape = Literal["openai", "detail", "text", "empty"]


class Pause(Protocol):
    """A point at which a server stops until somebody lets it go on."""

    def arrive(self, written: int, closing: threading.Event) -> bool:
        """Wait; return whether to go on (False: the server closes)."""


class Gate:
    """A pause for tests in the same process: wait until it is reached, look around, open it."""

    def __init__(self) -> None:
        self.written = 0
        self._reached = threading.Event()
        self._moved = threading.Event()
        self._opened = False

    def arrive(self, written: int, closing: threading.Event) -> bool:
        self.written = written
        self._reached.set()
        # One event cannot wait for two causes, so closing is looked for; opening is noticed at once.
        while not self._moved.wait(0.02):
            if closing.is_set():
                return False
        return self._opened

    def wait_reached(self, timeout: float = 60) -> int:
        """Wait until the server stands at the gate; return how many events it had written."""
        if not self._reached.wait(timeout):
            raise TimeoutError("the server did not reach the gate")
        return self.written

    def open(self) -> None:
        """Let the server go on, now and at every later arrival."""
        self._opened = True
        self._moved.set()


class FileGate:
    """A pause for tests in another process: `<path>.reached` appears on arrival, creating `<path>` opens
    it.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    @property
    def reached_path(self) -> Path:
        """The file that says the server stands at the gate; it holds the number of events written."""
        return self.path.with_name(self.path.name + ".reached")

    def wait_reached(self, timeout: float = 60) -> int:
        """Wait until a server stands at the gate; return how many events it had written."""
        deadline = time.monotonic() + timeout
        while not self.reached_path.exists():
            if time.monotonic() > deadline:
                raise TimeoutError("the server did not reach the gate")
            time.sleep(0.01)  # a file cannot wake anybody
        return int(self.reached_path.read_text(encoding="ascii"))

    def open(self) -> None:
        """Let the server go on, now and at every later arrival."""
        self.path.touch()

    def arrive(self, written: int, closing: threading.Event) -> bool:
        draft = self.path.with_name(self.path.name + ".draft")
        draft.write_text(str(written), encoding="ascii")
        draft.replace(self.reached_path)  # whoever sees the file sees its content
        while not self.path.exists():
            if closing.wait(0.01):
                return False
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing to go wrong for the `nth` request that matches (and the `times - 1` after it; 0 = for
    ever).

    `match` is a method and a regular expression that the whole path without /v1 has to match. `heard`
    says, for status, reset, hang and gate before the headers, whether the request takes its full effect
    first.
    """

    kind: Kind
    match: tuple[str, str] = ("POST", ".*")
    nth: int = 1
    times: int = 1
    heard: bool = False
    after: int | None = None
    mid_line: bool = False
    gate: Pause | None = None
    status: int = 500
    shape: Shape = "openai"
    code: str | None = "server_error"
    type: str = "server_error"
    message: str = "The server had an error while processing your request. Sorry about that!"
    param: str | None = None
    retry_after: str | None = None
    reason: Literal["max_output_tokens", "content_filter"] = "max_output_tokens"

    def answer(self) -> Plain:
        """Build the answer of a `status` fault."""
        headers = {} if self.retry_after is None else {"Retry-After": self.retry_after}
        if self.shape == "text":
            return Plain(self.status, self.message.encode(), "text/plain; charset=utf-8", headers)
        if self.shape == "empty":
            return Plain(self.status, b"", headers=headers)
        error = {"message": self.message, "type": self.type, "param": self.param, "code": self.code}
        body: object = {"detail": self.message} if self.shape == "detail" else {"error": error}
        return Plain(self.status, json.dumps(body).encode(), headers=headers)


class Plan:
    """The faults due for one request."""

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self._by_kind = {fault.kind: fault for fault in faults}

    def get(self, kind: Kind) -> Fault | None:
        """Return the due fault of that kind, if any."""
        return self._by_kind.get(kind)

    def has(self, kind: Kind) -> bool:
        """Tell whether a fault of that kind is due."""
        return kind in self._by_kind

    def pauses(self) -> list[Fault]:
        """Return the due gates and hangs."""
        return [fault for fault in self._by_kind.values() if fault.kind in ("gate", "hang")]


class FaultQueue:
    """All queued faults, each with the number of matching requests it has seen."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: list[tuple[Fault, list[int]]] = []

    def add(self, fault: Fault) -> None:
        """Queue a fault; it counts requests from now on."""
        with self._lock:
            self._entries.append((fault, [0]))

    def clear(self) -> None:
        """Drop all faults."""
        with self._lock:
            self._entries.clear()

    def plan(self, method: str, path: str) -> Plan:
        """Count one request and return what is due for it."""
        due = []
        with self._lock:
            for fault, seen in self._entries:
                if fault.match[0] != method or not re.fullmatch(fault.match[1], path):
                    continue
                seen[0] += 1
                if seen[0] >= fault.nth and (fault.times == 0 or seen[0] < fault.nth + fault.times):
                    due.append(fault)
        return Plan(due)
