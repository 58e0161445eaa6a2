"""LM Studio: one file a conversation, in which each message has versions, one of them selected.

Versions of an answer are runs of its turn; of a question that was edited, the selected one is kept. Only the
conversation has a time; the steps of an answer have it in their ids.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from chatmgr.domain.items import Item
from chatmgr.domain.source_conversations import SourceConversation, SourceMessage, SourceRole
from chatmgr.importers import making
from chatmgr.importers.making import records_of, words_of
from chatmgr.importers.source import Record, Surroundings
from chatmgr.importers.times import from_milliseconds


class LmStudio:
    """Reads a conversation."""

    kind = "lm-studio"
    label = "LM Studio"

    def recognises(self, record: Record) -> bool:
        """Its messages have versions."""
        messages = record.get("messages")
        return (
            isinstance(messages, list)
            and bool(messages)
            and all(
                isinstance(message, Mapping) and {"versions", "currentlySelected"} <= message.keys()
                for message in messages
            )
        )

    def id_of(self, record: Record, around: Surroundings) -> str:
        """Made of the file's name, which is when it was begun, and of that time."""
        name = around.member.name.rpartition("/")[2].partition(".")[0]
        return making.digest_of(name if name.isdecimal() else "", record.get("createdAt"))

    def updated_at(self, record: Record) -> datetime | None:
        """When either side spoke last."""
        times = (record.get("userLastMessagedAt"), record.get("assistantLastMessagedAt"))
        return max(filter(None, map(from_milliseconds, times)), default=None)

    def convert(self, record: Record, around: Surroundings) -> SourceConversation:
        """The conversation."""
        unmapped: dict[str, int] = {}
        messages = tuple(_messages(record, unmapped))
        model = record.get("lastUsedModel")
        folder = around.member.name.rpartition("/")[0].rpartition("/")[2]
        return SourceConversation(
            kind=self.kind,
            id=self.id_of(record, around),
            messages=messages,
            title=words_of(record.get("name")),
            current=next((message.id for message in reversed(messages) if message.id.endswith("*")), ""),
            created_at=from_milliseconds(record.get("createdAt")),
            updated_at=self.updated_at(record),
            tags=(folder,) if folder and folder != "conversations" else (),
            instructions=words_of(record.get("systemPrompt")),
            provider="lm-studio",
            model=words_of(model.get("identifier")) if isinstance(model, Mapping) else "",
            unmapped=unmapped,
        )


def _messages(record: Record, unmapped: dict[str, int]) -> Iterator[SourceMessage]:
    """Each version as a message; the id of a selected one ends with a star, and the next follows it."""
    before = ""
    for number, message in enumerate(records_of(record["messages"])):
        versions = records_of(message.get("versions"))
        chosen = message.get("currentlySelected")
        chosen = chosen if isinstance(chosen, int) and 0 <= chosen < len(versions) else len(versions) - 1
        for index, version in enumerate(versions):
            is_user = version.get("role") == "user"
            if is_user and index != chosen:
                continue
            key = f"{number}.{index}{'*' if index == chosen else ''}"
            items, model, at = _version(version, unmapped)
            said = SourceRole.USER if is_user else SourceRole.ASSISTANT
            role = said if items and version.get("role") != "system" else SourceRole.HIDDEN
            yield SourceMessage(key, before, role, items, at=at, model=model)
        before = f"{number}.{chosen}*" if versions else before


def _version(
    version: Mapping[str, Any], unmapped: dict[str, int]
) -> tuple[tuple[Item, ...], str, datetime | None]:
    if version.get("type") != "multiStep":
        return tuple(_content(records_of(version.get("content")), False, unmapped)), "", None
    items: list[Item] = []
    model, at = "", None
    for step in records_of(version.get("steps")):
        if step.get("type") != "contentBlock":
            continue
        style = step.get("style")
        is_thinking = isinstance(style, Mapping) and style.get("type") == "thinking"
        items += _content(records_of(step.get("content")), is_thinking, unmapped)
        made_by = step.get("genInfo")
        if isinstance(made_by, Mapping):
            model = words_of(made_by.get("identifier")) or words_of(made_by.get("indexedModelIdentifier"))
        at = at or from_milliseconds(words_of(step.get("stepIdentifier")).partition("-")[0])
    return tuple(items), model, at


def _content(parts: list[dict[str, Any]], is_thinking: bool, unmapped: dict[str, int]) -> Iterator[Item]:
    for number, part in enumerate(parts):
        kind = words_of(part.get("type"))
        call = words_of(part.get("callId")) or str(part.get("toolCallRequestId") or f"call-{number}")
        if kind == "text":
            words = words_of(part.get("text"))
            if words.strip():
                yield making.reasoning(words) if is_thinking else making.text(words)
        elif kind == "toolCallRequest":
            yield making.tool_call(call, words_of(part.get("name")), part.get("parameters") or "")
        elif kind == "toolCallResult":
            yield making.tool_result(call, part.get("content") or "")
        elif kind == "file":
            yield making.file_item(words_of(part.get("fileIdentifier")) or "file", None)
        else:
            unmapped[kind or "unnamed"] = unmapped.get(kind or "unnamed", 0) + 1
            yield making.other(kind or "unnamed", part)
