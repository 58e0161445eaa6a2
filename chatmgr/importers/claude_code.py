"""Claude Code: one log of JSON Lines a session, in which messages name their parents.

One answer of the API stands in several lines with the same ``message.id``, and its tokens on each of them:
they are counted once. A session that was resumed or forked repeats lines of the one before, with the same
ids. Sub-agents have logs of their own, which are not conversations of a person.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from chatmgr.domain.events import Usage
from chatmgr.domain.items import Item
from chatmgr.domain.model import Attachment
from chatmgr.domain.source_conversations import SourceConversation, SourceMessage, SourceRole
from chatmgr.domain.states import RunState
from chatmgr.importers import making
from chatmgr.importers.chat_messages import data_of
from chatmgr.importers.making import records_of, words_of
from chatmgr.importers.source import Record, Surroundings
from chatmgr.importers.times import from_iso

_LINES = frozenset({"user", "assistant", "system", "summary", "custom-title", "attachment", "progress"})
_MORE_LINES = frozenset({"queue-operation", "file-history-snapshot", "mode", "permission-mode", "ai-title"})
_ASIDE = re.compile(
    r"<(command-name|command-message|command-args|local-command-stdout|local-command-stderr|system-reminder"
    r"|local-command-caveat|bash-input|bash-stdout|bash-stderr)>.*?</\1>\s*",
    re.DOTALL,
)
_INTERRUPTED = "[Request interrupted by user"
_SYNTHETIC = "<synthetic>"


class ClaudeCode:
    """Reads a session's log."""

    kind = "claude-code"
    label = "Claude Code"

    def recognises(self, first: Sequence[Record]) -> bool:
        """Its lines have types of its own, and those of messages have ids and a session."""
        return all(record.get("type") in _LINES | _MORE_LINES for record in first) and any(
            {"uuid", "sessionId"} <= record.keys() or {"summary", "leafUuid"} <= record.keys()
            for record in first
        )

    def id_of(self, lines: Sequence[Record], around: Surroundings) -> str:
        """The session's id; of several, the last: a log that goes on repeats what another one said."""
        ids = [words_of(line.get("sessionId")) for line in lines if words_of(line.get("sessionId"))]
        return ids[-1] if ids else making.digest_of(list(lines[:3]))

    def convert(self, lines: Iterator[Record], around: Surroundings) -> SourceConversation:
        """The conversation: every path that the parents lead to."""
        records = list(lines)
        unmapped: dict[str, int] = {}
        counted: set[str] = set()
        said = [record for record in records if words_of(record.get("uuid"))]
        messages = tuple(_message(record, counted, unmapped) for record in said)
        spoken = [message for message in messages if message.role is not SourceRole.HIDDEN]
        return SourceConversation(
            kind=self.kind,
            id=self.id_of(records, around),
            messages=messages,
            title=_title(records),
            current=spoken[-1].id if spoken else "",
            created_at=next((message.at for message in messages if message.at), None),
            updated_at=next((message.at for message in reversed(messages) if message.at), None),
            provider="claude-code",
            unmapped=unmapped,
        )


def _title(records: Sequence[Record]) -> str:
    """The title that was given last, else the summary that is of this log."""
    own = [words_of(record.get("customTitle")) for record in records if record.get("type") == "custom-title"]
    own = own or [words_of(record.get("aiTitle")) for record in records if record.get("type") == "ai-title"]
    if own:
        return own[-1]
    ids = {record.get("uuid") for record in records}
    summaries = [
        words_of(record.get("summary"))
        for record in records
        if record.get("type") == "summary" and record.get("leafUuid") in ids
    ]
    return summaries[-1] if summaries else ""


def _message(record: Record, counted: set[str], unmapped: dict[str, int]) -> SourceMessage:
    message = record.get("message")
    content: Any = message.get("content") if isinstance(message, Mapping) else message
    message = message if isinstance(message, Mapping) else {}
    is_user = record.get("type") == "user"
    hidden = record.get("type") not in ("user", "assistant") or bool(
        record.get("isMeta") or record.get("isCompactSummary") or record.get("isSidechain")
    )
    blocks = records_of(content)
    results = [block for block in blocks if block.get("type") == "tool_result"]
    files: tuple[Attachment, ...] = ()
    role = SourceRole.USER if is_user else SourceRole.ASSISTANT
    if is_user and results and len(results) == len(blocks):
        role, items = SourceRole.TOOL, tuple(_results(results))
    else:
        words, files = _user_content(content) if is_user else ((), ())
        items = words if is_user else tuple(_answer(content, unmapped))
    failed = bool(record.get("isApiErrorMessage")) or message.get("model") == _SYNTHETIC
    parent = words_of(record.get("parentUuid")) or words_of(record.get("logicalParentUuid"))
    return SourceMessage(
        id=words_of(record.get("uuid")),
        parent=parent,
        role=SourceRole.HIDDEN if hidden or not (items or files) else role,
        items=items,
        files=files,
        at=from_iso(record.get("timestamp")),
        model="" if is_user or failed else words_of(message.get("model")),
        state=RunState.FAILED if failed and not is_user else RunState.COMPLETED,
        error=" ".join(words_of(item.content.get("text")) for item in items)
        if failed and not is_user
        else "",
        usage=_usage(message, counted),
    )


def _usage(message: Mapping[str, Any], counted: set[str]) -> Usage:
    """The tokens of an answer, on the first of its lines."""
    usage, key = message.get("usage"), words_of(message.get("id"))
    if not isinstance(usage, Mapping) or key in counted:
        return Usage()
    counted.add(key)
    number = {name: count for name, count in usage.items() if isinstance(count, int)}
    cached = number.get("cache_read_input_tokens", 0)
    given = number.get("input_tokens", 0) + cached + number.get("cache_creation_input_tokens", 0)
    return Usage(given, number.get("output_tokens"), cached)


def _user_content(content: object) -> tuple[tuple[Item, ...], tuple[Attachment, ...]]:
    """What a person typed, without what the program wrote into it; and the images."""
    items: list[Item] = []
    files: list[Attachment] = []
    parts = [{"type": "text", "text": content}] if isinstance(content, str) else records_of(content)
    for number, part in enumerate(parts):
        if part.get("type") == "text":
            words = _ASIDE.sub("", words_of(part.get("text"))).strip()
            if words and not words.startswith(_INTERRUPTED):
                items.append(making.text(words))
        elif part.get("type") == "image" and isinstance(part.get("source"), Mapping):
            source = part["source"]
            data = data_of(f"data:{source.get('media_type')};base64,{source.get('data') or ''}")
            if data:
                files.append(
                    making.attachment(f"image-{number + 1}", data, words_of(source.get("media_type")))
                )
    return tuple(items), tuple(files)


def _answer(content: object, unmapped: dict[str, int]) -> Iterator[Item]:
    if isinstance(content, str):
        yield from making.texts(content)
    for block in records_of(content):
        kind = words_of(block.get("type"))
        if kind == "text":
            yield from making.texts(block.get("text"))
        elif kind == "thinking":
            if words_of(block.get("thinking")):
                yield making.reasoning(block["thinking"])
        elif kind == "tool_use":
            yield making.tool_call(words_of(block.get("id")), words_of(block.get("name")), block.get("input"))
        elif kind != "redacted_thinking":
            unmapped[kind or "unnamed"] = unmapped.get(kind or "unnamed", 0) + 1
            yield making.other(kind or "unnamed", block)


def _results(results: Sequence[Mapping[str, Any]]) -> Iterator[Item]:
    for result in results:
        content = result.get("content")
        parts = [words_of(part.get("text")) or f"[{part.get('type')}]" for part in records_of(content)]
        words = content if isinstance(content, str) else "\n".join(parts)
        yield making.tool_result(
            words_of(result.get("tool_use_id")), f"error: {words}" if result.get("is_error") else words
        )
