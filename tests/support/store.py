"""A writer and a reader on one database, with the moves that the tests repeat."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import psycopg

from chatmgr.domain.model import Assistant, Conversation
from chatmgr.domain.states import RunState
from chatmgr.store.location import sqlite_path
from chatmgr.store.reader import Reader
from chatmgr.store.writer import OpenRun, RunOutcome, Writer

ENDPOINT = "https://api.example.test/v1"


class Store:
    """What one chatmgr process has in its hands."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.writer = Writer(url)
        self.reader = Reader(url)

    def close(self) -> None:
        """Give both connections back."""
        self.reader.close()
        self.writer.close()

    def assistant(self, name: str = "tutor", *, model: str = "gpt-x") -> Assistant:
        """The assistant of this name, made if need be."""
        if self.reader.assistants.find(name) is None:
            self.writer.assistants.create(name, "Be kind.", model, "openai", {})
        return self.reader.assistants.get(name)

    def conversation(self, name: str = "plan") -> Conversation:
        """The conversation of exactly this name, made if need be."""
        if self.reader.conversations.find(name) is None:
            self.writer.conversations.create(name, self.assistant().id, "", "openai")
            self.writer.conversations.set_title(self.now(name).pk, name.title())
        return self.now(name)

    def now(self, name: str = "plan") -> Conversation:
        """A conversation as the database has it now."""
        conversation = self.reader.conversations.find(name)
        assert conversation is not None
        return conversation

    def open(self, text: str = "hello", name: str = "plan") -> OpenRun:
        """Open a turn."""
        conversation = self.conversation(name)
        return self.writer.turns.open(conversation.pk, self.assistant(), "gpt-x", "openai", ENDPOINT, text)

    def answer(self, text: str, answer: str, name: str = "plan") -> OpenRun:
        """A whole turn; without an answer it failed."""
        run = self.open(text, name)
        state = RunState.COMPLETED if answer else RunState.FAILED
        self.writer.runs.close(run, RunOutcome(state, answer, thread_synced=True))
        return run


@contextmanager
def connected(url: str) -> Iterator[Any]:
    """A bare connection that knows nothing of chatmgr; each statement commits itself."""
    path = sqlite_path(url)
    if path is None:
        with psycopg.connect(url, autocommit=True) as server:
            yield server
    else:
        with closing(sqlite3.connect(path, isolation_level=None)) as file:
            yield file


def query(url: str, statement: str) -> list[tuple[Any, ...]]:
    """All rows of a statement, from outside."""
    with connected(url) as connection:
        return [tuple(row) for row in connection.execute(statement).fetchall()]


def execute(url: str, *statements: str) -> None:
    """Change a database from outside."""
    with connected(url) as connection:
        for statement in statements:
            connection.execute(statement)


def snapshot(url: str) -> dict[str, list[tuple[Any, ...]]]:
    """Everything that is in the tables a turn writes to."""
    names = ("conversations", "turns", "messages", "runs", "threads")
    return {name: query(url, f"SELECT * FROM {name} ORDER BY id") for name in names}
