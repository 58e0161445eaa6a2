"""Writes turns: a turn is opened before anything is sent, or imported from a remote thread."""

import os
import platform
from collections.abc import Sequence
from datetime import datetime
from shlex import quote
from typing import Any

from sqlalchemy import Connection, Row, exists, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from chatmgr.domain.errors import Busy, NotFound
from chatmgr.domain.ids import new_key
from chatmgr.domain.model import Assistant, Attachment
from chatmgr.domain.states import RunState
from chatmgr.domain.text import storable
from chatmgr.domain.turn_target import TurnTarget
from chatmgr.store import tables
from chatmgr.store.location import check_room
from chatmgr.store.locks import SPACE
from chatmgr.store.writer.copies import copy_items, copy_run
from chatmgr.store.writer.database import Database, now
from chatmgr.store.writer.items import keep_bytes
from chatmgr.store.writer.journal import note
from chatmgr.store.writer.paths import branch_of_next_turn, turn_at
from chatmgr.store.writer.records import ImportedTurn, OpenRun, ThreadKey
from chatmgr.store.writer.runs import set_answer, update_run
from chatmgr.store.writer.threads import set_thread


class TurnWriter:
    """Turns, each with its user message and files."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def open(
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
        target: TurnTarget | None = None,
    ) -> OpenRun:
        """Add a turn with its user message and a pending run, before anything is sent.

        A ``target`` says where, if not at the end of the path: the path ends with that turn from now on.

        Raises Busy where another process began a turn of the conversation, and NotFound where it was deleted.
        """
        if self._database.path:
            check_room(self._database.path)
        try:
            with self._database.begin() as db:
                position, turn = _turn_for_run(db, conversation, text, attachments, target)
                if target and target.begun_by and not target.again:
                    copy_run(db, conversation, turn, target.begun_by, now())
                run = _add_run(db, conversation, turn, assistant.version_id, provider, model, background)
                opened = OpenRun(conversation, provider, endpoint, run, turn, position)
                if target and target.begun:
                    set_answer(db, opened, target.begun)
                    copy_items(db, turn, target.begun_by, run)
        except IntegrityError:
            raise Busy("Another process began a turn of this conversation just now.") from None
        return opened

    def import_turns(
        self,
        key: ThreadKey,
        version: int,
        thread: str,
        turns: Sequence[ImportedTurn],
        action: str = "adopt",
    ) -> None:
        """Add the turns of a remote thread, which becomes the conversation's thread.

        ``version`` is the key of the assistant version that the runs refer to, ``action`` what the journal
        calls it.
        """
        with self._database.begin() as db:
            position = 0
            for imported in turns:
                position, turn = add_turn(db, key.conversation, storable(imported.user), ())
                pk = _add_run(db, key.conversation, turn, version, key.provider, "", False)
                run = OpenRun(key.conversation, key.provider, key.endpoint, pk, turn, position)
                state = RunState.COMPLETED if imported.answer else RunState.INTERRUPTED
                error = "" if imported.answer else "the thread had no answer to it"
                update_run(db, run, state=state.value, error=error, thread_id=thread, finished_at=now())
                if imported.answer:
                    set_answer(db, run, storable(imported.answer))
            set_thread(db, key, thread, position)
            note(db, key.conversation, action, thread=thread, provider=key.provider, turns=len(turns))


def _turn_for_run(
    db: Connection,
    conversation: int,
    text: str,
    attachments: tuple[Attachment, ...],
    target: TurnTarget | None,
) -> tuple[int, int]:
    """The position and the key of the turn that a run answers: a new one, or one that is answered again."""
    if target is None:
        return add_turn(db, conversation, text, attachments)
    columns = tables.conversations.c
    before = db.scalar(select(columns.turns).where(columns.id == conversation))
    if not target.again:
        position, turn = add_turn(db, conversation, text, attachments, target.position)
        note(db, conversation, target.action, turn=position, before=before)
        return position, turn
    turn, answered_by = _turn_again(db, conversation, target.position)
    note(db, conversation, target.action, turn=target.position, before=before, answered_by=answered_by)
    return target.position, turn


def _turn_again(db: Connection, conversation: int, position: int) -> tuple[int, int | None]:
    """The turn at a position, which is about to get another answer, and the run that answers it until then.

    No thread holds the new answer yet.
    """
    moment = now()
    threads = tables.threads.c
    _go_on(db, conversation, moment)
    turn = turn_at(db, conversation, position)
    if turn is None:
        raise NotFound("turn", str(position), (), "It was taken back meanwhile.")
    held = threads.conversation_id == conversation
    db.execute(update(tables.threads).where(held, threads.synced >= position).values(doubtful=True))
    return turn.id, turn.run_id


def add_turn(
    db: Connection,
    conversation: int,
    text: str,
    attachments: tuple[Attachment, ...],
    place: int | None = None,
) -> tuple[int, int]:
    """Add a turn with its user message and files; returns its position and key.

    ``place`` is its position where the path is to turn off before its end. A new turn takes an archived
    conversation back to the lists. A deleted conversation takes none.
    """
    moment = now()
    tip = _go_on(db, conversation, moment, turns=place or tables.conversations.c.turns + 1)
    position = int(tip.turns)
    turn = db.scalar(
        insert(tables.turns).returning(tables.turns.c.id),
        {
            "branch_id": branch_of_next_turn(db, conversation, tip.branch_id, position),
            "position": position,
            "created_at": moment,
            "stamp": _free_stamp(db, moment),
            "key": new_key(),
        },
    )
    message = db.scalar(
        insert(tables.messages).returning(tables.messages.c.id),
        {"turn_id": turn, "role": "user", "content": text, "created_at": moment},
    )
    _attach(db, int(message or 0), attachments)
    return position, int(turn or 0)


def _go_on(db: Connection, conversation: int, moment: datetime, **values: Any) -> Row[Any]:
    """Note that a conversation goes on, which takes it back from the archive; a deleted one does not."""
    columns, before = tables.conversations.c, tables.conversations.alias().c
    archived = select(before.archived_at.is_not(None)).where(before.id == conversation)
    was_archived = db.scalar(archived) if db.dialect.name == "sqlite" else None
    row = db.execute(
        update(tables.conversations)
        .where(columns.id == conversation, columns.deleted_at.is_(None))
        .values(**values, updated_at=moment, used_at=moment, archived_at=None)
        # PostgreSQL says in the same round trip what it was; SQLite would say what it is now.
        .returning(columns.turns, columns.branch_id, archived.scalar_subquery().label("was_archived"))
    ).first()
    if row is None:
        raise _deleted(db, conversation)
    if row.was_archived if was_archived is None else was_archived:
        note(db, conversation, "unarchive")
    return row


def _deleted(db: Connection, conversation: int) -> NotFound:
    name = db.scalar(select(tables.conversations.c.name).where(tables.conversations.c.id == conversation))
    if name is None:
        return NotFound("conversation", f"number {conversation}", (), "It was deleted for good meanwhile.")
    return NotFound("conversation", name, (), f"It was deleted. Get it back: chatmgr restore {quote(name)}")


def _free_stamp(db: Connection, moment: datetime) -> int:
    """The Unix time of a moment in whole seconds, or the next second that no turn has as its stamp.

    PostgreSQL lets two processes write at once. There, one waits until the other has committed.
    """
    if db.dialect.name == "postgresql":
        db.execute(select(func.pg_advisory_xact_lock(SPACE, -1)))
    second, stamp = int(moment.timestamp()), tables.turns.c.stamp
    if db.scalar(select(tables.turns.c.id).where(stamp == second)) is None:
        return second
    free_after = ~exists().where(tables.turns.alias().c.stamp == stamp + 1)
    last = select(stamp).where(stamp >= second, free_after).order_by(stamp).limit(1)
    return int(db.scalar(last) or second) + 1


def _attach(db: Connection, message: int, attachments: tuple[Attachment, ...]) -> None:
    """Keep the files of a message, in the order in which they were named."""
    for position, file in enumerate(attachments):
        keep_bytes(db, file.sha256, file.data)
        row = {
            "message_id": message,
            "position": position,
            "name": file.name,
            "content_type": file.content_type,
            "sha256": file.sha256,
        }
        db.execute(insert(tables.attachments), row)


def _add_run(
    db: Connection,
    conversation: int,
    turn: int,
    version: int,
    provider: str,
    model: str,
    background: bool,
) -> int:
    """Add a pending run of this process, the newest of its turn and conversation; returns its key."""
    run = db.scalar(
        insert(tables.runs).returning(tables.runs.c.id),
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
            "key": new_key(),
        },
    )
    turns, conversations = tables.turns, tables.conversations
    db.execute(update(turns).where(turns.c.id == turn).values(run_id=run))
    db.execute(update(conversations).where(conversations.c.id == conversation).values(last_run_id=run))
    return int(run or 0)
