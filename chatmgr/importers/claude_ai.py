"""Claude.ai's data export: ``conversations.json``, and what extensions save of the web page's own data.

The export names neither the model, nor the project, nor the end of the active path: the newest leaf counts.
An assistant's ``text`` mixes its thinking with placeholders for tools, so only the ``content`` blocks are
read where there are any.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from chatmgr.domain.items import Item
from chatmgr.domain.model import Attachment
from chatmgr.domain.source_conversations import SourceConversation, SourceMessage, SourceRole
from chatmgr.domain.states import RunState
from chatmgr.importers import making
from chatmgr.importers.making import records_of, words_of
from chatmgr.importers.source import Record, Surroundings
from chatmgr.importers.times import from_iso

_NO_WORDS = frozenset({"token_budget", "flag", "injected_prompt_block", "voice_note"})
_ROOT = "00000000-0000-4000-8000-000000000000"
_ARTIFACTS = frozenset({"artifacts", "create_file", "str_replace"})


class ClaudeAi:
    """Reads a conversation of Claude.ai."""

    kind = "claude.ai"
    label = "Claude.ai"

    def recognises(self, record: Record) -> bool:
        """A conversation has ``chat_messages``."""
        return isinstance(record.get("chat_messages"), list)

    def id_of(self, record: Record, around: Surroundings) -> str:
        """Its UUID."""
        return words_of(record.get("uuid")) or making.digest_of(
            record.get("name"), record["chat_messages"][:1]
        )

    def updated_at(self, record: Record) -> datetime | None:
        """When it changed last."""
        return from_iso(record.get("updated_at"))

    def convert(self, record: Record, around: Surroundings) -> SourceConversation:
        """The conversation, with its branches where messages name their parents."""
        messages = records_of(record["chat_messages"])
        is_tree = any(words_of(message.get("parent_message_uuid")) for message in messages)
        unmapped: dict[str, int] = {}
        converted = []
        before = ""
        for number, message in enumerate(messages):
            key = words_of(message.get("uuid")) or str(number)
            parent = words_of(message.get("parent_message_uuid")) if is_tree else before
            converted.append(_message(message, key, "" if parent == _ROOT else parent, unmapped))
            before = key
        project = _project(record, around)
        starred = ("starred",) if record.get("is_starred") else ()
        return SourceConversation(
            kind=self.kind,
            id=self.id_of(record, around),
            messages=tuple(converted),
            title=words_of(record.get("name")),
            current=words_of(record.get("current_leaf_message_uuid")),
            created_at=from_iso(record.get("created_at")),
            updated_at=from_iso(record.get("updated_at")),
            tags=(*((project,) if project else ()), *starred),
            provider="claude.ai",
            model=words_of(record.get("model")),
            unmapped=unmapped,
        )


def _project(record: Record, around: Surroundings) -> str:
    """The name of a conversation's project, where it and the projects' list are known."""
    project = record.get("project")
    if isinstance(project, Mapping) and words_of(project.get("name")):
        return words_of(project["name"])
    key = words_of(record.get("project_uuid"))
    if not key:
        return ""
    listed = records_of(around.json("projects.json"))
    own = around.json(f"{key}.json")
    named = [project for project in [*listed, *records_of([own])] if project.get("uuid") == key]
    return words_of(named[0].get("name")) if named else ""


def _message(message: Record, key: str, parent: str, unmapped: dict[str, int]) -> SourceMessage:
    role = SourceRole.USER if message.get("sender") == "human" else SourceRole.ASSISTANT
    blocks = records_of(message.get("content"))
    items = list(_items(blocks, unmapped))
    if not any(block.get("type") == "text" for block in blocks) and (role is SourceRole.USER or not blocks):
        items = [*making.texts(message.get("text")), *items]
    files: tuple[Attachment, ...] = ()
    if role is SourceRole.USER:
        files = tuple(_attachments(message))
        names = [words_of(file.get("file_name")) for file in records_of(message.get("files"))]
        items += [making.file_item(name, None) for name in names if name]
    cut = words_of(message.get("stop_reason")) == "max_tokens" or bool(message.get("truncated"))
    return SourceMessage(
        id=key,
        parent=parent,
        role=role if items or files else SourceRole.HIDDEN,
        items=tuple(items),
        files=files,
        at=from_iso(message.get("created_at")),
        model=words_of(message.get("model")),
        state=RunState.INCOMPLETE if cut else RunState.COMPLETED,
        detail="length" if cut else "",
    )


def _attachments(message: Record) -> Iterator[Attachment]:
    """What was pasted or attached as text."""
    for attached in records_of(message.get("attachments")):
        content = words_of(attached.get("extracted_content"))
        if content:
            yield making.text_file(words_of(attached.get("file_name")), content)


def _items(blocks: list[dict[str, Any]], unmapped: dict[str, int]) -> Iterator[Item]:
    calls: list[str] = []  # the ids of calls without a result yet, for results that name none
    artifacts: dict[str, tuple[str, str]] = {}
    for number, block in enumerate(blocks):
        kind = words_of(block.get("type"))
        if kind == "text":
            if words_of(block.get("text")):
                yield making.text(block["text"], _citations(block))
        elif kind == "thinking":
            words = words_of(block.get("thinking")) or _summaries(block)
            if words:
                yield making.reasoning(words)
        elif kind == "tool_use":
            call = words_of(block.get("id")) or f"call-{number}"
            calls.append(call)
            yield making.tool_call(
                call, words_of(block.get("name")), block.get("input"), server=block.get("integration_name")
            )
            _note_artifact(block, artifacts)
        elif kind == "tool_result":
            call = words_of(block.get("tool_use_id")) or (calls[0] if calls else f"call-{number}")
            if call in calls:
                calls.remove(call)
            yield making.tool_result(call, _output(block))
        elif kind not in _NO_WORDS:
            unmapped[kind or "unnamed"] = unmapped.get(kind or "unnamed", 0) + 1
            yield making.other(kind or "unnamed", block)
    for name, content in artifacts.values():
        yield making.file_item(name, content.encode("utf-8", "replace"), "text/plain")


def _citations(block: Record) -> list[dict[str, Any]]:
    cited = []
    for citation in records_of(block.get("citations")):
        details = citation.get("details")
        details = details if isinstance(details, Mapping) else {}
        known = {
            "start": citation.get("start_index"),
            "end": citation.get("end_index"),
            "url": citation.get("url") or details.get("url"),
            "title": citation.get("title") or details.get("title"),
        }
        cited.append({name: value for name, value in known.items() if value is not None})
    return [citation for citation in cited if citation.get("url") or citation.get("title")]


def _summaries(block: Record) -> str:
    return "\n\n".join(words_of(summary.get("summary")) for summary in records_of(block.get("summaries")))


def _output(block: Record) -> str:
    """What a tool gave, as text."""
    content = block.get("content")
    if isinstance(content, str):
        return content
    parts = [words_of(part.get("text")) or making.as_json(part) for part in records_of(content)]
    words = "\n".join(parts) or words_of(block.get("text"))
    return f"error: {words}" if block.get("is_error") else words


def _note_artifact(block: Record, artifacts: dict[str, tuple[str, str]]) -> None:
    """Keep the last version of what a tool wrote: created, replaced in part, or written anew."""
    given = block.get("input")
    if not isinstance(given, Mapping) or block.get("name") not in _ARTIFACTS:
        return
    key = words_of(given.get("id")) or words_of(given.get("path"))
    content = words_of(given.get("content")) or words_of(given.get("file_text"))
    name = words_of(given.get("title")) or key.rpartition("/")[2] or "artifact"
    if content:
        artifacts[key] = name, content
    elif key in artifacts and words_of(given.get("old_str")):
        name, before = artifacts[key]
        artifacts[key] = name, before.replace(given["old_str"], words_of(given.get("new_str")), 1)
