"""crush: the database ``.crush/crush.db`` of a project. Its times are seconds, whatever its schema says."""

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from chatmgr.domain.items import Item
from chatmgr.domain.model import Attachment
from chatmgr.domain.source_conversations import Place, SourceConversation, SourceMessage, SourceRole
from chatmgr.domain.states import RunState
from chatmgr.importers import making
from chatmgr.importers.chat_messages import data_of
from chatmgr.importers.databases_digest import digest_of_rows, rows_of
from chatmgr.importers.making import records_of, words_of
from chatmgr.importers.source import Entry, LeftOut, Surroundings
from chatmgr.importers.times import from_either

_ROLES = {"user": SourceRole.USER, "assistant": SourceRole.ASSISTANT, "tool": SourceRole.TOOL}
_CUT = frozenset({"max_tokens", "canceled"})


class Crush:
    """Reads the database. Sessions of helpers, which have a parent, are left out."""

    kind = "crush"
    label = "crush"

    def recognises(self, tables: Mapping[str, frozenset[str]]) -> bool:
        """By the columns of its two tables."""
        sessions = {"parent_session_id", "title", "summary_message_id"}
        messages = {"session_id", "role", "parts"}
        none: frozenset[str] = frozenset()
        return sessions <= tables.get("sessions", none) and messages <= tables.get("messages", none)

    def entries(self, db: sqlite3.Connection, around: Surroundings) -> Iterator[Entry | LeftOut]:
        """Its sessions."""
        for session in rows_of(db, "SELECT * FROM sessions ORDER BY created_at, id"):
            if session.get("parent_session_id"):
                continue
            key = str(session["id"])
            messages = rows_of(
                db, "SELECT * FROM messages WHERE session_id = ? ORDER BY created_at, rowid", key
            )
            place = Place(around.member.place.file, around.member.place.member, 0, key)
            read = partial(self._conversation, session, messages)
            changed = from_either(session.get("updated_at"))
            yield Entry(self.kind, key, digest_of_rows([session, *messages]), place, read, changed)

    def _conversation(
        self, session: Mapping[str, Any], messages: Sequence[Mapping[str, Any]]
    ) -> SourceConversation:
        unmapped: dict[str, int] = {}
        converted: list[SourceMessage] = []
        for message in messages:
            if message.get("is_summary_message"):
                continue
            role = _ROLES.get(words_of(message.get("role")), SourceRole.HIDDEN)
            items, files, finish = _parts(words_of(message.get("parts")), unmapped, role)
            converted.append(
                SourceMessage(
                    id=str(message["id"]),
                    parent=converted[-1].id if converted else "",
                    role=role if items or files else SourceRole.HIDDEN,
                    items=items,
                    files=files,
                    at=from_either(message.get("created_at")),
                    model=words_of(message.get("model")),
                    state=RunState.INCOMPLETE if finish in _CUT else RunState.COMPLETED,
                )
            )
        return SourceConversation(
            kind=self.kind,
            id=str(session["id"]),
            messages=tuple(converted),
            title=words_of(session.get("title")),
            created_at=from_either(session.get("created_at")),
            updated_at=from_either(session.get("updated_at")),
            provider="crush",
            unmapped=unmapped,
        )


def _parts(
    written: str, unmapped: dict[str, int], role: SourceRole
) -> tuple[tuple[Item, ...], tuple[Attachment, ...], str]:
    """The items and files of a message, and why it ended."""
    items: list[Item] = []
    files: list[Attachment] = []
    finish = ""
    for part in records_of(json.loads(written or "[]")):
        kind, data = words_of(part.get("type")), part.get("data")
        data = data if isinstance(data, Mapping) else {}
        if kind == "text":
            items += making.texts(data.get("text"))
        elif kind == "reasoning":
            if words_of(data.get("thinking")):
                items.append(making.reasoning(data["thinking"]))
        elif kind == "tool_call":
            items.append(
                making.tool_call(
                    words_of(data.get("id")), words_of(data.get("name")), data.get("input") or ""
                )
            )
        elif kind == "tool_result":
            items.append(making.tool_result(words_of(data.get("tool_call_id")), data.get("content") or ""))
        elif kind == "binary":
            content = data_of(f"data:x;base64,{data.get('Data') or ''}")
            if content and role is SourceRole.USER:
                name = words_of(data.get("Path")).rpartition("/")[2]
                files.append(making.attachment(name, content, words_of(data.get("MIMEType"))))
        elif kind == "finish":
            finish = words_of(data.get("reason"))
        else:
            unmapped[kind or "unnamed"] = unmapped.get(kind or "unnamed", 0) + 1
            items.append(making.other(kind or "unnamed", part))
    return tuple(items), tuple(files), finish
