"""Writes copies of what a shared turn holds, for a turn that takes its place on another path."""

from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from chatmgr.domain.ids import new_key
from chatmgr.store.tables import attachments, items, messages, runs, turns
from chatmgr.store.writer.items import next_position

# Counted where it was made. Sums know a copy by it: of a run that was never sent, it is unknown what it used.
_SPENT = {
    "input_tokens": 0,
    "output_tokens": 0,
    "cached_tokens": None,
    "reasoning_tokens": None,
    "cost": 0,
    "sent_at": None,
}


def copy_run(db: Connection, conversation: int, turn: int, run: int, moment: datetime) -> int:
    """Let a copy of another turn's run answer a turn, with its text and items; returns the copy's key.

    It cost nothing and used no tokens, so that sums count each run once, and no server knows it.
    """
    row = dict(db.execute(select(runs).where(runs.c.id == run)).one()._mapping)
    del row["id"]
    row |= {"turn_id": turn, "conversation_id": conversation, "key": new_key(), **_SPENT}
    row |= {"thread_id": "", "remote_id": "", "cursor": None, "background": False}
    copied = int(db.scalar(insert(runs).returning(runs.c.id), row) or 0)
    db.execute(update(turns).where(turns.c.id == turn).values(run_id=copied))  # the answer is indexed by it
    content = db.scalar(select(messages.c.content).where(messages.c.run_id == run))
    if content is not None:
        answer = {"turn_id": turn, "run_id": copied, "role": "assistant", "content": content}
        db.execute(insert(messages), {**answer, "created_at": moment})
    copy_items(db, turn, run, copied)
    return copied


def copy_items(db: Connection, turn: int, run: int, copied: int) -> None:
    """Let one run begin with what another said, and the answers to its calls, which belong to no run.

    These stand after its items.
    """
    columns = items.c
    source = select(runs.c.turn_id).where(runs.c.id == run).scalar_subquery()
    said_by, position = 0, next_position(db, turn)
    for item in db.execute(select(items).where(columns.turn_id == source).order_by(columns.position)).all():
        said_by = item.run_id or said_by
        if said_by == run:
            row = {key: value for key, value in item._mapping.items() if key != "id"}
            owner = copied if item.run_id else None
            db.execute(insert(items), {**row, "turn_id": turn, "run_id": owner, "position": position})
            position += 1


def copy_attachments(db: Connection, source: int, message: int) -> None:
    """Attach the files of one message to another; their bytes are kept once."""
    columns = attachments.c
    files = select(columns.position, columns.name, columns.content_type, columns.sha256).where(
        columns.message_id == source
    )
    for file in db.execute(files.order_by(columns.position)).all():
        db.execute(insert(attachments), {**file._mapping, "message_id": message})
