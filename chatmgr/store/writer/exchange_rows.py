"""The rows of turns and runs that another database sent: every column as it is there, but for the ids."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, func, select, update

from chatmgr.domain.exchange import Parcel
from chatmgr.domain.lossless_columns import Record
from chatmgr.domain.states import LIVE
from chatmgr.store import tables
from chatmgr.store.writer.items import keep_bytes, next_position
from chatmgr.store.writer.merge_parts import Version, rows_by_key
from chatmgr.store.writer.merge_rows import MergeRows

Place = tuple[int, int]  # a branch, and a position in it


class ExchangeRows:
    """The turns and runs of a parcel that are missing here; ``add`` says how many of each came."""

    def __init__(
        self, db: Connection, parcel: Parcel, conversation: int, versions: Mapping[str, Version]
    ) -> None:
        self._db, self._parcel, self._conversation, self._versions = db, parcel, conversation, versions
        self._rows = MergeRows(db)
        keys = {
            *parcel.chosen,
            *parcel.ends,
            *(turn["key"] for turn in (*parcel.turns, *parcel.runs)),
            parcel.tip,
        }
        keys |= {turn["parent"] for turn in parcel.turns}
        self._there = rows_by_key(db, tables.turns, keys - {""})
        self.places: dict[str, Place] = {
            key: (row.branch_id, row.position) for key, row in self._there.items()
        }
        self._ends = _ends_of(db, conversation)

    def add(self) -> tuple[int, int]:
        """Add what is missing; what is there, by its key, is left as it is."""
        missing = [turn for turn in self._parcel.turns if turn["key"] not in self._there]
        known = [turn for turn in (*self._parcel.turns, *self._parcel.runs) if turn["key"] in self._there]
        for sha256, data in self._parcel.files.items():
            keep_bytes(self._db, sha256, data)
        for turn in missing:
            self._turn(turn)
        attempts = sum(self._runs_of_known(turn) for turn in known)
        self._rows.write(bulk=not known)
        self._choose({turn["key"] for turn in missing})
        return len(missing), attempts

    def _turn(self, turn: Record) -> None:
        branch, position = self._place(turn)
        pk = self._rows.id(tables.turns)
        runs = {run["id"]: self._run(run, pk) for run in _closed(turn)}
        row = _without(turn, "id", "branch_id", "position", "run_id", "parent", "runs", "messages", "items")
        newest = next(reversed(runs.values()), None)
        answered = runs.get(turn["run_id"], newest)
        self._rows.add(tables.turns, **row, id=pk, branch_id=branch, position=position, run_id=answered)
        for message in turn["messages"]:
            if message["run_id"] is None or message["run_id"] in runs:
                self._message(message, pk, runs)
        for item in turn["items"]:
            if item["run_id"] is None or item["run_id"] in runs:
                self._item(item, pk, runs, item["position"])

    def _place(self, turn: Record) -> Place:
        """After its parent: in the branch of that, where it ends there and is this conversation's."""
        parent, after = self.places[turn["parent"]] if turn["parent"] else (None, 0)
        if parent is None or self._ends.get(parent) != after:
            parent = self._rows.branch("", self._conversation, parent, after)
        self.places[turn["key"]] = parent, after + 1
        self._ends[parent] = after + 1
        return parent, after + 1

    def _run(self, run: Record, turn: int) -> int:
        pk = self._rows.id(tables.runs)
        row = _without(run, "id", "turn_id", "conversation_id", "assistant_version_id", "version")
        self._rows.add(
            tables.runs,
            **row,
            id=pk,
            turn_id=turn,
            conversation_id=self._conversation,
            assistant_version_id=self._versions[run["version"]].pk,
        )
        return pk

    def _message(self, message: Record, turn: int, runs: Mapping[int, int]) -> None:
        pk = self._rows.id(tables.messages)
        row = _without(message, "id", "turn_id", "run_id", "attachments")
        self._rows.add(tables.messages, **row, id=pk, turn_id=turn, run_id=runs.get(message["run_id"]))
        for file in message["attachments"]:
            self._rows.add(tables.attachments, **_without(file, "id", "message_id"), message_id=pk)

    def _item(self, item: Record, turn: int, runs: Mapping[int, int], position: int) -> None:
        row = _without(item, "id", "turn_id", "run_id", "position")
        run = runs.get(item["run_id"])
        self._rows.add(tables.items, **row, turn_id=turn, run_id=run, position=position)

    def _runs_of_known(self, turn: Record) -> int:
        """Add the runs that a turn lacks which is there, with what belongs to them, after what it has."""
        pk = self._there[turn["key"]].id
        there = set(self._db.scalars(select(tables.runs.c.key).where(tables.runs.c.turn_id == pk)))
        runs = {run["id"]: self._run(run, pk) for run in _closed(turn) if run["key"] not in there}
        for message in turn["messages"]:
            if message["run_id"] in runs:
                self._message(message, pk, runs)
        position = next_position(self._db, pk)
        said_by = None
        for item in sorted(turn["items"], key=lambda item: int(item["position"])):
            said_by = item["run_id"] or said_by  # the answer to a call follows the run that called
            if said_by in runs:
                self._item(item, pk, runs, position)
                position += 1
        return len(runs)

    def _choose(self, added: set[str]) -> None:
        """Let each turn that was there be answered by the run that answers it at the other side."""
        chosen = {key: run for key, run in self._parcel.chosen.items() if key not in added}
        picked = rows_by_key(self._db, tables.runs, chosen.values()) if chosen else {}
        for key, run in chosen.items():
            row, here = self._there.get(key), picked.get(run)
            if row is not None and here is not None and here.turn_id == row.id and here.id != row.run_id:
                own = update(tables.turns).where(tables.turns.c.id == row.id)
                self._db.execute(own.values(run_id=here.id))


def _ends_of(db: Connection, conversation: int) -> dict[int, int]:
    """Where the branches of a conversation end."""
    branches, turns = tables.branches.c, tables.turns.c
    ends = (
        select(branches.id, func.coalesce(func.max(turns.position), branches.parent_position))
        .outerjoin(tables.turns, turns.branch_id == branches.id)
        .where(branches.conversation_id == conversation)
        .group_by(branches.id, branches.parent_position)
    )
    return {int(branch): int(end) for branch, end in db.execute(ends)}


def _closed(turn: Record) -> list[Record]:
    return [run for run in turn["runs"] if run["state"] not in LIVE]


def _without(record: Record, *names: str) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name not in names}


def turn_of_key(db: Connection, key: str) -> Row[Any] | None:
    """The turn of a key, wherever it stands."""
    return db.execute(select(tables.turns).where(tables.turns.c.key == key)).first() if key else None
