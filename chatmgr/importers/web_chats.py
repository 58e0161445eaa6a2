"""Exports of web applications: TypingMind and Grok."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from chatmgr.domain.items import Item
from chatmgr.domain.source_conversations import SourceConversation, SourceMessage, SourceRole
from chatmgr.importers import making
from chatmgr.importers.chat_messages import chat_of, is_message
from chatmgr.importers.making import records_of, words_of
from chatmgr.importers.source import Record, Surroundings
from chatmgr.importers.times import from_either, from_iso, from_milliseconds


class TypingMind:
    """Reads a chat of TypingMind."""

    kind = "typingmind"
    label = "TypingMind"

    def recognises(self, record: Record) -> bool:
        """By the name of its title, beside messages."""
        messages = record.get("messages")
        return (
            ("chatTitle" in record or "chatID" in record)
            and isinstance(messages, list)
            and all(map(is_message, messages))
        )

    def id_of(self, record: Record, around: Surroundings) -> str:
        """The chat's id."""
        own = record.get("chatID") or record.get("id")
        return str(own) if own else making.digest_of(record.get("chatTitle"), record["messages"][:1])

    def updated_at(self, record: Record) -> datetime | None:
        """When it changed last."""
        return _moment(record.get("updatedAt"))

    def convert(self, record: Record, around: Surroundings) -> SourceConversation:
        """The conversation."""
        unmapped: dict[str, int] = {}
        messages, instructions = chat_of(
            [{**message, "id": message.get("uuid")} for message in records_of(record["messages"])], unmapped
        )
        info = record.get("modelInfo")
        model = words_of(info.get("id")) if isinstance(info, Mapping) else ""
        params = record.get("chatParams")
        system = words_of(params.get("systemMessage")) if isinstance(params, Mapping) else ""
        return SourceConversation(
            kind=self.kind,
            id=self.id_of(record, around),
            messages=messages,
            title=words_of(record.get("chatTitle")),
            created_at=_moment(record.get("createdAt")),
            updated_at=self.updated_at(record),
            instructions=instructions or system,
            provider="typingmind",
            model=model or words_of(record.get("model")),
            unmapped=unmapped,
        )


class Grok:
    """Reads a conversation of Grok's export: a tree by parents, or, where none are named, a list."""

    kind = "grok"
    label = "Grok"

    def recognises(self, record: Record) -> bool:
        """By its two halves."""
        return isinstance(record.get("conversation"), Mapping) and isinstance(record.get("responses"), list)

    def id_of(self, record: Record, around: Surroundings) -> str:
        """The conversation's id."""
        head = record["conversation"]
        own = words_of(head.get("id")) or words_of(head.get("conversation_id"))
        return own or making.digest_of(head.get("title"), record["responses"][:1])

    def updated_at(self, record: Record) -> datetime | None:
        """When it changed last."""
        return _moment(record["conversation"].get("modify_time"))

    def convert(self, record: Record, around: Surroundings) -> SourceConversation:
        """The conversation."""
        head = record["conversation"]
        responses = [entry["response"] for entry in records_of(record["responses"]) if "response" in entry]
        is_tree = any(words_of(response.get("parent_response_id")) for response in responses)
        messages: list[SourceMessage] = []
        for response in responses:
            before = words_of(response.get("parent_response_id")) if is_tree else ""
            is_user = words_of(response.get("sender")).lower() == "human"
            items = tuple(_said(response))
            said = SourceRole.USER if is_user else SourceRole.ASSISTANT
            messages.append(
                SourceMessage(
                    id=words_of(response.get("_id"))
                    or words_of(response.get("response_id"))
                    or str(len(messages)),
                    parent=before or ("" if is_tree or not messages else messages[-1].id),
                    role=said if items else SourceRole.HIDDEN,
                    items=items,
                    at=_moment(response.get("create_time")),
                    model="" if is_user else words_of(response.get("model")),
                )
            )
        return SourceConversation(
            kind=self.kind,
            id=self.id_of(record, around),
            messages=tuple(messages),
            title=words_of(head.get("title")),
            current=words_of(head.get("leaf_response_id")),
            created_at=_moment(head.get("create_time")),
            updated_at=self.updated_at(record),
            tags=("starred",) if head.get("starred") else (),
            provider="grok.com",
        )


def _said(response: Mapping[str, Any]) -> Iterator[Item]:
    if words_of(response.get("thinking_trace")):
        yield making.reasoning(response["thinking_trace"])
    citations = [
        {"url": result["url"], "title": words_of(result.get("title"))}
        for result in records_of(response.get("cited_web_search_results"))
        if words_of(result.get("url"))
    ]
    if words_of(response.get("message")):
        yield making.text(response["message"], citations)


def _moment(value: object) -> datetime | None:
    """ISO, seconds or milliseconds, or MongoDB's form of them."""
    if isinstance(value, Mapping):
        inner = value.get("$date")
        inner = inner.get("$numberLong") if isinstance(inner, Mapping) else inner
        return from_iso(inner) or from_milliseconds(inner)
    return from_iso(value) or from_either(value)
