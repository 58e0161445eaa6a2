"""From llm's attachments, calls and times to ours."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from chatmgr.domain.events import Usage
from chatmgr.domain.items import Item
from chatmgr.domain.model import Attachment
from chatmgr.domain.source_conversations import SourceMessage, SourceRole
from chatmgr.importers import making
from chatmgr.importers.llm.rows import LlmDatabase, Row
from chatmgr.importers.making import words_of
from chatmgr.importers.times import from_iso

_LARGEST = 64 << 20  # bytes of a file that is only named


def time_of(value: object) -> datetime | None:
    """A time of llm's: UTC, with or without a zone, and with a blank before it in some tables."""
    return from_iso(words_of(value).replace(" +", "+").replace(" UTC", ""))


def bytes_of(row: Mapping[str, Any]) -> bytes | None:
    """The bytes of an attachment; of one that was only named, those of the file, where it still is there."""
    content = row.get("content")
    if isinstance(content, bytes):
        return content
    path = words_of(row.get("path"))
    try:
        file = Path(path)
        if path and file.is_file() and file.stat().st_size <= _LARGEST:
            return file.read_bytes()
    except (OSError, ValueError):
        pass
    return None


def name_of(row: Mapping[str, Any]) -> str:
    """A name for an attachment: that of its file, else of its place on the web, else its id."""
    path = words_of(row.get("path")) or words_of(row.get("url"))
    return Path(path).name[:100] or f"attachment-{str(row.get('id'))[:8]}"


def sent_files(rows: list[Row]) -> tuple[tuple[Attachment, ...], tuple[Item, ...]]:
    """The files that a user sent, and what says of others that they are gone."""
    files: list[Attachment] = []
    missing: list[Item] = []
    for row in rows:
        name, kind = name_of(row), words_of(row.get("type"))
        if (data := bytes_of(row)) is not None:
            files.append(making.attachment(name, data, kind))
        else:
            missing.append(making.file_item(name, None, kind, url=row.get("url")))
    return tuple(files), tuple(missing)


def calls_of(db: LlmDatabase, response: str) -> Iterator[Item]:
    """The calls that a response made."""
    if db.has("tool_calls", "response_id"):
        for row in db.rows("SELECT * FROM tool_calls WHERE response_id = ? ORDER BY id", response):
            key = words_of(row.get("tool_call_id")) or f"call-{row['id']}"
            yield making.tool_call(key, words_of(row.get("name")), words_of(row.get("arguments")))


def results_of(db: LlmDatabase, response: str) -> Iterator[Item]:
    """The results that a response was given, of the calls of the one before it."""
    if not db.has("tool_results", "response_id"):
        return
    for row in db.rows("SELECT * FROM tool_results WHERE response_id = ? ORDER BY id", response):
        key = words_of(row.get("tool_call_id")) or words_of(row.get("name"))
        error = words_of(row.get("exception"))
        output = words_of(row.get("output"))
        yield making.tool_result(key, f"{output}\nerror: {error}".strip() if error else output)
        for file in db.attachments("tool_results_attachments", "tool_result_id", row["id"]):
            yield making.file_item(name_of(file), bytes_of(file), words_of(file.get("type")))


def next_id(messages: Sequence[SourceMessage], role: SourceRole) -> str:
    """The id of the next message: its place among those of its role.

    Of the two generations of tables, which hold the same conversation, only this is the same in both.
    """
    return f"{role.value}-{sum(message.role is role for message in messages) + 1}"


def usage_of(row: Mapping[str, Any]) -> Usage:
    """The tokens of a response."""
    given, got = row.get("input_tokens"), row.get("output_tokens")
    return Usage(given if isinstance(given, int) else None, got if isinstance(got, int) else None)
