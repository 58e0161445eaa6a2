"""Open WebUI: exported chats, and its database ``webui.db``.

An export is a list of rows, a row, or the bare ``chat`` inside of one. The messages are a tree by their
parents; what each was answered by, side by side, are runs. Newer messages have ``output``, items in the form
of Responses; older ones have reasoning and calls as ``<details>`` in their text.
"""

import html
import json
import re
import sqlite3
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from chatmgr.domain.events import Usage
from chatmgr.domain.items import Item
from chatmgr.domain.model import Attachment
from chatmgr.domain.source_conversations import Place, SourceConversation, SourceMessage, SourceRole
from chatmgr.domain.states import RunState
from chatmgr.importers import making
from chatmgr.importers.chat_messages import data_of
from chatmgr.importers.databases_digest import digest_of_rows
from chatmgr.importers.making import records_of, words_of
from chatmgr.importers.response_items import output_items
from chatmgr.importers.source import Entry, LeftOut, Record, Surroundings
from chatmgr.importers.times import from_either, from_seconds

KIND = "open-webui"
_DETAILS = re.compile(
    r'<details\s+type="(?P<kind>[a-z_]+)"(?P<attributes>[^>]*)>\s*(?:<summary>.*?</summary>)?(?P<inside>.*?)'
    r"</details>\s*",
    re.DOTALL,
)
_ATTRIBUTE = re.compile(r'(\w+)="([^"]*)"')


class OpenWebUi:
    """Reads an exported chat."""

    kind = KIND
    label = "Open WebUI"

    def recognises(self, record: Record) -> bool:
        """Its messages are an object in ``history``."""
        chat = record.get("chat")
        inner = chat if isinstance(chat, Mapping) else record
        history = inner.get("history")
        return isinstance(history, Mapping) and isinstance(history.get("messages"), Mapping)

    def id_of(self, record: Record, around: Surroundings) -> str:
        """The row's id; the bare chat has none."""
        own = words_of(record.get("id"))
        return own or making.digest_of(record.get("title"), next(iter(_messages(record)), ""))

    def updated_at(self, record: Record) -> datetime | None:
        """When it changed last, in seconds."""
        return from_either(record.get("updated_at"))

    def convert(self, record: Record, around: Surroundings) -> SourceConversation:
        """The conversation."""
        return conversation_of(record, self.id_of(record, around))


def _chat(record: Record) -> Record:
    chat = record.get("chat")
    return chat if isinstance(chat, Mapping) else record


def _messages(record: Record) -> Mapping[str, Any]:
    messages: Mapping[str, Any] = _chat(record)["history"]["messages"]
    return messages


def conversation_of(record: Record, key: str, folder: str = "", files: Any = None) -> SourceConversation:
    """The conversation in a row. ``files`` gives the bytes of an uploaded file by its id."""
    chat = _chat(record)
    unmapped: dict[str, int] = {}
    messages = []
    for message_id, message in _messages(record).items():
        if isinstance(message, Mapping):
            messages.append(_message(message_id, message, unmapped, files or (lambda _: None)))
    meta = record.get("meta")
    tags = [*_names(chat.get("tags")), *_names(meta.get("tags") if isinstance(meta, Mapping) else None)]
    params = chat.get("params")
    system = chat.get("system") or (params.get("system") if isinstance(params, Mapping) else "")
    models = chat.get("models")
    return SourceConversation(
        kind=KIND,
        id=key,
        messages=tuple(messages),
        title=words_of(record.get("title")) or words_of(chat.get("title")),
        current=words_of(chat["history"].get("currentId")),
        created_at=from_either(record.get("created_at")) or from_either(chat.get("timestamp")),
        updated_at=from_either(record.get("updated_at")),
        tags=tuple(dict.fromkeys([*tags, *([folder] if folder else [])])),
        archived=bool(record.get("archived")),
        instructions=words_of(system),
        provider="open-webui",
        model=words_of(models[0]) if isinstance(models, list) and models else "",
        unmapped=unmapped,
    )


def _names(tags: object) -> list[str]:
    if not isinstance(tags, list):
        return []
    return [words_of(tag.get("name")) if isinstance(tag, Mapping) else words_of(tag) for tag in tags]


def _message(key: str, message: Record, unmapped: dict[str, int], stored: Any) -> SourceMessage:
    is_user = message.get("role") == "user"
    items: list[Item] = []
    if isinstance(message.get("output"), list):
        items += output_items(records_of(message["output"]), unmapped)
    if not any(item.kind == "text" for item in items):
        items += (
            making.texts(message.get("content"))
            if is_user
            else _with_details(words_of(message.get("content")))
        )
    files, received = _files(message, stored, is_user=is_user)
    items += received
    error = message.get("error")
    failed = bool(error)
    usage = message.get("usage")
    usage = usage if isinstance(usage, Mapping) else {}
    said = SourceRole.USER if is_user else SourceRole.ASSISTANT
    return SourceMessage(
        id=key,
        parent=words_of(message.get("parentId")),
        role=said if items or files or failed else SourceRole.HIDDEN,
        items=tuple(items),
        files=files,
        at=from_seconds(message.get("timestamp")),
        model=words_of(message.get("model")),
        state=RunState.FAILED if failed else RunState.COMPLETED,
        error=_error(error),
        usage=Usage(
            _count(usage, "prompt_tokens", "input_tokens"),
            _count(usage, "completion_tokens", "output_tokens"),
        ),
    )


def _error(error: object) -> str:
    content = error.get("content") if isinstance(error, Mapping) else error
    return content if isinstance(content, str) else making.as_json(content) if content else ""


def _count(usage: Record, *names: str) -> int | None:
    return next((usage[name] for name in names if isinstance(usage.get(name), int)), None)


def _with_details(content: str) -> list[Item]:
    """An answer with its reasoning and its calls cut out of the text."""
    items: list[Item] = []
    at = 0
    for number, match in enumerate(_DETAILS.finditer(content)):
        items += making.texts(content[at : match.start()].strip("\n"))
        at = match.end()
        attributes = {name: html.unescape(value) for name, value in _ATTRIBUTE.findall(match["attributes"])}
        inside = html.unescape(match["inside"]).strip()
        if match["kind"] == "reasoning":
            items.append(making.reasoning("\n".join(line.removeprefix("> ") for line in inside.splitlines())))
        else:
            call = attributes.get("id") or f"call-{number}"
            name = attributes.get("name") or match["kind"]
            items.append(making.tool_call(call, name, attributes.get("arguments") or inside))
            if result := attributes.get("result") or attributes.get("output"):
                items.append(making.tool_result(call, result))
    return [*items, *making.texts(content[at:].strip("\n"))]


def _files(message: Record, stored: Any, *, is_user: bool) -> tuple[tuple[Attachment, ...], list[Item]]:
    files: list[Attachment] = []
    items: list[Item] = []
    for number, file in enumerate(records_of(message.get("files"))):
        inner = file.get("file")
        inner = inner if isinstance(inner, Mapping) else {}
        address = words_of(file.get("url"))
        name = (
            words_of(file.get("name"))
            or words_of(inner.get("filename"))
            or f"{file.get('type')}-{number + 1}"
        )
        data = data_of(address) or stored(words_of(file.get("id")) or address)
        content = inner.get("data")
        if data is None and isinstance(content, Mapping) and words_of(content.get("content")):
            data = content["content"].encode("utf-8", "replace")
        if data is not None and is_user:
            files.append(making.attachment(name, data))
        else:
            kind = "image/*" if file.get("type") == "image" else ""
            items.append(making.file_item(name, data, kind))
    return tuple(files), items


class OpenWebUiDatabase:
    """Reads ``webui.db``."""

    kind = KIND
    label = "Open WebUI"

    def recognises(self, tables: Mapping[str, frozenset[str]]) -> bool:
        """By the table ``chat``, with the column of that name."""
        return {"id", "user_id", "title", "chat"} <= tables.get("chat", frozenset())

    def entries(self, db: sqlite3.Connection, around: Surroundings) -> Iterator[Entry | LeftOut]:
        """Its chats, with the names of their folders."""
        folders = _folders(db)
        cursor = db.execute("SELECT * FROM chat ORDER BY created_at, id")
        names = [column[0] for column in cursor.description]
        for values in cursor:
            row = dict(zip(names, values, strict=True))
            place = Place(around.member.place.file, around.member.place.member, 0, str(row["id"]))
            read = partial(_from_row, row, words_of(folders.get(str(row.get("folder_id")))))
            changed = from_either(row.get("updated_at"))
            yield Entry(KIND, str(row["id"]), digest_of_rows([row]), place, read, changed)


def _from_row(row: dict[str, Any], folder: str) -> SourceConversation:
    decoded = {
        name: json.loads(row[name]) if isinstance(row.get(name), str) else row.get(name)
        for name in ("chat", "meta")
    }
    return conversation_of({**row, **decoded}, str(row["id"]), folder)


def _folders(db: sqlite3.Connection) -> dict[str, str]:
    try:
        return dict(db.execute("SELECT id, name FROM folder").fetchall())
    except sqlite3.OperationalError:
        return {}
