"""LibreChat: one file for each exported conversation, as a tree or as a list; and chatbot-ui's ``history``.

An export without branches has the visible path only. Editing the first message gives several roots.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from chatmgr.domain.items import Item
from chatmgr.domain.source_conversations import SourceConversation, SourceMessage, SourceRole
from chatmgr.domain.states import RunState
from chatmgr.importers import making
from chatmgr.importers.chat_messages import chat_of, is_message
from chatmgr.importers.making import records_of, words_of
from chatmgr.importers.source import Record, Surroundings
from chatmgr.importers.times import from_iso

_ROOT = "00000000-0000-0000-0000-000000000000"


class LibreChat:
    """Reads an exported conversation."""

    kind = "librechat"
    label = "LibreChat"

    def recognises(self, record: Record) -> bool:
        """It has a tree of messages, or messages with ids of their own."""
        if isinstance(record.get("messagesTree"), list):
            return True
        messages = record.get("messages")
        return (
            isinstance(record.get("conversationId"), str)
            and isinstance(messages, list)
            and all(isinstance(message, Mapping) and "messageId" in message for message in messages)
        )

    def id_of(self, record: Record, around: Surroundings) -> str:
        """The conversation's id."""
        return words_of(record.get("conversationId")) or making.digest_of(
            record.get("title"), record.get("messagesTree") or record.get("messages")
        )

    def updated_at(self, record: Record) -> datetime | None:
        """When its last message was written: the export's own time has no date."""
        times = [moment for message in _flat(record) if (moment := from_iso(message.get("createdAt")))]
        return max(times, default=None)

    def convert(self, record: Record, around: Surroundings) -> SourceConversation:
        """The conversation."""
        unmapped: dict[str, int] = {}
        options = record.get("options")
        options = options if isinstance(options, Mapping) else {}
        messages = tuple(_message(message, unmapped) for message in _flat(record))
        return SourceConversation(
            kind=self.kind,
            id=self.id_of(record, around),
            messages=messages,
            title=words_of(record.get("title")),
            created_at=next((message.at for message in messages if message.at), None),
            updated_at=self.updated_at(record),
            instructions=words_of(options.get("promptPrefix")) or words_of(options.get("system")),
            provider="librechat",
            model=words_of(options.get("model")),
            unmapped=unmapped,
        )


def _flat(record: Record) -> Iterator[dict[str, Any]]:
    """All messages, parents before those that follow, without recursion."""
    waiting = records_of(record.get("messagesTree") or record.get("messages"))[::-1]
    while waiting:
        message = waiting.pop()
        yield message
        waiting += records_of(message.get("children"))[::-1]


def _message(message: dict[str, Any], unmapped: dict[str, int]) -> SourceMessage:
    is_user = bool(message.get("isCreatedByUser"))
    parent = words_of(message.get("parentMessageId"))
    items = list(_items(message, unmapped))
    failed = bool(message.get("error"))
    cut = bool(message.get("unfinished")) or message.get("finish_reason") in ("incomplete", "length")
    state = RunState.FAILED if failed else RunState.INCOMPLETE if cut else RunState.COMPLETED
    names = [words_of(file.get("filename")) for file in records_of(message.get("files"))]
    items += [making.file_item(name, None) for name in names if name]
    said = SourceRole.USER if is_user else SourceRole.ASSISTANT
    return SourceMessage(
        id=words_of(message.get("messageId")),
        parent="" if parent == _ROOT else parent,
        role=said if items else SourceRole.HIDDEN,
        items=() if failed and not is_user else tuple(items),
        at=from_iso(message.get("createdAt")),
        model="" if is_user else words_of(message.get("model")),
        state=RunState.COMPLETED if is_user else state,
        error=words_of(message.get("text")) if failed and not is_user else "",
    )


def _items(message: dict[str, Any], unmapped: dict[str, int]) -> Iterator[Item]:
    content = message.get("content")
    parts = records_of(content)
    if not parts:
        yield from making.texts(message.get("text") or content)
        return
    for number, part in enumerate(parts):
        kind = words_of(part.get("type"))
        if kind == "text":
            words = part.get("text")
            yield from making.texts(words.get("value") if isinstance(words, Mapping) else words)
        elif kind == "think":
            if words_of(part.get("think")):
                yield making.reasoning(part["think"])
        elif kind == "tool_call" and isinstance(part.get("tool_call"), Mapping):
            call = part["tool_call"]
            key = words_of(call.get("id")) or f"call-{number}"
            yield making.tool_call(key, words_of(call.get("name")), call.get("args") or "")
            if words_of(call.get("output")):
                yield making.tool_result(key, call["output"])
        elif kind == "image_file":
            file = part.get("image_file")
            name = words_of(file.get("filename")) if isinstance(file, Mapping) else ""
            yield making.file_item(name or "image", None, "image/*")
        elif kind != "error":
            unmapped[kind or "unnamed"] = unmapped.get(kind or "unnamed", 0) + 1
            yield making.other(kind or "unnamed", part)


class ChatbotUi:
    """Reads a chat of chatbot-ui: ``name``, ``model`` with an id, and messages of role and content."""

    kind = "chatbot-ui"
    label = "chatbot-ui"

    def recognises(self, record: Record) -> bool:
        """By its model, an object, beside messages."""
        messages = record.get("messages")
        model = record.get("model")
        return (
            isinstance(messages, list)
            and isinstance(model, Mapping)
            and "name" in record
            and bool(messages)
            and all(map(is_message, messages))
        )

    def id_of(self, record: Record, around: Surroundings) -> str:
        """Its own id, else one of its content."""
        own = record.get("id")
        return str(own) if own else making.digest_of(record.get("name"), record["messages"][:1])

    def updated_at(self, record: Record) -> datetime | None:
        """It has no times."""
        return None

    def convert(self, record: Record, around: Surroundings) -> SourceConversation:
        """The conversation."""
        unmapped: dict[str, int] = {}
        messages, instructions = chat_of(records_of(record["messages"]), unmapped)
        return SourceConversation(
            kind=self.kind,
            id=self.id_of(record, around),
            messages=messages,
            title=words_of(record.get("name")),
            instructions=instructions or words_of(record.get("prompt")),
            provider="chatbot-ui",
            model=words_of(record["model"].get("id")),
            unmapped=unmapped,
        )
