"""gptme: a log of JSON Lines for each conversation, and whole copies of it where it branched.

The messages of all copies are one tree, because a message is known by what was said before it. Tools answer
as ``system``; system messages before the first question are how it was told to be. Lines of the user that
are wholly ``<system>…</system>`` are the program's own.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from chatmgr.domain.events import Usage
from chatmgr.domain.items import Item
from chatmgr.domain.source_conversations import SourceConversation, SourceMessage, SourceRole
from chatmgr.importers import making
from chatmgr.importers.making import words_of
from chatmgr.importers.source import Record, Surroundings
from chatmgr.importers.times import from_local

_ROLES = frozenset({"system", "user", "assistant", "tool"})
_OWN = frozenset({"pinned", "hide", "files", "file_hashes", "call_id", "metadata"})
_ZONE = re.compile(r"(Z|[+-]\d\d:?\d\d)$")


class Gptme:
    """Reads ``conversation.jsonl``."""

    kind = "gptme"
    label = "gptme"

    def recognises(self, first: Sequence[Record]) -> bool:
        """Its lines have a role, content and a time, and nothing else that says whose they are."""
        return all(
            {"role", "content", "timestamp"} <= record.keys()
            and record["role"] in _ROLES
            and isinstance(record["content"], str)
            and not record.keys() & {"id", "uuid", "type", "sessionId"}
            for record in first
        ) and any(record.keys() & _OWN or not _ZONE.search(str(record["timestamp"])) for record in first)

    def id_of(self, lines: Sequence[Record], around: Surroundings) -> str:
        """The name of its folder, with the time of its first line."""
        return making.digest_of(_folder(around), words_of(lines[0].get("timestamp")))

    def convert(self, lines: Iterator[Record], around: Surroundings) -> SourceConversation:
        """The conversation, with its branches. A compacted copy is nothing by itself."""
        records = list(lines)
        name = _folder(around)
        messages: dict[str, SourceMessage] = {}
        instructions: list[str] = []
        if "/views/" not in f"/{around.member.name}":
            for branch in _branches(around):
                _add(branch, messages)
            instructions = _add(records, messages)
        times = [message.at for message in messages.values() if message.at]
        return SourceConversation(
            kind=self.kind,
            id=self.id_of(records, around),
            messages=tuple(messages.values()),
            title=name,
            current=list(messages)[-1] if messages else "",
            created_at=min(times, default=None),
            updated_at=max(times, default=None),
            instructions="\n\n".join(instructions),
            provider="gptme",
        )


def _folder(around: Surroundings) -> str:
    """The name of the conversation: that of the folder, above the one for branches."""
    parts = [
        part for part in (around.member.place.member or str(around.member.place.file)).split("/") if part
    ]
    above = [part for part in parts[:-1] if part not in ("branches", "views")]
    return above[-1] if above else ""


def _branches(around: Surroundings) -> Iterator[list[dict[str, Any]]]:
    """The lines of the copies beside the log."""
    own = around.member.name.rpartition("/")[0].removesuffix("branches").strip("/")
    for member in around.names(".jsonl"):
        folder = member.name.rpartition("/")[0].strip("/")
        if folder == f"{own}/branches".strip("/"):
            with member.open() as stream:
                yield list(_read(stream.read(64 << 20)))


def _read(data: bytes) -> Iterator[dict[str, Any]]:
    for line in data.splitlines():
        try:
            record = json.loads(line)
        except ValueError:
            continue
        if isinstance(record, dict):
            yield record


def _add(records: Sequence[Record], messages: dict[str, SourceMessage]) -> list[str]:
    """Add the messages of a copy that are not there yet; returns the instructions before them."""
    instructions: list[str] = []
    before = ""
    begun = False
    for record in records:
        role, words = words_of(record.get("role")), words_of(record.get("content"))
        if role == "system" and not begun:
            instructions += [words] if not record.get("hide") or not instructions else []
            continue
        begun = True
        key = making.digest_of(before, role, words)
        if key not in messages:
            messages[key] = _message(key, before, record)
        before = key
    return instructions


def _message(key: str, before: str, record: Record) -> SourceMessage:
    role, words = words_of(record.get("role")), words_of(record.get("content"))
    items: tuple[Item, ...] = making.texts(words)
    said = {"user": SourceRole.USER, "assistant": SourceRole.ASSISTANT}.get(role, SourceRole.TOOL)
    if said is SourceRole.USER and words.startswith("<system>") and words.endswith("</system>"):
        said = SourceRole.HIDDEN
    if said is SourceRole.TOOL:
        items = (making.tool_result(words_of(record.get("call_id")) or "call", words),)
        if record.get("hide"):
            said = SourceRole.HIDDEN
    files = record.get("files")
    names = [name for name in files if isinstance(name, str)] if isinstance(files, list) else []
    items += tuple(making.file_item(name.rpartition("/")[2], None) for name in names)
    facts = record.get("metadata")
    facts = facts if isinstance(facts, Mapping) else {}
    usage = facts.get("usage")
    usage = usage if isinstance(usage, Mapping) else {}
    counts = (usage.get(name) for name in ("input_tokens", "output_tokens"))
    return SourceMessage(
        id=key,
        parent=before,
        role=said if items else SourceRole.HIDDEN,
        items=items,
        at=from_local(record.get("timestamp")),
        model=words_of(facts.get("model")),
        usage=Usage(*(count if isinstance(count, int) else None for count in counts)),
    )
