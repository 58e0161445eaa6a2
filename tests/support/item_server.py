"""A server whose answers hold items of any kind, and whose every request is judged by OpenAI's document."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self
from urllib.parse import parse_qsl

from chatmgr.backends import registry
from chatmgr.domain.events import Event, ItemDone
from chatmgr.domain.items import Item
from chatmgr.domain.model import Assistant, LiveRun, Message, Provider, TurnRequest
from chatmgr.domain.ports import Backend
from chatmgr.domain.remote import ThreadRef
from chatmgr.domain.states import RunState
from tests.support.reply_server import ReceivedRequest, Reply, ReplyServer
from tests.support.scripted_api import NOT_FOUND, Outcome, outcome, response, stream
from tests.wire import spec

Json = dict[str, Any]
PNG = b"\x89PNG\r\n\x1a\n" + b"image data " * 20
NOW = datetime.now(UTC)


@dataclass(slots=True)
class ItemServer:
    """Answers turns by ``turns``, one after the other, and everything else by path.

    ``stateless``: it has no conversations. ``replies`` are by method and path; ``items`` are what a
    conversation lists, oldest first.
    """

    turns: list[Reply] = field(default_factory=list)
    stateless: bool = False
    replies: dict[tuple[str, str], Reply] = field(default_factory=dict)
    items: list[Json] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    server: ReplyServer = field(init=False)

    def __enter__(self) -> Self:
        self.server = ReplyServer(self._answer)
        self.server.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self.server.__exit__(*error)

    def _answer(self, request: ReceivedRequest) -> Reply:
        path, _, query = request.path.removeprefix("/v1").partition("?")
        judge = spec.load()
        if not isinstance(request.body, bytes):
            self.violations += judge.check(
                request.method, path, dict(parse_qsl(query)), request.headers, _as_documented(request.body)
            )
        if reply := self.replies.get((request.method, path)):
            return reply
        if request.method == "POST" and path.endswith(
            ("/responses", "/chat/completions", "/runs", "_outputs")
        ):
            return self.turns.pop(0)
        if path == "/conversations":
            return NOT_FOUND if self.stateless else Reply(body={"id": "conv_1"})
        if path.startswith("/conversations/") and path.endswith("/items"):
            listed = self.items if "order=asc" in query else self.items[::-1]
            listed = listed if request.method == "GET" else []
            return Reply(body={"object": "list", "data": listed, "has_more": False})
        ids = {"/assistants": "asst_1", "/threads": "thread_1", "/threads/thread_1/messages": "msg_1"}
        if request.method == "POST" and path in ids:
            return Reply(body={"id": ids[path], "created_at": 1})
        return NOT_FOUND

    def backend(self, api: str) -> Backend:
        """A backend for this server, which is not waited for."""
        options = {"recover_seconds": 0.0, "retry_seconds": 0.0}
        return registry.create(
            Provider("wire", api, self.server.base_url, default_model="m", options=options)
        )

    def run(self, request: TurnRequest, api: str) -> Outcome:
        """Run a turn."""
        return outcome(self.backend(api).stream(request))

    def bodies(self, path: str) -> list[Any]:
        """The bodies of what was posted to paths that end so."""
        return [request.body for request in self.server.posts if request.path.endswith(path)]


def _as_documented(body: Any) -> Any:
    """A body as the document has it: of an approval, that requires a field which the API does not have."""
    if isinstance(body, dict) and isinstance(body.get("input"), list):
        approval = {"request_id": "x"}
        items = [
            item | approval
            if isinstance(item, dict) and item.get("type") == "mcp_approval_response"
            else item
            for item in body["input"]
        ]
        return {**body, "input": items}
    return body


def request(
    *history: Message,
    text: str = "Hello?",
    model: str = "m",
    thread: str = "",
    params: Json | None = None,
    pending: Sequence[Item] = (),
) -> TurnRequest:
    """A turn after some earlier messages; with ``thread``, that holds them."""
    assistant = Assistant(1, 1, "a", 1, "Be brief.", model, "wire", params or {}, NOW, NOW)
    answered = len(history) // 2
    return TurnRequest(
        "talk",
        answered + 1,
        text,
        model,
        assistant,
        lambda after: list(history[2 * after :]),
        answered,
        thread=ThreadRef(thread, answered) if thread else None,
        pending=tuple(pending),
    )


def live_run(
    request: TurnRequest | None = None,
    items: Iterable[Item] = (),
    *,
    state: RunState = RunState.REQUIRES_ACTION,
    thread_id: str = "",
    run_id: str = "resp_1",
    text: str = "",
) -> LiveRun:
    """A run that is still open."""
    return LiveRun(
        1,
        1,
        1,
        1,
        state,
        "wire",
        "m",
        thread_id,
        run_id,
        True,
        text,
        1,
        "here",
        NOW,
        user="Hello?",
        items=tuple(items),
        request=request,
    )


def items_in(events: Iterable[Event]) -> list[Item]:
    """The items among events."""
    return [event.item for event in events if isinstance(event, ItemDone)]


def streamed(*output: Json, **fields: Any) -> Reply:
    """A response whose output items are streamed, each when it is done, and repeated at its end."""
    frames: list[tuple[str, Any]] = [
        ("response.created", {"type": "response.created", "response": response(status="in_progress")})
    ]
    for index, item in enumerate(output):
        frames += _item_frames(index, item)
    final = response(output=list(output), **fields)
    frames.append(("response.completed", {"type": "response.completed", "response": final}))
    return stream(*frames)


def _item_frames(index: int, item: Json) -> list[tuple[str, Any]]:
    added: Json = {
        "type": "response.output_item.added",
        "output_index": index,
        "item": {**item, "content": []},
    }
    frames: list[tuple[str, Any]] = [(added["type"], added)]
    if item.get("type") == "message":
        for part in item["content"]:
            at = {"item_id": item.get("id"), "output_index": index, "content_index": 0}
            delta = {"type": "response.output_text.delta", **at, "delta": part.get("text", "")}
            frames += [(delta["type"], delta)] if part.get("text") else []
    done: Json = {
        "type": "response.output_item.done",
        "output_index": index,
        "item": item,
        "sequence_number": 7,
    }
    return [*frames, (done["type"], done)]


def whole(*output: Json, **fields: Any) -> Reply:
    """The same response from a server that does not stream."""
    return Reply(body=response(output=list(output), **fields))


def said(text: str, *annotations: Json, **fields: Any) -> Json:
    """A message of the assistant, as an output item."""
    part = {"type": "output_text", "text": text, "annotations": list(annotations), "logprobs": []}
    message = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "status": "completed",
        "content": [part],
    }
    return {**message, **fields}


Replies = Callable[..., Reply]
