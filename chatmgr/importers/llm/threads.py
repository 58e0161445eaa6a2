"""llm's tables since 0.32: threads, whose messages are a chain of hashes, shared by forks."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from chatmgr.domain.events import Usage
from chatmgr.domain.items import Item
from chatmgr.domain.model import Attachment
from chatmgr.domain.source_conversations import Place, SourceConversation, SourceMessage, SourceRole
from chatmgr.importers import making
from chatmgr.importers.databases_digest import digest_of_rows
from chatmgr.importers.llm.parts import bytes_of, name_of, next_id, sent_files, time_of, usage_of
from chatmgr.importers.llm.rows import LlmDatabase, Row
from chatmgr.importers.making import words_of
from chatmgr.importers.source import Entry, Surroundings

_ROLES = {"user": SourceRole.USER, "assistant": SourceRole.ASSISTANT, "tool": SourceRole.TOOL}


class ThreadReader:
    """Reads threads."""

    def __init__(self, db: LlmDatabase) -> None:
        self._db = db
        self._turns: dict[str, Row] = {}
        if db.has("turns", "tip_message_hash"):
            for row in db.rows("SELECT * FROM turns ORDER BY id"):
                self._turns.setdefault(str(row["tip_message_hash"]), row)

    def entries(self, around: Surroundings) -> Iterator[Entry]:
        """The threads that something was said in."""
        for thread in list(self._db.rows("SELECT * FROM threads ORDER BY id")):
            chain = self._chain(words_of(thread.get("tip_message_hash")))
            if not chain:
                continue
            place = Place(around.member.place.file, around.member.place.member, 0, str(thread["id"]))
            digest = digest_of_rows([thread, *chain])
            turns = [turn for message in chain if (turn := self._turns.get(str(message["hash"])))]
            changed = time_of(turns[-1].get("datetime_utc")) if turns else None
            read = partial(self._conversation, thread, chain)
            started = time_of(thread.get("datetime_utc"))
            yield Entry("llm", str(thread["id"]), digest, place, read, changed or started)

    def _chain(self, tip: str) -> list[Row]:
        """The messages up to a tip, from the first."""
        chain: list[Row] = []
        met: set[str] = set()
        while tip and tip not in met:
            met.add(tip)
            row = next(self._db.rows("SELECT * FROM messages WHERE hash = ?", tip), None)
            if row is None:
                break
            chain.append(row)
            tip = words_of(row.get("parent_hash"))
        return chain[::-1]

    def _conversation(self, thread: Row, chain: list[Row]) -> SourceConversation:
        key = str(thread["id"])
        old = self._old_answers(key)
        messages: list[SourceMessage] = []
        instructions: list[str] = []
        for row in chain:
            role = words_of(row.get("role"))
            items, files = self._parts(str(row["hash"]), is_user=role == "user")
            if role == "system":
                instructions += [words_of(item.content.get("text")) for item in items]
                continue
            told = _ROLES.get(role, SourceRole.HIDDEN)
            turn = self._turns.get(str(row["hash"])) or (
                old.pop(0) if old and told is SourceRole.ASSISTANT else {}
            )
            messages.append(self._message(row, messages, told, (items, files), turn))
        return SourceConversation(
            kind="llm",
            id=key,
            messages=tuple(_timed(messages)),
            title=words_of(thread.get("name")),
            created_at=time_of(thread.get("datetime_utc")),
            instructions="\n\n".join(filter(None, instructions)),
            provider="llm",
        )

    def _message(
        self,
        row: Row,
        before: list[SourceMessage],
        role: SourceRole,
        content: tuple[tuple[Item, ...], tuple[Attachment, ...]],
        turn: Mapping[str, Any],
    ) -> SourceMessage:
        return SourceMessage(
            id=next_id(before, role),
            parent=before[-1].id if before else "",
            role=role,
            items=content[0],
            files=content[1],
            at=time_of(turn.get("datetime_utc")),
            model=words_of(turn.get("resolved_model")) or words_of(turn.get("model")),
            usage=usage_of(turn) if turn else Usage(),
        )

    def _old_answers(self, conversation: str) -> list[Row]:
        """The responses of before, in order, for the times and tokens of a history that was copied."""
        if not self._db.has("responses", "conversation_id"):
            return []
        known = {str(turn.get("id")) for turn in self._turns.values()}
        rows = self._db.rows("SELECT * FROM responses WHERE conversation_id = ? ORDER BY id", conversation)
        return [row for row in rows if str(row["id"]) not in known]

    def _parts(self, message: str, *, is_user: bool) -> tuple[tuple[Item, ...], tuple[Attachment, ...]]:
        items: list[Item] = []
        files: list[Attachment] = []
        for row in self._db.rows("SELECT * FROM parts WHERE message_hash = ? ORDER BY position", message):
            payload = _payload(row)
            kind = words_of(row.get("type"))
            if kind == "attachment":
                given = payload.get("attachment")
                key = words_of(given.get("id")) if isinstance(given, Mapping) else ""
                found = self._db.attachment(key) or {"id": key}
                if is_user:
                    sent, missing = sent_files([found])
                    files += sent
                    items += missing
                else:
                    items.append(
                        making.file_item(name_of(found), bytes_of(found), words_of(found.get("type")))
                    )
            else:
                items += self._said(kind, row, payload)
        return tuple(items), tuple(files)

    def _said(self, kind: str, row: Row, payload: Mapping[str, Any]) -> Iterator[Item]:
        words = self._words(row, payload)
        name = words_of(payload.get("name")) or words_of(row.get("tool_name"))
        call = words_of(payload.get("tool_call_id")) or name or "call"
        if kind == "text":
            yield from making.texts(words)
        elif kind == "reasoning":
            if words:
                yield making.reasoning(words)
        elif kind == "tool_call":
            yield making.tool_call(call, name, payload.get("arguments") or "")
        elif kind == "tool_result":
            yield making.tool_result(call, words or payload.get("output") or "")
        else:
            yield making.other(kind or "unnamed", {"text": words, "payload": dict(payload)})

    def _words(self, row: Row, payload: Mapping[str, Any]) -> str:
        """The text of a part: as it is, or put together from fragments."""
        if isinstance(row.get("text"), str):
            return str(row["text"])
        words = []
        for piece in making.records_of(payload.get("text_ref")):
            number = piece.get("fragment")
            words.append(
                self._db.fragment(number) if isinstance(number, int) else words_of(piece.get("literal"))
            )
        return "".join(words)


def _payload(row: Row) -> Mapping[str, Any]:
    try:
        payload = json.loads(row.get("payload") or "{}")
    except (TypeError, ValueError):
        return {}
    return payload if isinstance(payload, dict) else {}


def _timed(messages: list[SourceMessage]) -> Iterator[SourceMessage]:
    """Messages of the user have the time of the answer that follows: only answers have one."""
    later: datetime | None = None
    timed = []
    for message in reversed(messages):
        later = message.at or later
        timed.append(message if message.at else replace(message, at=later))
    return reversed(timed)
