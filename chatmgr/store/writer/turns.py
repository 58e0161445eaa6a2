"""The writer's pages on turns: opened before anything is sent, written down as they go, closed whole."""

import os
import platform
from collections.abc import Sequence
from dataclasses import field
from shlex import quote
from typing import Any

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import IntegrityError

from chatmgr.domain.errors import Busy, NotFound
from chatmgr.domain.events import Usage
from chatmgr.domain.model import Assistant, Attachment
from chatmgr.domain.states import LIVE, RunState
from chatmgr.domain.text import storable
from chatmgr.domain.values import dataclass
from chatmgr.store.location import check_room
from chatmgr.store.tables import (
    ConversationRow,
    MessageRow,
    RunRow,
    ThreadRow,
    TurnRow,
)
from chatmgr.store.writer import files
from chatmgr.store.writer.base import ThreadKey, WriterBase, free_stamp, now


@dataclass(frozen=True, slots=True)
class OpenRun(ThreadKey):
    """A run that was opened or taken up: where its events are written."""

    run: int
    turn: int
    position: int


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """How a run ended. ``thread_synced`` says of the remote thread: True, it holds this turn now; False,
    nobody knows; None, it is as it was before."""

    state: RunState
    text: str
    detail: str = ""
    error: str = ""
    usage: Usage = field(default_factory=Usage)
    thread_synced: bool | None = False
    reasoning: str = ""
    cost: int | None = None


@dataclass(frozen=True, slots=True)
class ImportedTurn:
    """A turn that happened elsewhere."""

    user: str
    answer: str


class TurnWriter(WriterBase):
    """Writes turns and their runs."""

    def import_turns(
        self, place: ThreadKey, version: int, thread: str, turns: Sequence[ImportedTurn]
    ) -> None:
        """Add turns that happened in a remote thread, which becomes the conversation's; all or none."""
        with self.begin() as db:
            position = 0
            for told in turns:
                position, turn = _add_turn(db, place.conversation, storable(told.user), ())
                run = _add_run(db, place.conversation, turn, version, place.provider, "", False)
                whole = bool(told.answer)
                state = RunState.COMPLETED if whole else RunState.INTERRUPTED
                why = "" if whole else "the thread had no answer to it"
                values = {"state": state.value, "error": why, "thread_id": thread, "finished_at": now()}
                db.execute(update(RunRow).where(RunRow.id == run).values(values))
                if whole:
                    opened = OpenRun(place.conversation, place.provider, place.endpoint, run, turn, position)
                    _set_answer(db, opened, storable(told.answer))
            _set_thread(db, place, thread, position)

    def open_turn(
        self,
        conversation: int,
        assistant: Assistant,
        model: str,
        provider: str,
        endpoint: str,
        text: str,
        *,
        attachments: tuple[Attachment, ...] = (),
        background: bool = False,
    ) -> OpenRun:
        """The turn, its user message and a pending run, in one commit, before anything is sent."""
        if self.path:
            check_room(self.path)
        try:
            with self.begin() as db:
                position, turn = _add_turn(db, conversation, text, attachments)
                run = _add_run(db, conversation, turn, assistant.version_id, provider, model, background)
        except IntegrityError:
            raise Busy("Another process began a turn of this conversation just now.") from None
        return OpenRun(conversation, provider, endpoint, run, turn, position)

    def mark_sending(self, run: OpenRun) -> None:
        """From here on the server may have heard the message, and its thread may hold part of it."""
        with self.begin() as db:
            db.execute(
                update(RunRow).where(RunRow.id == run.run).values(state=RunState.RUNNING.value, sent_at=now())
            )
            db.execute(_current_thread(run).values(doubtful=True))

    def record_ids(self, run: OpenRun, thread_id: str, run_id: str, model: str) -> None:
        """Remote ids, the moment they are known."""
        found = {"thread_id": thread_id, "remote_id": run_id, "model": model}
        values = {key: value for key, value in found.items() if value}
        if not values:
            return
        with self.begin() as db:
            db.execute(update(RunRow).where(RunRow.id == run.run).values(values))

    def set_thread(self, place: ThreadKey, remote_id: str, synced: int) -> None:
        """From now on this is the conversation's thread at this endpoint; the old one is dropped."""
        with self.begin() as db:
            _set_thread(db, place, remote_id, synced)

    def set_remote_file(self, sha256: str, provider: str, endpoint: str, remote_id: str) -> None:
        """Remember what a server calls a file that was given to it."""
        with self.begin() as db:
            files.remember(db, sha256, provider, endpoint, remote_id)

    def checkpoint(self, run: OpenRun, text: str, cursor: int | None = None) -> None:
        """The answer so far, and the event it reaches to, where the stream can be continued."""
        with self.begin() as db:
            _set_answer(db, run, text)
            if cursor is not None:
                db.execute(update(RunRow).where(RunRow.id == run.run).values(cursor=cursor))

    def require_action(self, run: OpenRun, functions: str = "") -> None:
        """The run waits for the output of functions; it stays live."""
        detail = {"detail": functions} if functions else {}
        self._set_run(run, state=RunState.REQUIRES_ACTION.value, **detail)

    def adopt(self, run: OpenRun) -> None:
        """This process looks after a run that another left; who finds it busy is told so."""
        self._set_run(run, pid=os.getpid(), host=platform.node())

    def resume_run(self, run: OpenRun) -> None:
        """The run goes on, in this process now."""
        self._set_run(run, state=RunState.RUNNING.value, pid=os.getpid(), host=platform.node())

    def _set_run(self, run: OpenRun, **values: object) -> None:
        with self.begin() as db:
            db.execute(update(RunRow).where(RunRow.id == run.run).values(values))

    def close_run(self, run: OpenRun, end: RunOutcome) -> None:
        """Answer, state, usage and what is known of the remote thread, together."""
        if end.state in LIVE:
            raise ValueError(f"{end.state} does not close a run")
        moment = now()
        with self.begin() as db:
            if end.text:
                _set_answer(db, run, end.text)
            db.execute(
                update(RunRow)
                .where(RunRow.id == run.run)
                .values(
                    state=end.state.value,
                    detail=end.detail,
                    error=end.error,
                    finished_at=moment,
                    input_tokens=end.usage.input_tokens,
                    output_tokens=end.usage.output_tokens,
                    cached_tokens=end.usage.cached_tokens,
                    reasoning_tokens=end.usage.reasoning_tokens,
                    reasoning=end.reasoning,
                    cost=end.cost,
                )
            )
            if end.thread_synced:
                db.execute(_current_thread(run).values(synced=run.position, doubtful=False))
            elif end.thread_synced is None and _was_sent(db, run):
                db.execute(_current_thread(run).values(doubtful=False))
            db.execute(
                update(ConversationRow)
                .where(ConversationRow.id == run.conversation)
                .values(updated_at=moment, used_at=moment)
            )


def _add_turn(
    db: Connection, conversation: int, text: str, attachments: tuple[Attachment, ...]
) -> tuple[int, int]:
    """Position and key of a new turn with its user message and files.

    What was archived comes back to the lists by it; what was deleted meanwhile takes no more turns.
    """
    moment = now()
    position = db.scalar(
        update(ConversationRow)
        .where(ConversationRow.id == conversation, ConversationRow.deleted_at.is_(None))
        .values(turns=ConversationRow.turns + 1, updated_at=moment, used_at=moment, archived_at=None)
        .returning(ConversationRow.turns)
    )
    if position is None:
        raise _deleted(db, conversation)
    turn = db.scalar(
        insert(TurnRow).returning(TurnRow.id),
        {
            "conversation_id": conversation,
            "position": position,
            "created_at": moment,
            "stamp": free_stamp(db, moment),
        },
    )
    message = db.scalar(
        insert(MessageRow).returning(MessageRow.id),
        {"turn_id": turn, "role": "user", "content": text, "created_at": moment},
    )
    files.attach(db, int(message or 0), attachments)
    return int(position), int(turn or 0)


def _deleted(db: Connection, conversation: int) -> NotFound:
    name = db.scalar(select(ConversationRow.name).where(ConversationRow.id == conversation))
    if name is None:
        return NotFound("conversation", f"number {conversation}", (), "It was deleted for good meanwhile.")
    return NotFound("conversation", name, (), f"It was deleted. Get it back: chatmgr restore {quote(name)}")


def _add_run(
    db: Connection, conversation: int, turn: int, version: int, provider: str, model: str, background: bool
) -> int:
    """A pending run of this process, which is its turn's and its conversation's newest."""
    run = db.scalar(
        insert(RunRow).returning(RunRow.id),
        {
            "turn_id": turn,
            "conversation_id": conversation,
            "assistant_version_id": version,
            "provider": provider,
            "model": model,
            "state": RunState.PENDING.value,
            "detail": "",
            "error": "",
            "thread_id": "",
            "remote_id": "",
            "started_at": now(),
            "pid": os.getpid(),
            "host": platform.node(),
            "background": background,
            "reasoning": "",
        },
    )
    db.execute(update(TurnRow).where(TurnRow.id == turn).values(run_id=run))
    db.execute(update(ConversationRow).where(ConversationRow.id == conversation).values(last_run_id=run))
    return int(run or 0)


def _current_thread(place: ThreadKey) -> Any:
    return update(ThreadRow).where(
        ThreadRow.conversation_id == place.conversation,
        ThreadRow.provider == place.provider,
        ThreadRow.endpoint == place.endpoint,
        ThreadRow.dropped_at.is_(None),
    )


def _set_thread(db: Connection, place: ThreadKey, remote_id: str, synced: int) -> None:
    db.execute(_current_thread(place).values(dropped_at=now()))
    row = {
        "conversation_id": place.conversation,
        "provider": place.provider,
        "endpoint": place.endpoint,
        "remote_id": remote_id,
        "synced": synced,
        "doubtful": False,
        "created_at": now(),
    }
    db.execute(insert(ThreadRow), row)


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
            "created_at": now(),
        }
        db.execute(insert(MessageRow), row)
