"""Overwrites texts where they stand, with all that remembers them: the search index, files, remote threads.

The rows of a group are overwritten in one transaction, which erases their old words from the search index and
notes where copies of the rows can be (``erasure``). ``TrashWriter.scrub`` then removes those. A process that
is killed in between leaves the note, and rows that are either as before or overwritten.
"""

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import JSON, Connection, delete, func, insert, or_, select, update

from chatmgr.domain.errors import Busy
from chatmgr.domain.events import STATELESS
from chatmgr.domain.stored_texts import BYTES, Place
from chatmgr.store import tables
from chatmgr.store.writer import erasure, journal
from chatmgr.store.writer.conversations import batches
from chatmgr.store.writer.database import Database, now
from chatmgr.store.writer.trash import delete_unused_files

Replace = Callable[[str, bool], str]  # a text, and whether it is JSON
ReplaceBytes = Callable[[bytes], bytes]
_PURPOSE = "is overwriting what is to be removed"


class OverwriteWriter:
    """Overwrites texts in place. ``replace`` gives the new text of each, by the text that is there now."""

    def __init__(self, database: Database, replace: Replace, replace_bytes: ReplaceBytes) -> None:
        self._database = database
        self._replace = replace
        self._replace_bytes = replace_bytes

    def overwrite(
        self,
        places: Sequence[Place],
        kinds: Mapping[int, Mapping[str, int]],
        *,
        settled: Collection[int] = (),
    ) -> None:
        """Overwrite these places in one transaction, and note the kinds in the journals of conversations.

        Raises Busy, and changes nothing, where a run is live that is not among the ``settled`` ones: those
        are live in the database only, and the caller keeps others from recovering them.
        """
        with self._database.begin(_PURPOSE) as db:
            turns = sorted({place.turn for place in places if place.turn})
            holders = self._lock(db, turns, {place.conversation for place in places if place.conversation})
            _refuse_live(db, holders, settled)
            old_texts = _indexed(db, turns, places) if self._database.path else []
            copies = _copies(db, places)
            rows = self._overwrite_all(db, places)
            _drop_threads(db, holders, turns)
            for conversation, count in kinds.items():
                detail = {"kinds": dict(count)} | ({"files": copies} if copies else {})
                journal.note(db, conversation, "scrub", **detail)
            if self._database.path:
                erasure.note(db, erasure.Remains(rows).add(erasure.erase_words(db, old_texts)))

    def _lock(self, db: Connection, turns: Sequence[int], named: Collection[int]) -> list[int]:
        """The conversations that hold these turns, or left them; they take no new turn meanwhile."""
        holders = {*named}
        for batch in batches(turns):
            holders |= set(db.scalars(_holding(batch)))
            holders |= set(db.scalars(_leaving(batch))) - {None}
        columns = tables.conversations.c
        for batch in batches(sorted(holders)):
            db.execute(select(columns.id).where(columns.id.in_(batch)).order_by(columns.id).with_for_update())
        return sorted(holders)

    def _overwrite_all(self, db: Connection, places: Iterable[Place]) -> dict[str, list[int]]:
        rows: dict[str, list[int]] = {}
        for place in places:
            if place.field == BYTES:
                rows.setdefault("blobs", []).extend(self._overwrite_bytes(db, place))
                rows.setdefault(place.table, []).append(place.pk)
            elif place.table == "answer_parts":
                rows.setdefault("messages", []).extend(self._overwrite_live(db, place.pk))
            else:
                self._overwrite(db, place)
                rows.setdefault(place.table, []).append(place.pk)
        return rows

    def _overwrite(self, db: Connection, place: Place) -> None:
        table = tables.metadata.tables[place.table]
        column = table.c[place.field]
        stored = db.scalar(select(column).where(table.c.id == place.pk))
        if stored is None:
            return
        is_parsed = isinstance(column.type, JSON)
        text = json.dumps(stored, ensure_ascii=False) if is_parsed else str(stored)
        replaced = self._replace(text, place.is_json)
        if replaced != text:
            value: Any = json.loads(replaced) if is_parsed else replaced
            db.execute(update(table).where(table.c.id == place.pk).values({place.field: value}))

    def _overwrite_live(self, db: Connection, run: int) -> list[int]:
        """Overwrite an answer that is still in parts; it is in one piece afterwards."""
        text = _joined_answer(db, run)
        replaced = self._replace(text, False)
        if replaced == text:
            return []
        messages = tables.messages
        db.execute(delete(tables.answer_parts).where(tables.answer_parts.c.run_id == run))
        changed = update(messages).where(messages.c.run_id == run).values(content=replaced)
        return list(db.scalars(changed.returning(messages.c.id)))

    def _overwrite_bytes(self, db: Connection, place: Place) -> list[int]:
        """Let a row refer to the overwritten bytes; the old ones go with the last row that refers to them."""
        table = tables.metadata.tables[place.table]
        old = db.scalar(select(table.c.sha256).where(table.c.id == place.pk))
        data = db.scalar(select(tables.blobs.c.data).where(tables.blobs.c.sha256 == old))
        if old is None or data is None or (new_data := self._replace_bytes(data)) == data:
            return []
        rows = _row_ids(db, old)
        new = hashlib.sha256(new_data).hexdigest()
        if db.scalar(select(tables.blobs.c.sha256).where(tables.blobs.c.sha256 == new)) is None:
            db.execute(insert(tables.blobs), {"sha256": new, "size": len(new_data), "data": new_data})
        db.execute(update(table).where(table.c.id == place.pk).values(sha256=new))
        if table is tables.items:
            _name_bytes(db, place.pk, old, new)
        delete_unused_files(db, [old])
        return rows


def _name_bytes(db: Connection, item: int, old: str, new: str) -> None:
    """Let the JSON of an item name its new bytes, where it named the old ones by their hash."""
    columns = tables.items.c
    content, raw = db.execute(select(columns.content, columns.raw).where(columns.id == item)).one()
    values = {"content": json.loads(json.dumps(content).replace(old, new)), "raw": raw.replace(old, new)}
    db.execute(update(tables.items).where(columns.id == item).values(values))


def _copies(db: Connection, places: Iterable[Place]) -> list[dict[str, str]]:
    """What servers call the files that are about to be replaced, which they keep."""
    copies: list[dict[str, str]] = []
    columns = tables.remote_files.c
    for place in places:
        if place.field == BYTES:
            table = tables.metadata.tables[place.table]
            of_place = select(table.c.sha256).where(table.c.id == place.pk).scalar_subquery()
            sql = select(columns.provider, columns.remote_id).where(columns.sha256 == of_place)
            copies += [{"provider": provider, "id": remote_id} for provider, remote_id in db.execute(sql)]
    return copies


def _joined_answer(db: Connection, run: int) -> str:
    parts = tables.answer_parts.c
    message = select(tables.messages.c.content).where(tables.messages.c.run_id == run)
    rest = select(parts.content).where(parts.run_id == run).order_by(parts.start)
    return "".join([*db.scalars(message), *db.scalars(rest)])


def _row_ids(db: Connection, sha256: str) -> list[int]:
    if db.dialect.name != "sqlite":
        return []
    rows = db.exec_driver_sql("SELECT rowid FROM blobs WHERE sha256 = ?", (sha256,))
    return [int(row_id) for (row_id,) in rows]


def _holding(turns: Sequence[int]) -> Any:
    """The conversations whose paths go through turns, or would after a redo."""
    columns, segments = tables.turns.c, tables.path_segments.c
    return (
        select(segments.conversation_id)
        .join(tables.turns, columns.branch_id == segments.branch_id)
        .where(columns.id.in_(turns), columns.position.between(segments.first, segments.last))
        .distinct()
    )


def _leaving(turns: Sequence[int]) -> Any:
    """The conversations that made a path through turns, also one that they have left."""
    columns, children = tables.branches.c, tables.branches.alias()
    place = tables.turns.c
    first = select(place.branch_id.label("branch"), func.min(place.position).label("position"))
    below = first.where(place.id.in_(turns)).group_by(place.branch_id).cte("below", recursive=True)
    further = select(children.c.id, below.c.position).join(below, children.c.parent_id == below.c.branch)
    below = below.union(further.where(children.c.parent_position >= below.c.position))
    return select(columns.conversation_id).join(below, below.c.branch == columns.id).distinct()


def _refuse_live(db: Connection, holders: Sequence[int], settled: Collection[int]) -> None:
    runs = tables.runs.c
    for batch in batches(holders):
        live = select(runs.id).where(runs.conversation_id.in_(batch), tables.LIVE_RUN)
        if set(db.scalars(live)) - set(settled):
            raise Busy(
                "A turn of one of these was begun just now. What was overwritten stays so.", "Try again."
            )


def _indexed(db: Connection, turns: Sequence[int], places: Sequence[Place]) -> list[str]:
    """What the search index knows of the turns and titles that are about to be overwritten."""
    titled = {place.conversation for place in places if place.table == "conversations"}
    texts = erasure.names(db, titled) if titled else []
    for batch in batches(turns):
        texts += erasure.texts_of_turns(db, batch)
    return texts


def _drop_threads(db: Connection, holders: Sequence[int], turns: Sequence[int]) -> None:
    """Stop using the threads that may hold the old texts; the next turn makes new ones."""
    if not turns:
        return
    positions = [
        db.scalar(select(func.min(tables.turns.c.position)).where(tables.turns.c.id.in_(batch)))
        for batch in batches(turns)
    ]
    first = min(position for position in positions if position is not None)
    columns = tables.threads.c
    for batch in batches(holders):
        may_hold = or_(columns.synced >= first, columns.doubtful)
        in_use = (
            columns.conversation_id.in_(batch)
            & columns.dropped_at.is_(None)
            & (columns.remote_id != STATELESS)
        )
        db.execute(update(tables.threads).where(in_use, may_hold).values(dropped_at=now()))
