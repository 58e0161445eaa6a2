"""Chat programs for the terminal that keep a small database: elia and oterm."""

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from chatmgr.domain.model import Attachment
from chatmgr.domain.source_conversations import Place, SourceConversation, SourceMessage, SourceRole
from chatmgr.importers import making
from chatmgr.importers.chat_messages import data_of
from chatmgr.importers.databases_digest import digest_of_rows, rows_of
from chatmgr.importers.making import words_of
from chatmgr.importers.source import Entry, LeftOut, Surroundings
from chatmgr.importers.times import from_iso

_ROLES = {"user": SourceRole.USER, "assistant": SourceRole.ASSISTANT}
Rows = Sequence[Mapping[str, Any]]


class Elia:
    """Reads elia's database, whose messages are a tree. A chat is known by its number and its beginning."""

    kind = "elia"
    label = "elia"

    def recognises(self, tables: Mapping[str, frozenset[str]]) -> bool:
        """By the columns of its two tables."""
        return {"started_at", "model"} <= tables.get("chat", frozenset()) and {
            "chat_id",
            "role",
            "parent_id",
        } <= tables.get("message", frozenset())

    def entries(self, db: sqlite3.Connection, around: Surroundings) -> Iterator[Entry | LeftOut]:
        """Its chats."""
        for chat in rows_of(db, "SELECT * FROM chat ORDER BY id"):
            messages = rows_of(db, "SELECT * FROM message WHERE chat_id = ? ORDER BY id", chat["id"])
            key = f"{chat['id']}-{chat.get('started_at')}"
            place = Place(around.member.place.file, around.member.place.member, 0, key)
            read = partial(self._conversation, key, chat, messages)
            changed = from_iso(messages[-1].get("timestamp")) if messages else None
            yield Entry(self.kind, key, digest_of_rows([chat, *messages]), place, read, changed)

    def _conversation(self, key: str, chat: Mapping[str, Any], messages: Rows) -> SourceConversation:
        instructions: list[str] = []
        converted: list[SourceMessage] = []
        has_parents = any(message.get("parent_id") for message in messages)
        for message in messages:
            role = _ROLES.get(words_of(message.get("role")), SourceRole.HIDDEN)
            if message.get("role") == "system":
                instructions.append(words_of(message.get("content")))
            before = str(message.get("parent_id") or "") if has_parents else ""
            items = making.texts(message.get("content"))
            converted.append(
                SourceMessage(
                    id=str(message["id"]),
                    parent=before or ("" if has_parents or not converted else converted[-1].id),
                    role=role if items else SourceRole.HIDDEN,
                    items=items,
                    at=from_iso(message.get("timestamp")),
                    model="" if role is SourceRole.USER else words_of(message.get("model")),
                )
            )
        return SourceConversation(
            kind=self.kind,
            id=key,
            messages=tuple(converted),
            title=words_of(chat.get("title")),
            created_at=from_iso(chat.get("started_at")),
            archived=bool(chat.get("archived")),
            instructions="\n\n".join(filter(None, instructions)),
            provider="elia",
            model=words_of(chat.get("model")),
        )


class Oterm:
    """Reads oterm's database, in which nothing has a time."""

    kind = "oterm"
    label = "oterm"

    def recognises(self, tables: Mapping[str, frozenset[str]]) -> bool:
        """By the columns of its two tables."""
        return {"name", "model", "system"} <= tables.get("chat", frozenset()) and {
            "chat_id",
            "author",
            "text",
        } <= tables.get("message", frozenset())

    def entries(self, db: sqlite3.Connection, around: Surroundings) -> Iterator[Entry | LeftOut]:
        """Its chats."""
        for chat in rows_of(db, "SELECT * FROM chat ORDER BY id"):
            messages = rows_of(db, "SELECT * FROM message WHERE chat_id = ? ORDER BY id", chat["id"])
            first = messages[0].get("text") if messages else ""
            key = making.digest_of(chat["id"], first)
            place = Place(around.member.place.file, around.member.place.member, 0, key)
            read = partial(self._conversation, key, chat, messages)
            digest = digest_of_rows([chat, *messages])
            yield Entry(self.kind, key, digest, place, read, around.member.modified_at)

    def _conversation(self, key: str, chat: Mapping[str, Any], messages: Rows) -> SourceConversation:
        converted: list[SourceMessage] = []
        for message in messages:
            role = _ROLES.get(words_of(message.get("author")), SourceRole.HIDDEN)
            items = making.texts(message.get("text"))
            converted.append(
                SourceMessage(
                    id=str(len(converted)),
                    parent=converted[-1].id if converted else "",
                    role=role if items else SourceRole.HIDDEN,
                    items=items,
                    files=tuple(_images(message.get("images"))) if role is SourceRole.USER else (),
                )
            )
        return SourceConversation(
            kind=self.kind,
            id=key,
            messages=tuple(converted),
            title=words_of(chat.get("name")),
            instructions=words_of(chat.get("system")),
            provider="oterm",
            model=words_of(chat.get("model")),
        )


def _images(written: object) -> Iterator[Attachment]:
    try:
        images = json.loads(written) if isinstance(written, str) and written else []
    except ValueError:
        return
    for number, encoded in enumerate(images if isinstance(images, list) else [], 1):
        if data := data_of(f"data:x;base64,{encoded}"):
            yield making.attachment(f"image-{number}", data)
