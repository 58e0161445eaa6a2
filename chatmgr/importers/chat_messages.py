"""Chats as lists of ``role`` and ``content``: what fine-tuning, datasets and many small programs use.

A JSON object with ``messages``, one a line or alone; a bare array of messages; ``prompt`` and ``completion``;
ShareGPT's ``conversations`` of ``from`` and ``value``. They have neither times nor, mostly, ids: then the
content is the id, so that a chat that grew is another one.
"""

import binascii
from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from chatmgr.domain.items import Item
from chatmgr.domain.model import Attachment
from chatmgr.domain.source_conversations import SourceConversation, SourceMessage, SourceRole
from chatmgr.importers import making
from chatmgr.importers.making import records_of, words_of
from chatmgr.importers.source import Record, Surroundings
from chatmgr.importers.times import from_either, from_iso

_ROLES = {
    "user": SourceRole.USER,
    "human": SourceRole.USER,
    "assistant": SourceRole.ASSISTANT,
    "gpt": SourceRole.ASSISTANT,
    "model": SourceRole.ASSISTANT,
    "bot": SourceRole.ASSISTANT,
    "chatgpt": SourceRole.ASSISTANT,
    "bing": SourceRole.ASSISTANT,
    "bard": SourceRole.ASSISTANT,
    "tool": SourceRole.TOOL,
    "function": SourceRole.TOOL,
    "observation": SourceRole.TOOL,
    "function_call": SourceRole.ASSISTANT,
}
_INSTRUCTING = frozenset({"system", "developer"})


def is_message(record: object) -> bool:
    """Whether an object is a message with a role and content, or a call of tools."""
    return (
        isinstance(record, Mapping)
        and record.get("role") in _ROLES.keys() | _INSTRUCTING
        and (
            isinstance(record.get("content"), str | list)
            or "tool_calls" in record
            or "function_call" in record
        )
    )


def chat_of(
    messages: Sequence[Mapping[str, Any]], unmapped: dict[str, int]
) -> tuple[tuple[SourceMessage, ...], str]:
    """The messages of a chat on a line, and the instructions that it begins with."""
    converted: list[SourceMessage] = []
    instructions: list[str] = []
    calls: list[str] = []
    for number, message in enumerate(messages):
        role = words_of(message.get("role"))
        if role in _INSTRUCTING and not converted:
            instructions.append(plain_text(message.get("content")))
            continue
        items, files = content_of(message, calls, unmapped)
        said_as = SourceRole.HIDDEN if role in _INSTRUCTING else _ROLES.get(role, SourceRole.HIDDEN)
        key = words_of(message.get("id")) or str(number)
        converted.append(
            SourceMessage(
                id=key,
                parent=converted[-1].id if converted else "",
                role=said_as if items or files else SourceRole.HIDDEN,
                items=items,
                files=files if said_as is SourceRole.USER else (),
                at=time_of(message),
                model=words_of(message.get("model")),
            )
        )
    return tuple(converted), "\n\n".join(filter(None, instructions))


def time_of(message: Mapping[str, Any]) -> datetime | None:
    """When a message was said, under whatever name and in whatever unit."""
    for name in ("created_at", "timestamp", "createdAt", "create_time", "date", "time"):
        value = message.get(name)
        if moment := from_iso(value) or from_either(value):
            return moment
    return None


def plain_text(content: object) -> str:
    """The words of content, which is text or a list of parts."""
    if isinstance(content, str):
        return content
    return "\n\n".join(filter(None, (words_of(part.get("text")) for part in records_of(content))))


def content_of(
    message: Mapping[str, Any], calls: list[str], unmapped: dict[str, int]
) -> tuple[tuple[Item, ...], tuple[Attachment, ...]]:
    """The items and the files of a message. ``calls`` are the ids of calls that have no result yet."""
    role = words_of(message.get("role"))
    content = message.get("content")
    if _ROLES.get(role) is SourceRole.TOOL:
        call = words_of(message.get("tool_call_id")) or (calls[0] if calls else "call")
        if call in calls:
            calls.remove(call)
        return (making.tool_result(call, plain_text(content)),), ()
    items: list[Item] = []
    files: list[Attachment] = []
    thought = message.get("reasoning_content") or message.get("reasoning")
    if words_of(thought):
        items.append(making.reasoning(words_of(thought)))
    if isinstance(content, str):
        items += making.texts(content)
    for number, part in enumerate(records_of(content)):
        item, file = _part(part, number, is_user=role in ("user", "human"))
        if item is not None:
            items.append(item)
        elif file is not None:
            files.append(file)
        else:
            kind = words_of(part.get("type")) or "unnamed"
            unmapped[kind] = unmapped.get(kind, 0) + 1
            items.append(making.other(kind, part))
    items += _calls(message, calls)
    return tuple(items), tuple(files)


def _part(part: Mapping[str, Any], number: int, *, is_user: bool) -> tuple[Item | None, Attachment | None]:
    kind = words_of(part.get("type"))
    words = part.get("text")
    if isinstance(words, Mapping):
        words = words.get("value")
    if kind in ("", "text", "input_text", "output_text") and isinstance(words, str):
        return making.text(words), None
    if kind in ("image_url", "input_image"):
        given = part.get("image_url")
        address = words_of(given.get("url") if isinstance(given, Mapping) else given)
        name = f"image-{number + 1}"
        if (data := data_of(address)) is None:
            return making.file_item(name, None, "image/*", url=address[:2000]), None
        return (None, making.attachment(name, data)) if is_user else (making.file_item(name, data), None)
    return None, None


def data_of(address: str) -> bytes | None:
    """The bytes of a ``data:`` address; None for another one, or where they are not base64."""
    head, mark, encoded = address.partition(";base64,")
    if not mark or not head.startswith("data:"):
        return None
    try:
        return b64decode(encoded)
    except (binascii.Error, ValueError):
        return None


def _calls(message: Mapping[str, Any], calls: list[str]) -> Iterator[Item]:
    for number, call in enumerate(records_of(message.get("tool_calls"))):
        function = call.get("function")
        function = function if isinstance(function, Mapping) else call
        key = words_of(call.get("id")) or f"call-{number}"
        calls.append(key)
        yield making.tool_call(key, words_of(function.get("name")), function.get("arguments") or "")
    if isinstance(function := message.get("function_call"), Mapping):
        calls.append("call")
        yield making.tool_call("call", words_of(function.get("name")), function.get("arguments") or "")


class ChatRecord:
    """Reads an object with ``messages``, or with ``prompt`` and ``completion``."""

    kind = "chat"
    label = "chat messages"

    def recognises(self, record: Record) -> bool:
        """All its messages have a role and content."""
        messages = record.get("messages")
        if isinstance(messages, list) and messages:
            return all(map(is_message, messages))
        return isinstance(record.get("prompt"), str) and isinstance(record.get("completion"), str)

    def id_of(self, record: Record, around: Surroundings) -> str:
        """Its own id, or one made of its content."""
        own = record.get("id") or record.get("conversation_id")
        return str(own) if isinstance(own, str | int) and own else making.digest_of(dict(record))

    def updated_at(self, record: Record) -> datetime | None:
        """When it changed last, where it says so."""
        return from_iso(record.get("updated_at")) or from_either(record.get("updated_at"))

    def convert(self, record: Record, around: Surroundings) -> SourceConversation:
        """The conversation."""
        unmapped: dict[str, int] = {}
        messages = record.get("messages") or [
            {"role": "user", "content": record.get("prompt")},
            {"role": "assistant", "content": record.get("completion")},
        ]
        converted, instructions = chat_of(messages, unmapped)
        tags = record.get("tags")
        return SourceConversation(
            kind=self.kind,
            id=self.id_of(record, around),
            messages=converted,
            title=words_of(record.get("title")) or words_of(record.get("name")),
            created_at=time_of(record),
            updated_at=self.updated_at(record),
            tags=tuple(tag for tag in tags if isinstance(tag, str)) if isinstance(tags, list) else (),
            instructions=instructions or words_of(record.get("system")),
            model=words_of(record.get("model")),
            unmapped=unmapped,
        )


class MessageList:
    """Reads a bare list of messages: the file is one conversation."""

    kind = "chat"
    label = "chat messages"

    def recognises(self, first: Sequence[Record]) -> bool:
        """Each of them is a message, and says nothing of a program that writes more."""
        return all(is_message(record) and not record.keys() & {"messages", "thread_id"} for record in first)

    def id_of(self, lines: Sequence[Record], around: Surroundings) -> str:
        """Made of the file's name and the first message, so that a list that grew is the same."""
        first = next((line for line in lines if line.get("role") in ("user", "human")), lines[0])
        name = around.member.name.rpartition("/")[2]
        return making.digest_of(name, first.get("role"), first.get("content"))

    def convert(self, lines: Iterator[Record], around: Surroundings) -> SourceConversation:
        """The conversation."""
        unmapped: dict[str, int] = {}
        messages = list(lines)
        converted, instructions = chat_of(messages, unmapped)
        return SourceConversation(
            kind=self.kind,
            id=self.id_of(messages, around),
            messages=converted,
            title=around.member.name.rpartition("/")[2].partition(".")[0],
            updated_at=around.member.modified_at,
            instructions=instructions,
            unmapped=unmapped,
        )


class ShareGpt:
    """Reads an object with ``conversations`` of ``from`` and ``value``."""

    kind = "sharegpt"
    label = "ShareGPT"

    def recognises(self, record: Record) -> bool:
        """Its entries have ``from`` and ``value``."""
        entries = record.get("conversations")
        return (
            isinstance(entries, list)
            and bool(entries)
            and all(isinstance(entry, Mapping) and {"from", "value"} <= entry.keys() for entry in entries)
        )

    def id_of(self, record: Record, around: Surroundings) -> str:
        """Its own id with its content: datasets use one id for several pieces of a chat."""
        return making.digest_of(record.get("id"), record["conversations"])

    def updated_at(self, record: Record) -> datetime | None:
        """Datasets have no times."""
        return None

    def convert(self, record: Record, around: Surroundings) -> SourceConversation:
        """The conversation."""
        unmapped: dict[str, int] = {}
        messages = [
            {"role": words_of(entry.get("from")).lower(), "content": words_of(entry.get("value"))}
            for entry in records_of(record["conversations"])
        ]
        converted, instructions = chat_of(messages, unmapped)
        return SourceConversation(
            kind=self.kind,
            id=self.id_of(record, around),
            messages=converted,
            title=words_of(record.get("title")),
            instructions=instructions or words_of(record.get("system")),
            unmapped=unmapped,
        )
