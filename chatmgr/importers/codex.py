"""OpenAI's Codex CLI: a log of JSON Lines for each session, of every version; the oldest, one document.

A log says the same thing in two layers: what was sent and received (``response_item``), and what was shown
(``event_msg``). The user's words are taken from what was shown, which leaves out what the program put in by
itself; answers, reasoning and calls from what was received.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from chatmgr.domain.events import Usage
from chatmgr.domain.items import Item
from chatmgr.domain.source_conversations import SourceConversation, SourceMessage, SourceRole
from chatmgr.importers import making
from chatmgr.importers.making import records_of, words_of
from chatmgr.importers.response_items import message_items, output_items
from chatmgr.importers.source import Record, Surroundings
from chatmgr.importers.times import from_iso

_ITEMS = frozenset({"message", "reasoning", "function_call", "function_call_output", "local_shell_call"})
_INJECTED = (
    "<environment_context>",
    "<user_instructions>",
    "# AGENTS.md",
    "<INSTRUCTIONS>",
    "<turn_aborted>",
)


class Codex:
    """Reads a session's log."""

    kind = "codex"
    label = "Codex CLI"

    def recognises(self, first: Sequence[Record]) -> bool:
        """Its first line is the session's: in an envelope, or bare in older versions."""
        head = first[0]
        if head.get("type") == "session_meta":
            return True
        is_bare = {"id", "timestamp"} <= head.keys() and ("instructions" in head or "git" in head)
        return is_bare and all(
            record.get("type") in _ITEMS or "record_type" in record for record in first[1:3]
        )

    def id_of(self, lines: Sequence[Record], around: Surroundings) -> str:
        """The session's id; the first one counts, where the log of a parent is repeated."""
        return _session(lines).get("id") or making.digest_of(list(lines[:2]))

    def convert(self, lines: Iterator[Record], around: Surroundings) -> SourceConversation:
        """The conversation."""
        records = list(lines)
        session = _session(records)
        reader = _Log(records)
        messages = tuple(reader.messages())
        return SourceConversation(
            kind=self.kind,
            id=self.id_of(records, around),
            messages=messages,
            created_at=from_iso(session.get("timestamp")),
            updated_at=next((message.at for message in reversed(messages) if message.at), None),
            provider="codex",
            model=reader.model,
            unmapped=reader.unmapped,
        )


def _session(lines: Sequence[Record]) -> Mapping[str, Any]:
    head = lines[0]
    payload = head.get("payload")
    return payload if isinstance(payload, Mapping) else head


class _Log:
    """Goes through the lines of a log, and puts together what was said."""

    def __init__(self, records: Sequence[Record]) -> None:
        self._records = records
        self._shown = any(
            _shown_message(record) for record in records
        )  # the user's words, without injections
        self.model = ""
        self.unmapped: dict[str, int] = {}
        self._count = 0
        self._last = ""

    def messages(self) -> Iterator[SourceMessage]:
        for record in self._records:
            payload = record.get("payload")
            payload = payload if isinstance(payload, Mapping) else record
            at = from_iso(record.get("timestamp")) or from_iso(payload.get("timestamp"))
            kind = record.get("type")
            if kind == "turn_context":
                self.model = words_of(payload.get("model")) or self.model
            elif kind == "event_msg":
                yield from self._event(payload, at)
            elif kind == "response_item" or kind in _ITEMS:
                yield from self._item(payload, at)

    def _event(self, payload: Mapping[str, Any], at: datetime | None) -> Iterator[SourceMessage]:
        said = _shown_words(payload)
        if said is not None:
            names = [words_of(name) for name in payload.get("local_images") or () if isinstance(name, str)]
            images = [making.file_item(name.rpartition("/")[2], None, "image/*") for name in names]
            yield self._message(SourceRole.USER, (*making.texts(said), *images), at)
        elif payload.get("type") == "token_count":
            info = payload.get("info")
            last = info.get("last_token_usage") if isinstance(info, Mapping) else None
            if isinstance(last, Mapping):
                counts = [last.get(name) for name in ("input_tokens", "output_tokens", "cached_input_tokens")]
                usage = Usage(*(count if isinstance(count, int) else None for count in counts))
                yield self._message(SourceRole.TOOL, (), at, usage=usage)

    def _item(self, payload: Mapping[str, Any], at: datetime | None) -> Iterator[SourceMessage]:
        role = payload.get("role")
        if payload.get("type") == "message" and role != "assistant":
            words = "\n".join(words_of(item.content.get("text")) for item in message_items(payload, {}))
            if role == "user" and not self._shown and not words.lstrip().startswith(_INJECTED):
                yield self._message(SourceRole.USER, tuple(message_items(payload, self.unmapped)), at)
            return
        items = tuple(output_items([payload], self.unmapped))
        if items:
            yield self._message(SourceRole.ASSISTANT, items, at)

    def _message(
        self, role: SourceRole, items: tuple[Item, ...], at: datetime | None, usage: Usage | None = None
    ) -> SourceMessage:
        self._count += 1
        before, self._last = self._last, str(self._count)
        model = "" if role is SourceRole.USER else self.model
        return SourceMessage(self._last, before, role, items, at=at, model=model, usage=usage or Usage())


def _shown_message(record: Record) -> bool:
    payload = record.get("payload")
    return (
        record.get("type") == "event_msg"
        and isinstance(payload, Mapping)
        and _shown_words(payload) is not None
    )


def _shown_words(payload: Mapping[str, Any]) -> str | None:
    """What the user said, in an event that shows it; None for any other event."""
    if payload.get("type") == "user_message":
        return words_of(payload.get("message"))
    item = payload.get("item")
    if (
        payload.get("type") == "item_completed"
        and isinstance(item, Mapping)
        and item.get("type") == "UserMessage"
    ):
        parts = [words_of(part.get("text")) for part in records_of(item.get("content"))]
        return "\n".join(filter(None, parts))
    return None


class OldCodex:
    """Reads a session of the oldest versions: one document, with ``session`` and ``items``."""

    kind = "codex"
    label = "Codex CLI"

    def recognises(self, record: Record) -> bool:
        """By its two members."""
        return isinstance(record.get("session"), Mapping) and isinstance(record.get("items"), list)

    def id_of(self, record: Record, around: Surroundings) -> str:
        """The session's id."""
        return words_of(record["session"].get("id")) or making.digest_of(record["items"][:1])

    def updated_at(self, record: Record) -> datetime | None:
        """When the session began: nothing else has a time."""
        return from_iso(record["session"].get("timestamp"))

    def convert(self, record: Record, around: Surroundings) -> SourceConversation:
        """The conversation."""
        return Codex().convert(iter([record["session"], *records_of(record["items"])]), around)
