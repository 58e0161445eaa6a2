"""The Assistants API v2 without its runs: assistants, threads and their messages.

Mental model: an assistant is a stored set of instructions, a thread a stored list of messages, oldest
first. A thread knows its active run, and refuses changes while there is one.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from .parts import Answer, Call, Json, RefusedError, Said, as_json, deleted
from .routing import Route
from .world import World, check_metadata, page


@dataclass(slots=True)
class Thread:
    """One thread; `active` is the id of the run that works on it."""

    body: Json
    messages: list[Json] = field(default_factory=list)
    active: str | None = None

    def said(self) -> list[Said]:
        """What the model remembers."""
        return [(message["role"], _text(message["content"])) for message in self.messages]


def _text(content: list[Json]) -> str:
    return "".join(
        part["text"]["value"] if part["type"] == "text" else part.get("refusal", "") for part in content
    )


def _listed(part: Json) -> Json:
    return {**part, "text": [part["text"]]} if part["type"] == "text" else part


def text_part(text: str) -> Json:
    """Build the content part that holds text in a stored message."""
    return {"type": "text", "text": {"value": text, "annotations": []}}


def new_message(world: World, thread: Json, role: str, content: list[Json], **more: object) -> Json:
    """Build a message object."""
    return {
        "id": world.new_id("msg"),
        "object": "thread.message",
        "created_at": world.now(),
        "thread_id": thread["id"],
        "status": "completed",
        "incomplete_details": None,
        "completed_at": world.now(),
        "incomplete_at": None,
        "role": role,
        "content": content,
        "assistant_id": None,
        "run_id": None,
        "attachments": [],
        "metadata": {},
        **more,
    }


class Threads:
    """The endpoints under /assistants and /threads, but not those of runs."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._assistants: dict[str, Json] = {}
        self._kept: dict[str, Thread] = {}

    def routes(self) -> list[Route]:
        """Everything served here."""
        assistant, thread = "/assistants/{assistant}", "/threads/{thread}"
        message = f"{thread}/messages/{{message}}"
        return [
            ("POST", "/assistants", self._create_assistant),
            ("GET", "/assistants", lambda call: as_json(page(list(self._assistants.values()), call.query))),
            ("GET", assistant, lambda call: as_json(self.assistant(call.args["assistant"]))),
            ("POST", assistant, self._update_assistant),
            ("DELETE", assistant, self._delete_assistant),
            ("POST", "/threads", lambda call: as_json(self.create(call.body).body)),
            ("GET", thread, lambda call: as_json(self.named(call).body)),
            ("POST", thread, self._update),
            ("DELETE", thread, self._delete),
            ("GET", f"{thread}/messages", self._messages),
            ("POST", f"{thread}/messages", self._add),
            ("GET", message, lambda call: as_json(self._message(call))),
            ("DELETE", message, self._delete_message),
        ]

    def assistant(self, identifier: str) -> Json:
        """Return an assistant or refuse."""
        if identifier not in self._assistants:
            raise RefusedError(404, f"No assistant found with id '{identifier}'.")
        return self._assistants[identifier]

    def named(self, call: Call) -> Thread:
        """Return the thread a call names or refuse."""
        identifier = call.args["thread"]
        if identifier not in self._kept:
            raise RefusedError(404, f"No thread found with id '{identifier}'.")
        return self._kept[identifier]

    def forget(self, identifier: str) -> None:
        """Lose a thread, if it is one."""
        self._kept.pop(identifier, None)

    def create(self, wanted: Json) -> Thread:
        """Make a thread with its first messages."""
        body: Json = {
            "id": self._world.new_id("thread"),
            "object": "thread",
            "created_at": self._world.now(),
            "tool_resources": wanted.get("tool_resources") or {},
            "metadata": check_metadata(wanted.get("metadata")),
        }
        thread = Thread(body)
        self._kept[body["id"]] = thread
        for message in wanted.get("messages") or []:
            self.append(thread, message)
        return thread

    def append(self, thread: Thread, wanted: Json) -> Json:
        """Add a message as a client sends it; return it as it is stored."""
        content = wanted["content"]
        parts = [{"type": "text", "text": content}] if isinstance(content, str) else content
        self._refuse_unknown_files(wanted, parts)
        stored = [text_part(part["text"]) if part["type"] == "text" else part for part in parts]
        metadata = check_metadata(wanted.get("metadata"))
        message = new_message(self._world, thread.body, wanted["role"], stored, metadata=metadata)
        message["attachments"] = wanted.get("attachments") or []
        thread.messages.append(message)
        return message

    def _refuse_unknown_files(self, wanted: Json, parts: list[Json]) -> None:
        named = [part["image_file"]["file_id"] for part in parts if part["type"] == "image_file"]
        named += [attachment["file_id"] for attachment in wanted.get("attachments") or ()]
        for identifier in named:
            if identifier not in self._world.files:
                raise RefusedError(404, f"No such File object: {identifier}", param="file_id")

    def _create_assistant(self, call: Call) -> Answer:
        body: Json = {
            "id": self._world.new_id("asst"),
            "object": "assistant",
            "created_at": self._world.now(),
            "name": None,
            "description": None,
            "instructions": None,
            "tools": [],
            "tool_resources": {},
            "temperature": 1.0,
            "top_p": 1.0,
            "response_format": "auto",
            **call.body,
            "metadata": check_metadata(call.body.get("metadata")),
        }
        self._assistants[body["id"]] = body
        return as_json(body)

    def _update_assistant(self, call: Call) -> Answer:
        assistant = self.assistant(call.args["assistant"])
        assistant.update(call.body)
        return as_json(assistant)

    def _delete_assistant(self, call: Call) -> Answer:
        self.assistant(call.args["assistant"])
        del self._assistants[call.args["assistant"]]
        return deleted(call.args["assistant"], "assistant.deleted")

    def _update(self, call: Call) -> Answer:
        thread = self.named(call)
        thread.body.update(call.body)
        return as_json(thread.body)

    def _delete(self, call: Call) -> Answer:
        self.named(call)
        self.forget(call.args["thread"])
        return deleted(call.args["thread"], "thread.deleted")

    def _messages(self, call: Call) -> Answer:
        wild = self._world.wild
        run = None if wild.run_id_ignored else call.query.get("run_id")
        messages = [m for m in self.named(call).messages if run is None or m["run_id"] == run]
        if wild.same_second == "reversed":
            messages.reverse()
        elif wild.same_second:
            first = "assistant" if wild.same_second == "answers first" else "user"
            messages.sort(key=lambda message: message["role"] != first)
        if wild.text_as_list:
            messages = [{**m, "content": [_listed(part) for part in m["content"]]} for m in messages]
        return as_json(page(messages, call.query))

    def _add(self, call: Call) -> Answer:
        thread = self.named(call)
        if thread.active or call.plan.has("lock"):
            run = thread.active or self._world.new_id("run")
            raise RefusedError(400, f"Can't add messages to {thread.body['id']} while a run {run} is active.")
        return as_json(self.append(thread, call.body))

    def _message(self, call: Call) -> Json:
        wanted = call.args["message"]
        for message in self.named(call).messages:
            if message["id"] == wanted:
                return message
        raise RefusedError(404, f"No message found with id '{wanted}'.")

    def _delete_message(self, call: Call) -> Answer:
        if self._world.wild.message_delete:
            raise RefusedError(
                self._world.wild.message_delete, f"Invalid method for URL (DELETE /v1{call.path})."
            )
        self.named(call).messages.remove(self._message(call))
        return deleted(call.args["message"], "thread.message.deleted")
