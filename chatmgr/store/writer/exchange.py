"""Writes what another database sent of conversations: the merging behind ``push`` and ``pull``.

A parcel is one transaction. Turns and runs are added by their keys, and nothing is overwritten. Where a path
ends is decided by ``exchange_tips``, what people set at it by ``exchange_labels``.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from chatmgr.domain.errors import Busy
from chatmgr.domain.exchange import LABEL_ACTIONS, Exchanged, HeldTurn, Parcel, fingerprint
from chatmgr.domain.fast_dataclass import dataclass
from chatmgr.domain.ids import new_key
from chatmgr.store import tables
from chatmgr.store.tables import assistants, conversations, deletions, exchanges, journal, meta, runs
from chatmgr.store.writer import paths
from chatmgr.store.writer.database import Database
from chatmgr.store.writer.exchange_assistants import versions_here
from chatmgr.store.writer.exchange_labels import Labels, free_name_here, note_change
from chatmgr.store.writer.exchange_rows import ExchangeRows
from chatmgr.store.writer.exchange_tips import Tips
from chatmgr.store.writer.journal import note
from chatmgr.store.writer.merge_parts import Version, rows_by_key

_TRIES = 3
_STATE = ("id", "key", "name", "title", "model", "provider", "turns", "last_run_id", "branch_id")
_STATE_TIMES = ("updated_at", "archived_at", "deleted_at", "assistant_id")


@dataclass(frozen=True, slots=True)
class Delivered:
    """What a parcel did: ``new``, ``changed``, ``deleted`` here before, ``moved`` meanwhile, or ``busy``.

    ``fingerprint`` is what the conversation looks like now, ``split`` the name of the conversation that goes
    on where the path here ended, if the two sides had gone different ways.
    """

    became: str
    name: str = ""
    turns: int = 0
    runs: int = 0
    fingerprint: str = ""
    split: str = ""


@dataclass(frozen=True, slots=True)
class Terms:
    """How a parcel is to be taken.

    ``action`` is what the journal calls it. ``expected`` is the fingerprint without which nothing is done;
    empty for any. ``follow``: the path ends where the sender's does. Else it is decided by ``base``, the last
    turn that both sides had, and what parts from the sender's goes on under a name with ``machine`` in it.
    """

    action: str
    machine: str = ""
    base: str = ""
    expected: str = ""
    follow: bool = False


class ExchangeWriter:
    """What another database told of conversations."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def identity(self) -> str:
        """The id of this database, given to it when another asks first."""
        with self._database.begin() as db:
            known = db.scalar(select(meta.c.value).where(meta.c.key == "database"))
            if known is None:
                known = new_key()
                db.execute(insert(meta), {"key": "database", "value": known})
            return str(known)

    def lacks(self, held: Sequence[HeldTurn]) -> tuple[set[str], set[str]]:
        """Those of some turns and runs that are not here, by their keys."""
        with self._database.begin() as db:
            there = rows_by_key(db, tables.turns, [turn.key for turn in held])
            missing = {turn.key for turn in held} - there.keys()
            attempts = [run for turn in held if turn.key in there for run in turn.runs]
            return missing, set(attempts) - rows_by_key(db, runs, attempts).keys()

    def deliver(
        self, parcel: Parcel, terms: Terms, done: Callable[[str], tuple[str, Exchanged]] | None = None
    ) -> Delivered:
        """Take a parcel; ``done`` gives the line to keep of it, by the fingerprint, in one transaction."""
        for attempt in range(1, _TRIES + 1):
            try:
                with self._database.begin("exchanges conversations") as db:
                    delivered = _Delivery(db, parcel, terms).run()
                    if done is not None and delivered.fingerprint:
                        database, line = done(delivered.fingerprint)
                        _remember(db, database, {str(parcel.row["key"]): line})
                    return delivered
            except IntegrityError:  # on PostgreSQL, somebody else added the same just now
                if attempt == _TRIES:
                    raise Busy("Another process exchanges the same conversations.", "Try again.") from None
        raise AssertionError

    def remember(self, database: str, lines: Mapping[str, Exchanged]) -> None:
        """Note what was exchanged with another database, by the keys of conversations."""
        if lines:
            with self._database.begin() as db:
                _remember(db, database, lines)

    def present(self, keys: Iterable[str]) -> dict[str, int]:
        """The ids of those of some conversations that are in the lists here, by key."""
        with self._database.begin() as db:
            rows = rows_by_key(db, conversations, keys)
            return {key: int(row.id) for key, row in rows.items() if row.deleted_at is None}


def _remember(db: Connection, database: str, lines: Mapping[str, Exchanged]) -> None:
    for key, line in lines.items():
        own = (exchanges.c.database == database, exchanges.c.key == key)
        db.execute(delete(exchanges).where(*own))
        db.execute(insert(exchanges), {"database": database, "key": key, **line._asdict()})


def state_of(db: Connection, conversation: int) -> str:
    """The fingerprint of a conversation, as the reader makes it."""
    columns = [conversations.c[name] for name in (*_STATE, *_STATE_TIMES)]
    joined = select(*columns, assistants.c.version).join(
        assistants, assistants.c.id == conversations.c.assistant_id
    )
    row = db.execute(joined.where(conversations.c.id == conversation)).one()
    entry = db.scalar(select(func.max(journal.c.id)).where(journal.c.conversation_id == conversation))
    return fingerprint([*row, entry])


class _Delivery:
    """One parcel, in one transaction."""

    def __init__(self, db: Connection, parcel: Parcel, terms: Terms) -> None:
        self._db, self._parcel, self._terms = db, parcel, terms
        self._key = str(parcel.row["key"])

    def run(self) -> Delivered:
        db = self._db
        own = select(conversations).where(conversations.c.key == self._key).with_for_update()
        row = db.execute(own).first()
        if row is None:
            if db.scalar(select(deletions.c.key).where(deletions.c.key == self._key)) is not None:
                return Delivered("deleted")
            return self._new(versions_here(db, self._parcel.assistants))
        if self._terms.expected and state_of(db, row.id) != self._terms.expected:
            return Delivered("moved", row.name)
        live = select(runs.c.id).where(runs.c.conversation_id == row.id, tables.LIVE_RUN)
        if db.scalar(live) is not None:
            return Delivered("busy", row.name)
        return self._known(row, versions_here(db, self._parcel.assistants))

    def _new(self, versions: Mapping[str, Version]) -> Delivered:
        db, theirs = self._db, self._parcel.row
        copied = ("key", "title", "model", "provider", "created_at", "updated_at", "used_at")
        name = free_name_here(db, str(theirs["name"]))
        values = {column: theirs[column] for column in (*copied, "max_cost", "archived_at")}
        values |= {
            "name": name,
            "assistant_id": versions[self._parcel.assistant].assistant,
            "turns": 0,
            "folder": "",
        }
        pk = paths.add_conversation(db, values)
        turns, attempts = ExchangeRows(db, self._parcel, pk, versions).add()
        tips = Tips(db, pk)
        tips.follow(self._parcel)
        tips.hold(self._parcel.ends)
        for tag in self._parcel.tags:
            db.execute(insert(tables.tags), {"conversation_id": pk, "name": tag})
        for change in self._parcel.changes:
            if change.action in LABEL_ACTIONS:
                note_change(db, pk, change)
        note(db, pk, self._terms.action, turns=turns)
        self._restore_times(pk)
        self._take_threads(pk)
        return Delivered("new", name, turns, attempts, state_of(db, pk))

    def _restore_times(self, pk: int) -> None:
        times = {name: self._parcel.row[name] for name in ("updated_at", "used_at")}
        self._db.execute(update(conversations).where(conversations.c.id == pk).values(times))

    def _known(self, row: Row[Any], versions: Mapping[str, Version]) -> Delivered:
        db = self._db
        before = state_of(db, row.id)
        turns, attempts = ExchangeRows(db, self._parcel, row.id, versions).add()
        tips = Tips(db, row.id)
        split = ""
        if self._terms.follow:
            moved = tips.follow(self._parcel)
        else:
            moved, split = tips.settle(self._parcel, self._terms.base, self._terms.machine)
        if turns or attempts or moved:
            note(db, row.id, self._terms.action, turns=turns)
        Labels(db, row, self._parcel, versions).merge()
        self._take_threads(row.id)
        tips.hold(self._parcel.ends)
        tips.refresh_answer()
        name = str(db.scalar(select(conversations.c.name).where(conversations.c.id == row.id)))
        after = state_of(db, row.id)
        became = "changed" if after != before else "same"
        return Delivered(became, name, turns, attempts, after, split)

    def _take_threads(self, pk: int) -> None:
        """A remote thread belongs to both sides: what it holds is known here as well."""
        db, threads = self._db, tables.threads
        turns = rows_by_key(db, tables.turns, [thread["turn"] for thread in self._parcel.threads])
        for thread in self._parcel.threads:
            turn = turns.get(thread["turn"])
            if turn is None:
                continue
            held = {
                "synced": turn.position,
                "branch_id": turn.branch_id,
                "doubtful": bool(thread["doubtful"]),
            }
            place = {name: thread[name] for name in ("provider", "endpoint")}
            here = db.execute(select(threads).filter_by(**place, conversation_id=pk, dropped_at=None)).first()
            if here is None:
                row = place | held | {"remote_id": thread["remote_id"], "conversation_id": pk}
                created = self._parcel.row["created_at"]
                db.execute(insert(threads), {**row, "created_at": created})
            elif here.remote_id == thread["remote_id"] and turn.position > here.synced:
                db.execute(update(threads).where(threads.c.id == here.id).values(held))
