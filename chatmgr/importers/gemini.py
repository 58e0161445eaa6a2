"""Google's Gemini: AI Studio's files, and the sessions of the command line.

Both say parts of a message one by one; those of the model that stand together are one answer.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from chatmgr.domain.events import Usage
from chatmgr.domain.items import Item
from chatmgr.domain.model import Attachment
from chatmgr.domain.source_conversations import SourceConversation, SourceMessage, SourceRole
from chatmgr.importers import making
from chatmgr.importers.chat_messages import data_of
from chatmgr.importers.making import records_of, words_of
from chatmgr.importers.source import Record, Surroundings
from chatmgr.importers.times import from_iso

_REMOTE = ("driveDocument", "driveImage", "driveAudio", "driveVideo", "youtubeVideo")
_INLINE = ("inlineFile", "inlineImage", "inlineData")


class AiStudio:
    """Reads a file of AI Studio, as it lies in Google Drive."""

    kind = "ai-studio"
    label = "Google AI Studio"

    def recognises(self, record: Record) -> bool:
        """By its prompt in chunks."""
        return isinstance(record.get("chunkedPrompt"), Mapping)

    def id_of(self, record: Record, around: Surroundings) -> str:
        """Made of the file's name and the first words: it has no id."""
        name = around.member.name.rpartition("/")[2]
        return making.digest_of(name, records_of(record["chunkedPrompt"].get("chunks"))[:1])

    def updated_at(self, record: Record) -> datetime | None:
        """When its last chunk was made, where that is known."""
        chunks = records_of(record["chunkedPrompt"].get("chunks"))
        return max(filter(None, (from_iso(chunk.get("createTime")) for chunk in chunks)), default=None)

    def convert(self, record: Record, around: Surroundings) -> SourceConversation:
        """The conversation; a draft that was not sent is left out."""
        unmapped: dict[str, int] = {}
        chunks = records_of(record["chunkedPrompt"].get("chunks"))
        settings = record.get("runSettings")
        model = words_of(settings.get("model")) if isinstance(settings, Mapping) else ""
        system = record.get("systemInstruction")
        system = system if isinstance(system, Mapping) else {}
        told = [words_of(part.get("text")) for part in records_of(system.get("parts"))]
        drafts = len(records_of(record["chunkedPrompt"].get("pendingInputs")))
        return SourceConversation(
            kind=self.kind,
            id=self.id_of(record, around),
            messages=tuple(_chunk_messages(chunks, unmapped)),
            title=around.member.name.rpartition("/")[2].removesuffix(".json"),
            updated_at=self.updated_at(record) or around.member.modified_at,
            instructions=words_of(system.get("text")) or "\n\n".join(filter(None, told)),
            provider="aistudio.google.com",
            model=model.removeprefix("models/"),
            unmapped={**unmapped, **({"draft": drafts} if drafts else {})},
        )


def _chunk_messages(chunks: Sequence[Mapping[str, Any]], unmapped: dict[str, int]) -> Iterator[SourceMessage]:
    """Chunks as messages; those of the user before words are files of the next one with words."""
    before = ""
    files: list[Attachment] = []
    missing: list[Item] = []
    for number, chunk in enumerate(chunks):
        is_user = chunk.get("role") == "user"
        items, sent = _chunk(chunk, unmapped, is_user=is_user)
        if is_user and not any(item.kind == "text" for item in items):
            files += sent
            missing += items
            continue
        role = SourceRole.USER if is_user else SourceRole.ASSISTANT
        own = (*missing, *items) if is_user else tuple(items)
        attached = (*files, *sent) if is_user else ()
        if is_user:
            files, missing = [], []
        key = str(number)
        yield SourceMessage(
            key, before, role if own else SourceRole.HIDDEN, own, attached, from_iso(chunk.get("createTime"))
        )
        before = key


def _chunk(
    chunk: Mapping[str, Any], unmapped: dict[str, int], *, is_user: bool
) -> tuple[list[Item], list[Attachment]]:
    items: list[Item] = []
    files: list[Attachment] = []
    words = words_of(chunk.get("text")) or "".join(
        words_of(part.get("text")) for part in records_of(chunk.get("parts")) if not part.get("thought")
    )
    if words.strip():
        items.append(making.reasoning(words) if chunk.get("isThought") else making.text(words))
    for name in _INLINE:
        given = chunk.get(name)
        if isinstance(given, Mapping):
            data = data_of(f"data:{given.get('mimeType')};base64,{given.get('data') or ''}")
            kind = words_of(given.get("mimeType"))
            if data and is_user:
                files.append(making.attachment(name, data, kind))
            else:
                items.append(making.file_item(name, data, kind))
    for name in _REMOTE:
        if isinstance(chunk.get(name), Mapping):
            items.append(making.file_item(f"{name} {chunk[name].get('id') or ''}".strip(), None))
    if isinstance(code := chunk.get("executableCode"), Mapping):
        items.append(making.tool_call("code", "code_execution", words_of(code.get("code"))))
    if isinstance(result := chunk.get("codeExecutionResult"), Mapping):
        items.append(making.tool_result("code", words_of(result.get("output"))))
    if error := words_of(chunk.get("errorMessage")):
        items.append(making.text(error))
    if not items and not files:
        unmapped["chunk"] = unmapped.get("chunk", 0) + 1
    return items, files


_LINES = frozenset({"user", "gemini", "info", "error", "warning"})


class GeminiSession:
    """Reads a session of the command line: one document."""

    kind = "gemini-cli"
    label = "Gemini CLI"

    def recognises(self, record: Record) -> bool:
        """By the ids of its session and its project."""
        return {"sessionId", "projectHash"} <= record.keys() and isinstance(record.get("messages"), list)

    def id_of(self, record: Record, around: Surroundings) -> str:
        """The session's id."""
        return words_of(record.get("sessionId"))

    def updated_at(self, record: Record) -> datetime | None:
        """When it was written last."""
        return from_iso(record.get("lastUpdated"))

    def convert(self, record: Record, around: Surroundings) -> SourceConversation:
        """The conversation."""
        return _session(record, records_of(record["messages"]))


class GeminiLog:
    """Reads a session of newer versions: JSON Lines, in which later lines change what earlier ones said."""

    kind = "gemini-cli"
    label = "Gemini CLI"

    def recognises(self, first: Sequence[Record]) -> bool:
        """By its first line."""
        return {"sessionId", "projectHash"} <= first[0].keys() and "messages" not in first[0]

    def id_of(self, lines: Sequence[Record], around: Surroundings) -> str:
        """The session's id."""
        return words_of(lines[0].get("sessionId"))

    def convert(self, lines: Iterator[Record], around: Surroundings) -> SourceConversation:
        """The conversation as it stands after the last line."""
        head = dict(next(lines))
        messages: dict[str, Record] = {}
        for line in lines:
            if isinstance(line.get("$set"), Mapping):
                head.update(line["$set"])
            elif key := words_of(line.get("$rewindTo")):
                order = list(messages)
                for gone in order[order.index(key) :] if key in messages else ():
                    del messages[gone]
            elif words_of(line.get("id")):
                messages[line["id"]] = line
        return _session(head, list(messages.values()))


def _session(head: Record, records: Sequence[Record]) -> SourceConversation:
    unmapped: dict[str, int] = {}
    messages: list[SourceMessage] = []
    for record in records:
        kind = words_of(record.get("type"))
        role = {"user": SourceRole.USER, "gemini": SourceRole.ASSISTANT}.get(kind, SourceRole.HIDDEN)
        items = tuple(_said(record, unmapped))
        tokens = record.get("tokens")
        tokens = tokens if isinstance(tokens, Mapping) else {}
        counts = (tokens.get(name) for name in ("input", "output", "cached", "thoughts"))
        messages.append(
            SourceMessage(
                id=words_of(record.get("id")) or str(len(messages)),
                parent=messages[-1].id if messages else "",
                role=role if items else SourceRole.HIDDEN,
                items=items,
                at=from_iso(record.get("timestamp")),
                model=words_of(record.get("model")),
                usage=Usage(*(count if isinstance(count, int) else None for count in counts)),
            )
        )
    return SourceConversation(
        kind="gemini-cli",
        id=words_of(head.get("sessionId")),
        messages=tuple(messages),
        title=words_of(head.get("summary")),
        created_at=from_iso(head.get("startTime")),
        updated_at=from_iso(head.get("lastUpdated")),
        provider="gemini-cli",
        unmapped=unmapped,
    )


def _said(record: Record, unmapped: dict[str, int]) -> Iterator[Item]:
    for thought in records_of(record.get("thoughts")):
        words = ": ".join(
            filter(None, (words_of(thought.get("subject")), words_of(thought.get("description"))))
        )
        if words:
            yield making.reasoning(words)
    for call in records_of(record.get("toolCalls")):
        key = words_of(call.get("id")) or words_of(call.get("name"))
        yield making.tool_call(key, words_of(call.get("name")), call.get("args") or "")
        if call.get("result") is not None:
            yield making.tool_result(key, call["result"])
    content = record.get("displayContent") or record.get("content")
    parts = content if isinstance(content, list) else [content]
    for part in parts:
        spoken: object = part.get("text") if isinstance(part, Mapping) else part
        if isinstance(spoken, str):
            yield from making.texts(spoken)
        elif isinstance(part, Mapping):
            unmapped["part"] = unmapped.get("part", 0) + 1
            yield making.other("part", dict(part))
