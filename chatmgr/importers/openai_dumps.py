"""What OpenAI's APIs list: messages of Assistants' threads, as Jan keeps them too; items.

Messages of threads come newest first, in pages of at most 100; a page that says there is more is not the
whole thread.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from chatmgr.domain.source_conversations import Place, SourceConversation, SourceMessage, SourceRole
from chatmgr.domain.states import RunState
from chatmgr.importers import making
from chatmgr.importers.databases_digest import digest_of_rows
from chatmgr.importers.making import words_of
from chatmgr.importers.response_items import message_items, output_items
from chatmgr.importers.source import Entry, LeftOut, Record, Surroundings
from chatmgr.importers.times import from_either

_STATES = {"incomplete": RunState.INCOMPLETE, "in_progress": RunState.INTERRUPTED}
_CALLS = frozenset(
    {"reasoning", "function_call", "function_call_output", "custom_tool_call", "web_search_call"}
)
_PARTS = frozenset({"input_text", "output_text", "input_image", "input_file", "refusal"})


class ThreadMessages:
    """Reads messages of threads, of one or of several."""

    kind = "openai-threads"
    label = "OpenAI Assistants"

    def recognises(self, first: Sequence[Record]) -> bool:
        """Each says that it is a message of a thread."""
        return all(record.get("object") == "thread.message" for record in first)

    def entries(self, rows: Iterator[Record], around: Surroundings) -> Iterator[Entry | LeftOut]:
        """The threads."""
        threads: dict[str, list[Record]] = {}
        for row in rows:
            threads.setdefault(words_of(row.get("thread_id")), []).append(row)
        for key, messages in threads.items():
            place = Place(around.member.place.file, around.member.place.member, 0, key)
            ordered = _in_order(messages)
            changed = from_either(ordered[-1].get("created_at") or ordered[-1].get("created"))
            read = partial(self._conversation, key, ordered)
            yield Entry(self.kind, key, digest_of_rows(ordered), place, read, changed)

    def _conversation(self, key: str, messages: Sequence[Record]) -> SourceConversation:
        unmapped: dict[str, int] = {}
        converted: list[SourceMessage] = []
        for message in messages:
            items = tuple(message_items(message, unmapped))
            said = SourceRole.USER if message.get("role") == "user" else SourceRole.ASSISTANT
            details = message.get("incomplete_details")
            state = _STATES.get(words_of(message.get("status")), RunState.COMPLETED)
            converted.append(
                SourceMessage(
                    id=words_of(message.get("id")) or str(len(converted)),
                    parent=converted[-1].id if converted else "",
                    role=said if items else SourceRole.HIDDEN,
                    items=items,
                    at=from_either(message.get("created_at") or message.get("created")),
                    state=RunState.COMPLETED if said is SourceRole.USER else state,
                    error=words_of(details.get("reason")) if isinstance(details, Mapping) else "",
                )
            )
        return SourceConversation(
            kind=self.kind,
            id=key,
            messages=tuple(converted),
            created_at=converted[0].at if converted else None,
            provider="openai",
            unmapped=unmapped,
        )


def _in_order(messages: Sequence[Record]) -> list[Record]:
    """Oldest first; of the same second, as the list has them, which is newest first unless its times rise."""
    times = [message.get("created_at") or message.get("created") or 0 for message in messages]
    falls = bool(times) and isinstance(times[0], int) and isinstance(times[-1], int) and times[0] > times[-1]
    listed = list(messages)[::-1] if falls else list(messages)
    return sorted(listed, key=lambda message: message.get("created_at") or message.get("created") or 0)


class ConversationItems:
    """Reads the items of a Conversation, or the input of a Response: the file is one conversation."""

    kind = "openai-items"
    label = "OpenAI Conversations"

    def recognises(self, first: Sequence[Record]) -> bool:
        """They are items: messages in typed parts, reasoning, calls."""
        return all(
            record.get("type") == "message" or record.get("type") in _CALLS for record in first
        ) and any(_has_typed_parts(record) for record in first)

    def id_of(self, lines: Sequence[Record], around: Surroundings) -> str:
        """Made of the file's name and the first item."""
        return making.digest_of(around.member.name.rpartition("/")[2], dict(lines[0]))

    def convert(self, lines: Iterator[Record], around: Surroundings) -> SourceConversation:
        """The conversation."""
        unmapped: dict[str, int] = {}
        records = list(lines)
        converted: list[SourceMessage] = []
        told: list[str] = []
        for record in records:
            items = tuple(output_items([record], unmapped))
            role = words_of(record.get("role"))
            if role in ("system", "developer"):
                told += [words_of(item.content.get("text")) for item in items]
                continue
            said = SourceRole.USER if role == "user" else SourceRole.ASSISTANT
            converted.append(
                SourceMessage(
                    id=str(len(converted)),
                    parent=converted[-1].id if converted else "",
                    role=said if items else SourceRole.HIDDEN,
                    items=items,
                    at=from_either(record.get("created_at")),
                )
            )
        return SourceConversation(
            kind=self.kind,
            id=self.id_of(records, around),
            messages=tuple(converted),
            title=around.member.name.rpartition("/")[2].partition(".")[0],
            updated_at=around.member.modified_at,
            instructions="\n\n".join(filter(None, told)),
            provider="openai",
            unmapped=unmapped,
        )


def _has_typed_parts(record: Record) -> bool:
    content: Any = record.get("content")
    return isinstance(content, list) and any(
        isinstance(part, Mapping) and part.get("type") in _PARTS for part in content
    )
