"""The Conversations API: durable lists of items that responses read and extend.

Mental model: a `Conversation` is an id, metadata and items, oldest first; `busy` while a response is
being generated for it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from .parts import Answer, Call, Json, RefusedError, Said, as_json, deleted
from .routing import Route
from .world import World, check_metadata, page

MOST_ITEMS = 20


@dataclass(slots=True)
class Conversation:
    """One stored conversation; `memory` is what was said in its responses, for servers that keep it apart."""

    body: Json
    items: list[Json] = field(default_factory=list)
    memory: list[Said] = field(default_factory=list)
    busy: bool = False


def stored_item(world: World, item: Json) -> Json:
    """Turn an input item into the shape in which it is listed: with id, status and typed content."""
    if item.get("type", "message") != "message":
        return {"id": world.new_id("item"), **item}
    role, content = item["role"], item["content"]
    if isinstance(content, str):
        content = [output_text(content) if role == "assistant" else {"type": "input_text", "text": content}]
    return {
        "type": "message",
        "id": item.get("id") or world.new_id("msg"),
        "status": "completed",
        "role": role,
        "content": content,
    }


def output_text(text: str) -> Json:
    """Build the content part that holds an answer."""
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def said(items: list[Json]) -> list[Said]:
    """What the model remembers of items: the text of their messages."""
    return [
        (item["role"], "".join(part.get("text") or part.get("refusal") or "" for part in item["content"]))
        for item in items
        if item["type"] == "message"
    ]


class Conversations:
    """The endpoints under /conversations."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.kept: dict[str, Conversation] = {}

    def routes(self) -> list[Route]:
        """Everything served here."""
        path = "/conversations/{conversation}"
        return [
            ("POST", "/conversations", self._create),
            ("GET", path, lambda call: as_json(self._named(call).body)),
            ("POST", path, self._update),
            ("DELETE", path, self._delete),
            ("GET", f"{path}/items", lambda call: as_json(page(self._named(call).items, call.query))),
            ("POST", f"{path}/items", self._append),
            ("GET", f"{path}/items/{{item}}", lambda call: as_json(self._item(call))),
            ("DELETE", f"{path}/items/{{item}}", self._delete_item),
        ]

    def get(self, identifier: str) -> Conversation:
        """Return a conversation or refuse."""
        if identifier not in self.kept:
            raise RefusedError(404, f"Conversation with id '{identifier}' not found.")
        return self.kept[identifier]

    def forget(self, identifier: str) -> None:
        """Lose a conversation, if it is one."""
        self.kept.pop(identifier, None)

    def _named(self, call: Call) -> Conversation:
        return self.get(call.args["conversation"])

    def _create(self, call: Call) -> Answer:
        body: Json = {
            "id": self._world.new_id("conv"),
            "object": "conversation",
            "created_at": self._world.now(),
            "metadata": check_metadata(call.body.get("metadata")),
        }
        self.kept[body["id"]] = Conversation(body, self._new_items(call))
        return as_json(body)

    def _new_items(self, call: Call) -> list[Json]:
        items = call.body.get("items") or []
        if len(items) > MOST_ITEMS:
            message = f"Invalid 'items': array too long. Expected at most {MOST_ITEMS}, but got {len(items)}."
            raise RefusedError(400, message, "array_above_max_length", "items")
        return [stored_item(self._world, item) for item in items]

    def _update(self, call: Call) -> Answer:
        conversation = self._named(call)
        conversation.body["metadata"] = check_metadata(call.body.get("metadata"))
        return as_json(conversation.body)

    def _delete(self, call: Call) -> Answer:
        self._named(call)
        self.forget(call.args["conversation"])
        return deleted(call.args["conversation"], "conversation.deleted")

    def _append(self, call: Call) -> Answer:
        conversation = self._named(call)
        refuse_if_locked(conversation, call)
        added = self._new_items(call)
        conversation.items += added
        return as_json(page(added, {"order": "asc", "limit": "100"}))

    def _item(self, call: Call) -> Json:
        wanted = call.args["item"]
        for item in self._named(call).items:
            if item["id"] == wanted:
                return item
        raise RefusedError(404, f"Item with id '{wanted}' not found in this conversation.")

    def _delete_item(self, call: Call) -> Answer:
        self._named(call).items.remove(self._item(call))
        return as_json(self._named(call).body)


def refuse_if_locked(conversation: Conversation | None, call: Call) -> None:
    """Refuse a turn on a conversation that is busy with another, or as a `lock` fault wants it."""
    if call.plan.has("lock") or (conversation and conversation.busy):
        message = (
            "Another process is currently operating on this conversation. Please retry in a few seconds."
        )
        raise RefusedError(400, message, "conversation_locked")
