"""Writes items: what a run said beside its text, and the answers to its calls."""

import hashlib
from collections.abc import Sequence
from contextlib import suppress

from sqlalchemy import ColumnElement, Connection, Exists, and_, exists, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from chatmgr.domain.items import Item, ItemKind, call_id_of
from chatmgr.store.tables import blobs, items
from chatmgr.store.writer.database import now
from chatmgr.store.writer.records import OpenRun

_ANSWERS = frozenset({ItemKind.TOOL_RESULT, ItemKind.APPROVAL})


def next_position(db: Connection, turn: int) -> int:
    """The position after a turn's last item, of whichever run that is."""
    return int(db.scalar(select(func.max(items.c.position)).where(items.c.turn_id == turn)) or 0) + 1


def add_item(db: Connection, run: OpenRun, item: Item, position: int) -> None:
    """Add an item to a run's turn, unless one stands at this position already."""
    at = (items.c.turn_id == run.turn, items.c.position == position)
    if db.scalar(select(items.c.id).where(*at)) is not None:
        return
    sha256 = None
    if item.data is not None:
        sha256 = hashlib.sha256(item.data).hexdigest()
        keep_bytes(db, sha256, item.data)
    row = {
        "turn_id": run.turn,
        "run_id": None if is_ours(item) else run.run,
        "position": position,
        "kind": item.kind.value,
        "content": dict(item.content),
        "raw": item.raw,
        "api": item.api,
        "model": item.model,
        "sha256": sha256,
        "created_at": now(),
        "remote_id": item.id,
    }
    db.execute(insert(items), row)


def replace_file(db: Connection, turn: int, missing: Item, file: Item) -> None:
    """Put a file that was fetched later in the place of the items that say that it is missing."""
    sha256 = None
    if file.data is not None:
        sha256 = hashlib.sha256(file.data).hexdigest()
        keep_bytes(db, sha256, file.data)
    rows = db.execute(
        select(items.c.id, items.c.content).where(
            items.c.turn_id == turn,
            items.c.kind == missing.kind.value,
            items.c.remote_id == missing.id,
            items.c.sha256.is_(None),
        )
    )
    for key in [key for key, content in rows if content == dict(missing.content)]:
        news = {"content": dict(file.content), "sha256": sha256}
        db.execute(update(items).where(items.c.id == key).values(news))


def add_answers(db: Connection, run: OpenRun, answers: Sequence[Item]) -> None:
    """Add answers to the calls of a run; one that was written before is not added again."""
    if not answers:
        return
    known = {
        (kind, call_id_of(Item(ItemKind(kind), content)))
        for kind, content in db.execute(
            select(items.c.kind, items.c.content).where(items.c.turn_id == run.turn, items.c.run_id.is_(None))
        )
    }
    position = next_position(db, run.turn)
    for number, answer in enumerate(
        answer for answer in answers if (answer.kind.value, call_id_of(answer)) not in known
    ):
        add_item(db, run, answer, position + number)


def has_items(run: object) -> Exists:
    """The condition that a run said something beside its text."""
    return exists().where(says(run))


def says(run: object) -> ColumnElement[bool]:
    """The condition that an item is one that a run said, and that can be an answer."""
    return and_(items.c.run_id == run, items.c.kind.not_in(("reasoning", "compaction")))


def is_ours(item: Item) -> bool:
    """Whether an item is an answer that was given here to a call; it is of the turn, not of the run."""
    return item.kind in _ANSWERS and not item.raw


def keep_bytes(db: Connection, sha256: str, data: bytes) -> None:
    """Keep a file's bytes once; on PostgreSQL another process may be adding the same ones."""
    if db.scalar(select(blobs.c.size).where(blobs.c.sha256 == sha256)) is None:
        row = {"sha256": sha256, "size": len(data), "data": data}
        with suppress(IntegrityError), db.begin_nested():
            db.execute(insert(blobs), row)
