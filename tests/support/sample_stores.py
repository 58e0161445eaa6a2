"""Stores to export: conversations as the writer writes them, and one in which every column is filled."""

import hashlib
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self

from sqlalchemy import JSON, Column, TypeDecorator, func, insert, select

from chatmgr.domain.events import Usage
from chatmgr.domain.ids import FAR
from chatmgr.domain.model import Attachment, Conversation
from chatmgr.domain.states import RunState
from chatmgr.store import engine
from chatmgr.store.reader import Reader
from chatmgr.store.tables import metadata
from chatmgr.store.writer import RunOutcome, Writer

TABLES = metadata.tables
DATA = {number: bytes(range(256)) * number for number in (1, 2)}
SHA = {value: hashlib.sha256(data).hexdigest() for value, data in DATA.items()}


def attachment(name: str, kind: str, data: bytes) -> Attachment:
    return Attachment(name, kind, hashlib.sha256(data).hexdigest(), data)


class SampleStore:
    """Conversations as the writer writes them."""

    def __init__(self, url: str) -> None:
        self.writer, self.reader = Writer(url), Reader(url)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.reader.close()
        self.writer.close()

    def begin(
        self, name: str, title: str = "", assistant: str = "tutor", instructions: str = "Be kind."
    ) -> Conversation:
        """A conversation without turns."""
        if self.reader.assistants.find(assistant) is None:
            self.writer.assistants.create(assistant, instructions, "gpt-x", "openai", {})
        self.writer.conversations.create(name, self.reader.assistants.get(assistant).id, "", "openai")
        if title:
            self.writer.conversations.set_title(self.named(name).pk, title)
        return self.named(name)

    def named(self, name: str) -> Conversation:
        conversation = self.reader.conversations.find(name)
        assert conversation is not None
        return conversation

    def say(
        self,
        name: str,
        user: str,
        answer: str,
        *files: Attachment,
        model: str = "gpt-x",
        state: RunState = RunState.COMPLETED,
        detail: str = "",
        error: str = "",
        reasoning: str = "",
    ) -> None:
        """A turn of a conversation, which is begun if need be."""
        talk = self.reader.conversations.find(name) or self.begin(name)
        assistant = self.reader.assistants.of(talk.pk)
        run = self.writer.turns.open(talk.pk, assistant, model, "openai", "x", user, attachments=files)
        usage = Usage(1210, 388, 1024, 12)
        end = RunOutcome(state, answer, detail, error, usage, reasoning=reasoning, cost=5_524_000)
        self.writer.runs.close(run, end)


def python_type(column: "Column[Any]") -> type:
    """What a column's values are; a moment's type hides it behind a decorator."""
    kind = column.type
    python_type: type = (kind.impl_instance if isinstance(kind, TypeDecorator) else kind).python_type
    return dict if isinstance(kind, JSON) else python_type


def value(column: "Column[Any]", number: int) -> object:
    """Something of a column's type that is in no other column; nothing in every other nullable one."""
    if column.nullable and number % 2 == 0:
        return None
    name = f"{column.table.name}.{column.name}"
    moment = datetime(2026, 3, 1, 12, 30, 15, 123_456, tzinfo=UTC) + timedelta(seconds=len(name) + number)
    values: dict[type, object] = {
        bool: number % 2 == 1,
        int: 1_000_000 * number + sum(name.encode()),
        str: f'{name} {number}: “é” \u2028 </script>\n\t\\ "',
        datetime: moment,
        dict: {name: {"deep": [number, None, True, 0.5]}},
    }
    return values[python_type(column)]


def row(table: str, number: int, **given: object) -> dict[str, object]:
    """A row in which every column is filled, as given or by type."""
    columns = TABLES[table].c
    return {
        column.name: given[column.name] if column.name in given else value(column, number)
        for column in columns
    }


def fill(url: str, tables: dict[str, list[dict[str, object]]] | None = None) -> None:
    """Two conversations with everything that can belong to one, or other rows for the tables."""
    Writer(url).close()
    _insert(url, tables or rows())


def fill_long(url: str, turns: int, text: str) -> None:
    """One long conversation, written at once; ``text`` is what either side says each time."""
    Writer(url).close()
    numbers = range(1, turns + 1)
    done = {"conversation_id": 1, "assistant_version_id": 1, "state": "completed"}
    _insert(
        url,
        {
            "assistants": [row("assistants", 2, id=1, version=1)],
            "assistant_versions": [row("assistant_versions", 1, id=1, assistant_id=1, version=1)],
            "branches": [row("branches", 1, id=1, conversation_id=1, parent_id=None, parent_position=0)],
            "conversations": [row("conversations", 2, id=1, assistant_id=1, turns=turns, branch_id=1)],
            "path_segments": [row("path_segments", 1, conversation_id=1, first=1, branch_id=1, last=FAR)],
            "turns": [row("turns", n, id=n, branch_id=1, position=n, run_id=n) for n in numbers],
            "runs": [row("runs", n, id=n, turn_id=n, reasoning="", **done) for n in numbers],
            "messages": [
                row("messages", 2 * n + k, turn_id=n, role=role, run_id=n if k else None, content=text)
                for n in numbers
                for k, role in enumerate(("user", "assistant"))
            ],
        },
    )


def _insert(url: str, tables: dict[str, list[dict[str, object]]]) -> None:
    opened = engine.create(url)
    try:
        with opened.begin() as db:
            for table, rows in tables.items():
                db.execute(insert(TABLES[table]), rows)
                if "id" in TABLES[table].c and db.dialect.name == "postgresql":  # so that more can follow
                    sequence = func.pg_get_serial_sequence(table, "id")
                    db.execute(select(func.setval(sequence, len(rows))))
    finally:
        opened.dispose()


def rows() -> dict[str, list[dict[str, object]]]:
    now = datetime(2026, 5, 1, 8, tzinfo=UTC)
    live = {"deleted_at": None, "archived_at": None}
    return {
        "assistants": [row("assistants", 1, id=1, version=2), row("assistants", 2, id=2, version=3)],
        "assistant_versions": [
            row("assistant_versions", 1, id=1, assistant_id=1, version=1),
            row("assistant_versions", 2, id=2, assistant_id=1, version=2),
            row("assistant_versions", 3, id=3, assistant_id=2, version=3),
        ],
        "remote_assistants": [row("remote_assistants", 1, id=1, assistant_id=1)],
        "branches": [
            row("branches", 1, id=1, conversation_id=1, parent_id=None, parent_position=0),
            row("branches", 2, id=2, conversation_id=2, parent_id=None, parent_position=0),
            row("branches", 3, id=3, conversation_id=1, parent_id=1, parent_position=1),
        ],
        "conversations": [
            row("conversations", 1, id=1, name="one", key="aaaa1111", assistant_id=1, turns=2)
            | {"branch_id": 1, "last_run_id": 3, **live},
            row("conversations", 2, id=2, name="two", key="bbbb2222", assistant_id=2, turns=1)
            | {"branch_id": 2, "last_run_id": None, "archived_at": now},
        ],
        "path_segments": [
            {"conversation_id": 1, "first": 1, "branch_id": 1, "last": FAR},
            {"conversation_id": 2, "first": 1, "branch_id": 2, "last": FAR},
        ],
        "journal": [row("journal", 1, id=1, conversation_id=2)],
        "sources": [row("sources", 1, key="turn-key-1"), row("sources", 2, key="aaaa1111")],
        "tags": [
            {"conversation_id": 1, "name": "home"},
            {"conversation_id": 1, "name": "work"},
            {"conversation_id": 2, "name": "work"},
        ],
        "threads": [
            row("threads", 1, id=1, conversation_id=1, branch_id=1),
            row("threads", 2, id=2, conversation_id=1, branch_id=3),
            row("threads", 3, id=3, conversation_id=2, branch_id=2),
        ],
        "turns": [
            row("turns", 1, id=1, branch_id=1, position=1, run_id=2, key="turn-key-1"),
            row("turns", 2, id=2, branch_id=1, position=2),
            row("turns", 3, id=3, branch_id=2, position=1, run_id=4),
        ],
        "runs": [
            row("runs", 1, id=1, turn_id=1, conversation_id=1, assistant_version_id=1, state="failed"),
            row("runs", 2, id=2, turn_id=1, conversation_id=1, assistant_version_id=2, state="completed"),
            row("runs", 3, id=3, turn_id=2, conversation_id=1, assistant_version_id=3, state="running"),
            row("runs", 4, id=4, turn_id=3, conversation_id=2, assistant_version_id=3, state="incomplete"),
        ],
        "messages": [
            row("messages", 1, id=1, turn_id=1, role="user", run_id=None),
            row("messages", 2, id=2, turn_id=1, role="assistant", run_id=1),
            row("messages", 3, id=3, turn_id=1, role="assistant", run_id=2),
            row("messages", 4, id=4, turn_id=2, role="user", run_id=None),
            row("messages", 5, id=5, turn_id=3, role="user", run_id=None),
            row("messages", 6, id=6, turn_id=3, role="assistant", run_id=4),
        ],
        "blobs": [
            row("blobs", item, sha256=SHA[item], size=len(DATA[item]), data=DATA[item]) for item in DATA
        ],
        "items": [
            row("items", 1, id=1, turn_id=1, run_id=2, position=1, sha256=SHA[2]),
            row("items", 2, id=2, turn_id=3, run_id=None, position=1, sha256=None),
        ],
        "attachments": [
            row("attachments", 1, id=1, message_id=1, position=0, sha256=SHA[1]),
            row("attachments", 2, id=2, message_id=1, position=1, sha256=SHA[2]),
            row("attachments", 3, id=3, message_id=5, position=0, sha256=SHA[1]),
        ],
        "remote_files": [row("remote_files", 1, id=1, sha256=SHA[1])],
    }
