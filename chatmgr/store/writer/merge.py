"""Merges conversations into the database by their keys: what is new is added, and nothing is overwritten.

A batch is one transaction. What a conversation lacks is added to it; its end moves on only where it stood at
the last turn that the source had before. So what a person undid, edited or said since stays, and what came
meanwhile at the source is a path beside it.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import IntegrityError

from chatmgr.domain.merging import MergedAssistant, MergedConversation
from chatmgr.store.location import check_room
from chatmgr.store.tables import deletions, sources, turns
from chatmgr.store.writer.conversations import batches
from chatmgr.store.writer.database import Database
from chatmgr.store.writer.journal import note_all
from chatmgr.store.writer.merge_growth import Growth
from chatmgr.store.writer.merge_names import FreeNames
from chatmgr.store.writer.merge_new import add_conversation
from chatmgr.store.writer.merge_parts import (
    MergeOutcome,
    detail_of,
    locked_conversations,
    rows_by_key,
    versions_of,
)
from chatmgr.store.writer.merge_rows import MergeRows

_PURPOSE = "is importing"
_CACHE = "PRAGMA cache_size=-32768"  # kilobytes; keys are in no order, so that any page may be needed next
_TRIES = 3


class MergeWriter:
    """Conversations from elsewhere, by keys."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._names = FreeNames()

    def merge(
        self,
        batch: Sequence[MergedConversation],
        personas: Mapping[str, MergedAssistant],
        action: str,
        *,
        revive: bool = False,
    ) -> list[MergeOutcome]:
        """Merge conversations, in one transaction; ``action`` is what the journal calls it.

        ``personas`` are the versions of assistants that they refer to, by key. One that was deleted for good
        comes back only with ``revive``.
        """
        if self._database.path:
            check_room(self._database.path)
        for attempt in range(1, _TRIES + 1):
            try:
                with self._database.begin(_PURPOSE) as db:
                    if self._database.path:
                        db.exec_driver_sql(_CACHE)
                    return self._merge(db, batch, personas, action, revive)
            except IntegrityError:  # on PostgreSQL, another process added the same just now
                self._names = FreeNames()
                if attempt == _TRIES:
                    raise
        raise AssertionError

    def _merge(
        self,
        db: Connection,
        batch: Sequence[MergedConversation],
        personas: Mapping[str, MergedAssistant],
        action: str,
        revive: bool,
    ) -> list[MergeOutcome]:
        versions = versions_of(db, personas)
        keys = [conversation.key for conversation in batch]
        known = locked_conversations(db, keys)
        gone = set() if revive else set(_deleted(db, keys))
        there = rows_by_key(db, turns, [turn.key for merged in batch for turn in merged.turns])
        outcomes: dict[str, MergeOutcome] = {}
        fresh: list[MergedConversation] = []
        for merged in batch:
            if merged.key in known:
                row = known[merged.key]
                outcomes[merged.key] = Growth(db, merged, row, there, versions).apply(action)
            elif merged.key in gone:
                outcomes[merged.key] = MergeOutcome(merged.key, merged.name, "deleted")
            elif merged.key not in outcomes:
                outcomes[merged.key] = MergeOutcome(merged.key, "", "new")
                fresh.append(merged)
        rows = MergeRows(db)
        names = self._names.free(db, [merged.name for merged in fresh])
        added: dict[int, MergedConversation] = {}
        for merged, name in zip(fresh, names, strict=True):
            added[add_conversation(rows, merged, name, versions, there)] = merged
            count, attempts = len(merged.turns), sum(len(turn.runs) for turn in merged.turns)
            outcomes[merged.key] = MergeOutcome(merged.key, name, "new", count, attempts)
        rows.write(bulk=True)
        note_all(db, action, {pk: detail_of(merged, len(merged.turns)) for pk, merged in added.items()})
        _note_sources(db, [merged for merged in batch if outcomes[merged.key].became != "deleted"])
        return [outcomes[key] for key in dict.fromkeys(keys)]

    def note_file(self, digest: str, summary: str) -> None:
        """Note that a whole file was imported without a fault, under its hash, with what it held."""
        with self._database.begin() as db:
            row = {"kind": "file", "source_id": digest, "key": "", "digest": summary}
            if db.scalar(select(sources.c.key).where(_source("file", digest))) is None:
                db.execute(insert(sources), row)


def _source(kind: str, source_id: str) -> Any:
    return (sources.c.kind == kind) & (sources.c.source_id == source_id)


def _note_sources(db: Connection, batch: Iterable[MergedConversation]) -> None:
    """Note by what ids the sources know these, and what they looked like there."""
    named = {merged.source: merged for merged in batch if merged.source}
    by_kind: dict[str, list[str]] = {}
    for kind, source_id in named:
        by_kind.setdefault(kind, []).append(source_id)
    known: set[tuple[str, str]] = set()
    for kind, ids in by_kind.items():
        for some in batches(ids):
            condition = (sources.c.kind == kind) & sources.c.source_id.in_(some)
            known.update(
                (kind, source_id) for source_id in db.scalars(select(sources.c.source_id).where(condition))
            )
    rows = []
    for (kind, source_id), merged in named.items():
        if (kind, source_id) in known:
            db.execute(update(sources).where(_source(kind, source_id)).values(digest=merged.digest))
        else:
            rows.append({"kind": kind, "source_id": source_id, "key": merged.key, "digest": merged.digest})
    if rows:
        db.execute(insert(sources), rows)


def _deleted(db: Connection, keys: Iterable[str]) -> list[str]:
    """Those of some conversations that were deleted for good here."""
    column = deletions.c.key
    return [key for some in batches(keys) for key in db.scalars(select(column).where(column.in_(some)))]
