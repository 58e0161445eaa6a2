"""The only writer. Each method is one transaction: committed when it returns, or nothing happened."""

import os
import platform
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from shlex import quote
from typing import Any

from sqlalchemy import Connection, Engine, delete, insert, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from chatmgr.domain.errors import Busy, DatabaseUnreachable, UsageFault
from chatmgr.domain.events import Usage
from chatmgr.domain.model import Assistant
from chatmgr.domain.states import LIVE, RunState
from chatmgr.store import engine as engines
from chatmgr.store import schema
from chatmgr.store.connect import postgres_unreachable
from chatmgr.store.location import check_room, sqlite_path, unreachable
from chatmgr.store.rows import (
    AssistantRow,
    AssistantVersionRow,
    ConversationRow,
    MessageRow,
    RemoteAssistantRow,
    RunRow,
    ThreadRow,
    TurnRow,
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a conversation's remote thread is: at most one in use for each."""

    conversation: int
    provider: str
    endpoint: str


@dataclass(frozen=True, slots=True)
class OpenRun(Place):
    """A run that was opened or taken up: where its events are written."""

    run: int
    turn: int
    position: int


@dataclass(frozen=True, slots=True)
class Closing:
    """How a run ended. ``in_step`` says of the remote thread: True, it holds this turn now; False,
    nobody knows; None, it is as it was before."""

    state: RunState
    text: str
    detail: str = ""
    error: str = ""
    usage: Usage = field(default_factory=Usage)
    in_step: bool | None = False


class Ledger:
    """Writes one database, brought to today's schema first."""

    def __init__(self, url: str) -> None:
        schema.ready_to_write(url)
        self._path = sqlite_path(url)
        self._engine: Engine = engines.create(url)

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    @contextmanager
    def _begin(self) -> Iterator[Connection]:
        try:
            with self._engine.begin() as connection:
                yield connection
        except IntegrityError:
            raise
        except DBAPIError as error:
            raise self._unreachable(error) from error

    def _unreachable(self, error: Exception) -> DatabaseUnreachable:
        return unreachable(self._path, error) if self._path else postgres_unreachable(error)

    # Assistants

    def create_assistant(
        self, name: str, instructions: str, model: str, provider: str, params: Mapping[str, Any]
    ) -> None:
        """A new persona, at version 1."""
        now = _now()
        try:
            with self._begin() as db:
                pk = db.scalar(
                    insert(AssistantRow).returning(AssistantRow.id),
                    {"name": name, "version": 1, "created_at": now, "updated_at": now},
                )
                _add_version(db, int(pk or 0), 1, instructions, model, provider, params)
        except IntegrityError:
            raise UsageFault(
                f"There is an assistant “{name}” already.",
                f"Use it with -a {quote(name)}, change it with chatmgr assistant edit, "
                "or choose another name.",
            ) from None

    def edit_assistant(
        self, old: Assistant, instructions: str, model: str, provider: str, params: Mapping[str, Any]
    ) -> int:
        """A new version; runs keep pointing at the one they used. Returns its number."""
        try:
            with self._begin() as db:
                version = db.scalar(
                    update(AssistantRow)
                    .where(AssistantRow.id == old.id)
                    .values(version=AssistantRow.version + 1, updated_at=_now())
                    .returning(AssistantRow.version)
                )
                _add_version(db, old.id, int(version or 0), instructions, model, provider, params)
        except IntegrityError:
            raise Busy(
                f"“{old.name}” was edited elsewhere just now.", "Look at it, then try again."
            ) from None
        return int(version or 0)

    def delete_assistant(self, assistant: Assistant) -> int:
        """Take the name away; conversations keep the persona. Returns how many still use it."""
        with self._begin() as db:
            db.execute(update(AssistantRow).where(AssistantRow.id == assistant.id).values(deleted_at=_now()))
            users = select(ConversationRow.id).where(
                ConversationRow.assistant_id == assistant.id, ConversationRow.deleted_at.is_(None)
            )
            return len(db.execute(users).all())

    def set_remote_assistant(self, assistant: int, provider: str, endpoint: str, remote_id: str) -> None:
        """Remember an assistant's counterpart on a server."""
        with self._begin() as db:
            _set_remote_assistant(db, assistant, provider, endpoint, remote_id)

    # Conversations

    def create_conversation(self, name: str, title: str, assistant: int, model: str, provider: str) -> None:
        """A new, empty conversation."""
        now = _now()
        row = {
            "key": secrets.token_hex(8),
            "name": name,
            "title": title,
            "assistant_id": assistant,
            "model": model,
            "provider": provider,
            "turns": 0,
            "created_at": now,
            "updated_at": now,
            "used_at": now,
        }
        try:
            with self._begin() as db:
                db.execute(insert(ConversationRow), row)
        except IntegrityError:
            raise UsageFault(
                f"There is a conversation “{name}” already.",
                f"Go on with it: chatmgr resume {quote(name)} — or choose another name.",
            ) from None

    def touch(self, conversation: int) -> None:
        """Remember that a conversation was used now."""
        with self._begin() as db:
            db.execute(
                update(ConversationRow).where(ConversationRow.id == conversation).values(used_at=_now())
            )

    # Turns and runs

    def open_turn(
        self, conversation: int, assistant: Assistant, model: str, provider: str, endpoint: str, text: str
    ) -> OpenRun:
        """The turn, its user message and a pending run, in one commit, before anything is sent."""
        if self._path:
            check_room(self._path)
        now = _now()
        try:
            with self._begin() as db:
                position = db.scalar(
                    update(ConversationRow)
                    .where(ConversationRow.id == conversation)
                    .values(turns=ConversationRow.turns + 1, updated_at=now, used_at=now)
                    .returning(ConversationRow.turns)
                )
                turn = db.scalar(
                    insert(TurnRow).returning(TurnRow.id),
                    {"conversation_id": conversation, "position": position, "created_at": now},
                )
                db.execute(
                    insert(MessageRow),
                    {"turn_id": turn, "role": "user", "content": text, "created_at": now},
                )
                run = db.scalar(
                    insert(RunRow).returning(RunRow.id),
                    {
                        "turn_id": turn,
                        "conversation_id": conversation,
                        "assistant_version_id": assistant.version_id,
                        "provider": provider,
                        "model": model,
                        "state": RunState.PENDING.value,
                        "detail": "",
                        "error": "",
                        "thread_id": "",
                        "remote_id": "",
                        "started_at": now,
                        "pid": os.getpid(),
                        "host": platform.node(),
                    },
                )
                db.execute(update(TurnRow).where(TurnRow.id == turn).values(run_id=run))
                db.execute(
                    update(ConversationRow).where(ConversationRow.id == conversation).values(last_run_id=run)
                )
        except IntegrityError:
            raise Busy("Another process began a turn of this conversation just now.") from None
        return OpenRun(conversation, provider, endpoint, int(run or 0), int(turn or 0), int(position or 0))

    def adopt(self, run: OpenRun) -> None:
        """This process looks after a run that another left; who finds it busy is told so."""
        values = {"pid": os.getpid(), "host": platform.node()}
        with self._begin() as db:
            db.execute(update(RunRow).where(RunRow.id == run.run).values(values))

    def mark_sending(self, run: OpenRun) -> None:
        """From here on the server may have heard the message, and its thread may hold part of it."""
        with self._begin() as db:
            db.execute(
                update(RunRow)
                .where(RunRow.id == run.run)
                .values(state=RunState.RUNNING.value, sent_at=_now())
            )
            db.execute(_current_thread(run).values(doubtful=True))

    def record_ids(self, run: OpenRun, thread_id: str, run_id: str, model: str) -> None:
        """Remote ids, the moment they are known."""
        found = {"thread_id": thread_id, "remote_id": run_id, "model": model}
        values = {key: value for key, value in found.items() if value}
        if not values:
            return
        with self._begin() as db:
            db.execute(update(RunRow).where(RunRow.id == run.run).values(values))

    def set_thread(self, place: Place, remote_id: str, synced: int) -> None:
        """From now on this is the conversation's thread at this endpoint; the old one is dropped."""
        with self._begin() as db:
            db.execute(_current_thread(place).values(dropped_at=_now()))
            db.execute(
                insert(ThreadRow),
                {
                    "conversation_id": place.conversation,
                    "provider": place.provider,
                    "endpoint": place.endpoint,
                    "remote_id": remote_id,
                    "synced": synced,
                    "doubtful": False,
                    "created_at": _now(),
                },
            )

    def checkpoint(self, run: OpenRun, text: str) -> None:
        """The answer so far."""
        with self._begin() as db:
            _set_answer(db, run, text)

    def require_action(self, run: OpenRun, detail: str) -> None:
        """The run waits for the output of a tool; it stays live."""
        with self._begin() as db:
            db.execute(
                update(RunRow)
                .where(RunRow.id == run.run)
                .values(state=RunState.REQUIRES_ACTION.value, detail=detail)
            )

    def close_run(self, run: OpenRun, end: Closing) -> None:
        """Answer, state, usage and what is known of the remote thread, together."""
        if end.state in LIVE:
            raise ValueError(f"{end.state} does not close a run")
        now = _now()
        with self._begin() as db:
            if end.text:
                _set_answer(db, run, end.text)
            db.execute(
                update(RunRow)
                .where(RunRow.id == run.run)
                .values(
                    state=end.state.value,
                    detail=end.detail,
                    error=end.error,
                    finished_at=now,
                    input_tokens=end.usage.input_tokens,
                    output_tokens=end.usage.output_tokens,
                )
            )
            if end.in_step:
                db.execute(_current_thread(run).values(synced=run.position, doubtful=False))
            elif end.in_step is None and _was_sent(db, run):
                db.execute(_current_thread(run).values(doubtful=False))
            db.execute(
                update(ConversationRow)
                .where(ConversationRow.id == run.conversation)
                .values(updated_at=now, used_at=now)
            )


def _now() -> datetime:
    return datetime.now(UTC)


def _current_thread(place: Place) -> Any:
    return update(ThreadRow).where(
        ThreadRow.conversation_id == place.conversation,
        ThreadRow.provider == place.provider,
        ThreadRow.endpoint == place.endpoint,
        ThreadRow.dropped_at.is_(None),
    )


def _was_sent(db: Connection, run: OpenRun) -> bool:
    """A run that was never sent did not make its thread doubtful, and must not clear an older doubt."""
    return db.scalar(select(RunRow.sent_at).where(RunRow.id == run.run)) is not None


def _set_answer(db: Connection, run: OpenRun, text: str) -> None:
    done = db.execute(update(MessageRow).where(MessageRow.run_id == run.run).values(content=text))
    if done.rowcount == 0:
        row = {
            "turn_id": run.turn,
            "run_id": run.run,
            "role": "assistant",
            "content": text,
            "created_at": _now(),
        }
        db.execute(insert(MessageRow), row)


def _add_version(
    db: Connection,
    assistant: int,
    version: int,
    instructions: str,
    model: str,
    provider: str,
    params: Mapping[str, Any],
) -> None:
    row = {
        "assistant_id": assistant,
        "version": version,
        "instructions": instructions,
        "model": model,
        "provider": provider,
        "params": dict(params),
        "created_at": _now(),
    }
    db.execute(insert(AssistantVersionRow), row)


def _set_remote_assistant(
    db: Connection, assistant: int, provider: str, endpoint: str, remote_id: str
) -> None:
    db.execute(
        delete(RemoteAssistantRow).where(
            RemoteAssistantRow.assistant_id == assistant,
            RemoteAssistantRow.provider == provider,
            RemoteAssistantRow.endpoint == endpoint,
        )
    )
    row = {
        "assistant_id": assistant,
        "provider": provider,
        "endpoint": endpoint,
        "remote_id": remote_id,
        "created_at": _now(),
    }
    db.execute(insert(RemoteAssistantRow), row)
