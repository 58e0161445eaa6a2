"""One API whose turns are answered as a test says, for the shapes that no proper server sends."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from chatmgr.backends import registry
from chatmgr.domain.errors import ChatmgrError
from chatmgr.domain.events import Delta, Event, Finished, Reasoning
from chatmgr.domain.model import Assistant, LiveRun, Provider, TurnRequest
from chatmgr.domain.states import RunState
from tests.support.reply_server import ReceivedRequest, Reply, ReplyServer

NAMES = ("responses", "assistants", "completions")
NOT_FOUND = Reply(404, {"error": {"message": "Not found"}})
Frame = tuple[str, Any]  # an event's name and its data: JSON, or text as it stands


def stream(*frames: Frame, content_type: str = "text/event-stream") -> Reply:
    """A stream of events, framed as OpenAI does."""
    blocks = []
    for name, event in frames:
        data = event if isinstance(event, str) else json.dumps(event)
        blocks.append(f"event: {name}\ndata: {data}\n\n" if name else f"data: {data}\n\n")
    return Reply(200, "".join(blocks).encode(), content_type)


def response(**fields: Any) -> Any:
    """A response object."""
    return {"id": "resp_1", "object": "response", "status": "completed", "output": [], **fields}


def run_object(**fields: Any) -> Any:
    """A run of the Assistants API."""
    return {"id": "run_1", "object": "thread.run", "status": "completed", **fields}


def message(content: Any, **fields: Any) -> Any:
    """A message of the assistant, as the Assistants and the Responses API list it."""
    return {"id": "msg_2", "type": "message", "role": "assistant", "content": content, **fields}


def opening(api: str) -> list[Frame]:
    """The events before the first piece of an answer."""
    return {
        "responses": [
            ("response.created", {"type": "response.created", "response": response(status="in_progress")})
        ],
        "assistants": [("thread.run.created", run_object(status="queued"))],
        "completions": [("", {"id": "c1", "choices": [{"index": 0, "delta": {"role": "assistant"}}]})],
    }[api]


def piece(api: str, content: Any) -> Frame:
    """One piece of an answer."""
    if api == "responses":
        facts = {
            "type": "response.output_text.delta",
            "item_id": "msg_2",
            "output_index": 0,
            "content_index": 0,
        }
        return "response.output_text.delta", {**facts, "delta": content}
    if api == "assistants":
        return "thread.message.delta", {"id": "msg_2", "delta": {"content": content}}
    return "", {"id": "c1", "choices": [{"index": 0, "delta": {"content": content}, "finish_reason": None}]}


def ending(api: str, **fields: Any) -> list[Frame]:
    """The events after the last piece; ``fields`` are those of the final object, or of the choice."""
    if api == "responses":
        return [("response.completed", {"type": "response.completed", "response": response(**fields)})]
    if api == "assistants":
        return [("thread.run.completed", run_object(**fields)), ("done", "[DONE]")]
    choice = {"index": 0, "delta": {}, "finish_reason": "stop", **fields}
    return [("", {"id": "c1", "choices": [choice]}), ("", "[DONE]")]


def answer(api: str, *contents: Any, **fields: Any) -> list[Frame]:
    """A whole streamed answer."""
    return [*opening(api), *(piece(api, content) for content in contents), *ending(api, **fields)]


@dataclass(slots=True)
class ScriptedApi:
    """Answers the calls around a turn as any server would, and the turn itself by ``turn``.

    ``lookup`` is the response or the run as it can be looked up, ``messages`` what the thread lists after a
    run, ``title`` the answer to a request that is not streamed.
    """

    api: str
    turn: Reply = NOT_FOUND
    lookup: Any = None
    messages: Any = field(default_factory=list)
    title: Reply | None = None

    def __call__(self, request: ReceivedRequest) -> Reply:
        """The reply to a request."""
        path = request.path.partition("?")[0].removeprefix("/v1")
        if request.method == "GET":
            if path.endswith("/messages"):
                return Reply(body={"object": "list", "data": self.messages, "has_more": False})
            return NOT_FOUND if self.lookup is None or "/messages/" in path else Reply(body=self.lookup)
        ids = {"/assistants": "asst_1", "/threads": "thread_1", "/threads/thread_1/messages": "msg_1"}
        if path in ids:
            return Reply(body={"id": ids[path], "created_at": 1})
        if path.endswith(("/runs", "/responses", "/chat/completions")):
            return self.turn if self.title is None or request.body.get("stream") else self.title
        return NOT_FOUND

    @contextmanager
    def serving(self) -> Iterator[str]:
        """Serve; the value is the base URL."""
        with ReplyServer(self) as server:
            yield server.base_url


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a backend reported of one answer; ``error`` is what it raised."""

    text: str
    reasoning: str
    end: Finished | None
    error: ChatmgrError | None
    events: list[Event]

    @property
    def state(self) -> RunState | None:
        """How the run ended; None where nothing said it, which is an interrupted run."""
        return self.end.state if self.end else None


def outcome(events: Iterable[Event]) -> Outcome:
    """Read a backend's events to their end; any exception but ours goes through."""
    read: list[Event] = []
    error: ChatmgrError | None = None
    try:
        read.extend(events)  # keeps what came before an error
    except ChatmgrError as raised:
        error = raised
    texts = [event.text for event in read if isinstance(event, Delta)]
    thoughts = [event.text for event in read if isinstance(event, Reasoning)]
    end = next((event for event in read if isinstance(event, Finished)), None)
    text = (end and end.text) or "".join(texts)
    return Outcome(text, "".join(thoughts), end, error, read)


def provider(api: str, base_url: str) -> Provider:
    """A provider that is not waited for."""
    return Provider(
        "wire", api, base_url, default_model="m", options={"recover_seconds": 0.0, "retry_seconds": 0.0}
    )


def run_turn(script: ScriptedApi) -> Outcome:
    """One turn, by the backend alone, over a real connection."""
    now = datetime.now(UTC)
    assistant = Assistant(1, 1, "a", 1, "Be brief.", "m", "wire", {}, now, now)
    request = TurnRequest("talk", 1, "Hello?", "m", assistant, lambda after: [], 0)
    with script.serving() as base_url:
        return outcome(registry.create(provider(script.api, base_url)).stream(request))


def recover_run(script: ScriptedApi, text: str = "") -> Outcome:
    """Recover the run of a process that died, by the backend alone."""
    ids = {"responses": ("", "resp_1"), "assistants": ("thread_1", "run_1"), "completions": ("", "c1")}
    thread_id, run_id = ids[script.api]
    now = datetime.now(UTC)
    live_run = LiveRun(
        1,
        1,
        1,
        1,
        RunState.RUNNING,
        "wire",
        "m",
        thread_id,
        run_id,
        True,
        text,
        1,
        "here",
        now,
        user="Hello?",
    )
    with script.serving() as base_url:
        return outcome(registry.create(provider(script.api, base_url)).recover(live_run))
