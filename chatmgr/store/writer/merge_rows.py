"""The rows of what is merged: collected for a batch of conversations, and added table by table."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, func, select

from chatmgr.domain.ids import FAR, new_key
from chatmgr.domain.items import Item
from chatmgr.domain.merging import MergedRun, MergedTurn
from chatmgr.domain.text import storable
from chatmgr.store import tables
from chatmgr.store.locks import SPACE
from chatmgr.store.search.bulk import indexing_together
from chatmgr.store.writer.bulk_insert import insert_rows
from chatmgr.store.writer.conversations import batches
from chatmgr.store.writer.database import now
from chatmgr.store.writer.items import keep_bytes

Row = dict[str, Any]
_ORDER = (
    *(
        tables.branches,
        tables.conversations,
        tables.path_segments,
        tables.turns,
        tables.runs,
        tables.messages,
    ),
    *(tables.attachments, tables.items, tables.tags, tables.journal, tables.sources),
)
_NUMBERED = (tables.branches, tables.conversations, tables.turns, tables.runs, tables.messages)
_NEIGHBOURS = 1000  # stamps that are looked at together where one is taken


class MergeRows:
    """Rows that are to be added in one transaction. Ids are given out as they are asked for."""

    def __init__(self, db: Connection) -> None:
        self._db = db
        self._rows: dict[str, list[Row]] = {table.name: [] for table in _ORDER}
        self._ids = {table.name: _Ids(db, table) for table in _NUMBERED}
        self.stamps = Stamps(db)

    def id(self, table: Table) -> int:
        """The id of a new row."""
        return self._ids[table.name].next()

    def add(self, table: Table, **values: Any) -> None:
        """Add a row."""
        self._rows[table.name].append(values)

    def branch(self, key: str, conversation: int, parent: int | None, position: int) -> int:
        """Add a branch; returns its id."""
        pk = self.id(tables.branches)
        self.add(
            tables.branches,
            id=pk,
            key=key or new_key(),
            conversation_id=conversation,
            parent_id=parent,
            parent_position=position,
            created_at=now(),
        )
        return pk

    def turn(
        self, turn: MergedTurn, conversation: int, branch: int, position: int, versions: dict[str, int]
    ) -> Row:
        """Add a turn with its message, files, items and runs; returns its row."""
        pk = self.id(tables.turns)
        runs = {run.key: self.run(run, pk, conversation, versions) for run in turn.runs}
        row = {
            "id": pk,
            "branch_id": branch,
            "position": position,
            "run_id": runs.get(turn.run) or next(reversed(runs.values()), None),
            "created_at": turn.created_at,
            "stamp": 0 if turn.stamp is None else turn.stamp,
            "key": turn.key,
        }
        self._rows["turns"].append(row)
        message = self.id(tables.messages)
        self._message(message, pk, None, "user", turn.text, turn.created_at)
        for place, file in enumerate(turn.files):
            keep_bytes(self._db, file.sha256, file.data)
            self.add(
                tables.attachments,
                message_id=message,
                position=place,
                name=storable(file.name),
                content_type=file.content_type,
                sha256=file.sha256,
            )
        at = self.items(turn.items, pk, None, 1, turn.created_at)
        for run in turn.runs:
            at = self.items(run.items, pk, runs[run.key], at, turn.created_at)
        return row

    def run(self, run: MergedRun, turn: int, conversation: int, versions: dict[str, int]) -> int:
        """Add a run with its answer, not with its items; returns its id."""
        pk = self.id(tables.runs)
        columns = dict(run.columns)
        self.add(
            tables.runs,
            **columns,
            id=pk,
            turn_id=turn,
            conversation_id=conversation,
            assistant_version_id=versions[run.version],
            key=run.key,
        )
        if run.answer:
            finished = columns.get("finished_at") or columns["started_at"]
            self._message(self.id(tables.messages), turn, pk, "assistant", run.answer, finished)
        return pk

    def items(self, items: Sequence[Item], turn: int, run: int | None, first: int, at: datetime) -> int:
        """Add items from a position on; returns the position after them."""
        for position, item in enumerate(items, first):
            sha256 = None
            if item.data is not None:
                sha256 = hashlib.sha256(item.data).hexdigest()
                keep_bytes(self._db, sha256, item.data)
            self.add(
                tables.items,
                turn_id=turn,
                run_id=run,
                position=position,
                kind=item.kind.value,
                content=_storable(dict(item.content)),
                raw=storable(item.raw),
                api=item.api,
                model=storable(item.model),
                sha256=sha256,
                created_at=at,
                remote_id=storable(item.id),
            )
        return first + len(items)

    def path(self, conversation: int, pieces: Iterable[tuple[int, int, int]]) -> None:
        """Add the pieces of a path: each a branch with its first and last position; the last one is open."""
        given = list(pieces)
        for number, (branch, first, last) in enumerate(given, 1):
            end = FAR if number == len(given) else last
            self.add(
                tables.path_segments, conversation_id=conversation, first=first, branch_id=branch, last=end
            )

    def _message(
        self, pk: int, turn: int, run: int | None, role: str, content: str, at: datetime | None
    ) -> None:
        text = storable(content)
        self.add(
            tables.messages, id=pk, turn_id=turn, run_id=run, role=role, content=text, created_at=at or now()
        )

    def write(self, *, bulk: bool) -> None:
        """Add all rows. ``bulk``: they belong to turns and conversations that were not there before."""
        turns = self._rows["turns"]
        self.stamps.give(turns)
        new_names = [row["id"] for row in self._rows["conversations"]]
        stamps = [row["stamp"] for row in turns]
        if bulk:
            with indexing_together(self._db, stamps, new_names):
                self._insert()
        else:
            self._insert()

    def _insert(self) -> None:
        for table in _ORDER:
            rows = self._rows[table.name]
            for some in _alike(rows):
                insert_rows(self._db, table, some)
            rows.clear()


def _alike(rows: list[Row]) -> Iterator[list[Row]]:
    """Rows in lists with the same columns."""
    by_columns: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        by_columns.setdefault(tuple(row), []).append(row)
    yield from by_columns.values()


def _storable(value: Any) -> Any:
    """JSON whose texts any database takes."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, dict):
        return {storable(str(name)): _storable(inner) for name, inner in value.items()}
    return [_storable(inner) for inner in value] if isinstance(value, list | tuple) else value


class _Ids:
    """Ids of new rows of a table; of PostgreSQL's sequence, several at a time."""

    _BATCH = 100

    def __init__(self, db: Connection, table: Table) -> None:
        self._db, self._table = db, table
        self._ids: Iterator[int] = iter(())

    def next(self) -> int:
        for pk in self._ids:
            return pk
        self._ids = iter(self._more())
        return next(self._ids)

    def _more(self) -> Iterable[int]:
        if self._db.dialect.name == "sqlite":  # nobody else writes
            highest = self._db.scalar(select(func.max(self._table.c.id))) or 0
            return range(highest + 1, 2**62)
        sequence = func.nextval(func.pg_get_serial_sequence(self._table.name, "id"))
        numbers = func.generate_series(1, self._BATCH).table_valued("number")
        return [int(pk) for pk in self._db.scalars(select(sequence).select_from(numbers))]


class Stamps:
    """Gives each turn its stamp: the second that it was said in, or the next one that is free."""

    def __init__(self, db: Connection) -> None:
        self._db = db
        self._known = set[int]()  # stamps of which the database was asked
        self._taken = set[int]()
        self._next = dict[int, int]()  # of a taken one: where to look next

    def give(self, rows: Sequence[Row]) -> None:
        """Set the stamps of turns that are about to be added; one that they bring is kept if it is free."""
        if not rows:
            return
        if self._db.dialect.name == "postgresql":
            self._db.execute(select(func.pg_advisory_xact_lock(SPACE, -1)))
        wanted = [row["stamp"] or int(row["created_at"].timestamp()) for row in rows]
        self._known, self._taken, self._next = set(wanted), self._those_taken(wanted), {}
        for row, second in zip(rows, wanted, strict=True):
            row["stamp"] = self._free_from(second)

    def _those_taken(self, wanted: Iterable[int]) -> set[int]:
        column = tables.turns.c.stamp
        taken: set[int] = set()
        for batch in batches(set(wanted)):
            taken.update(self._db.scalars(select(column).where(column.in_(batch))))
        return taken

    def _free_from(self, second: int) -> int:
        """A second, or the next one that neither the database nor this batch has; now it is taken.

        A source without times gives thousands of turns the same one. So whoever went over taken ones leaves
        word where to go on behind them.
        """
        stamp, passed = second, list[int]()
        while True:
            if stamp not in self._known:
                self._look_behind(stamp)
            if stamp not in self._taken:
                break
            passed.append(stamp)
            stamp = self._next.get(stamp, stamp + 1)
        self._taken.add(stamp)
        for before in passed:
            self._next[before] = stamp + 1
        return stamp

    def _look_behind(self, stamp: int) -> None:
        """Ask the database for many stamps at once."""
        column, last = tables.turns.c.stamp, stamp + _NEIGHBOURS - 1
        self._taken.update(self._db.scalars(select(column).where(column.between(stamp, last))))
        self._known.update(range(stamp, last + 1))
