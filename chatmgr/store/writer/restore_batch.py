"""One batch of an export: what is there already is known by its key, the rest is added."""

from collections.abc import Iterable, Sequence
from dataclasses import field
from typing import Any

from sqlalchemy import Connection, delete, select, update

from chatmgr.domain.fast_dataclass import dataclass
from chatmgr.domain.ids import derived_key
from chatmgr.domain.lossless_columns import Record
from chatmgr.store import tables
from chatmgr.store.writer import paths
from chatmgr.store.writer.database import now
from chatmgr.store.writer.journal import note
from chatmgr.store.writer.merge_names import FreeNames
from chatmgr.store.writer.merge_parts import rows_by_key
from chatmgr.store.writer.restore_rows import Ids, RestoredRows
from chatmgr.store.writer.restore_shared import restore_assistants, restore_files

Records = Sequence[tuple[str, Record]]


@dataclass(slots=True)
class RestoreCounts:
    """What a batch brought: conversations that are new, that grew, or that were known; turns; files."""

    new: int = 0
    grown: int = 0
    known: int = 0
    turns: int = 0
    files: int = 0
    names: tuple[str, ...] = ()


@dataclass(slots=True)
class Met:
    """What is known of an export from one batch to the next.

    ``redirected`` says of a branch where it goes on here, and from which position. ``known`` are the branches
    that were there before, by their ids in the export. ``waiting`` are rows of conversations that come later,
    by the id that those have in the export.
    """

    ids: Ids = field(default_factory=Ids)
    names: FreeNames = field(default_factory=FreeNames)
    redirected: dict[int, tuple[int, int]] = field(default_factory=dict)
    known: set[int] = field(default_factory=set)
    waiting: dict[int, list[tuple[Any, int]]] = field(default_factory=dict)


class Restoring:
    """Brings back the records of a batch: whole conversations with their turns."""

    def __init__(self, db: Connection, batch: Records, met: Met) -> None:
        self._db, self._met = db, met
        self._ids, self._names, self._redirected = met.ids, met.names, met.redirected
        self._of: dict[str, list[Record]] = {"assistant": [], "file": [], "conversation": [], "turn": []}
        for kind, record in batch:
            self._of.setdefault(kind, []).append(record)
        self._rows = RestoredRows(db)
        self._counts = RestoreCounts()
        self._owners: list[tuple[Any, int, int]] = []  # rows whose conversation comes later, or was there

    def run(self) -> RestoreCounts:
        """Add what is missing, and say how much that was."""
        restore_assistants(self._db, self._rows, self._ids, self._of["assistant"])
        self._counts.files = restore_files(self._db, self._rows, self._ids, self._of["file"])
        there = rows_by_key(
            self._db, tables.conversations, [record["key"] for record in self._of["conversation"]]
        )
        self._branches()
        fresh = [record for record in self._of["conversation"] if record["key"] not in there]
        self._conversations(fresh)
        for record in self._of["conversation"]:
            if record["key"] in there:
                self._ids.set(tables.conversations, record["id"], there[record["key"]].id)
        added = self._turns()
        self._rows.write()
        self._give_to_owners()
        for record in self._of["conversation"]:
            if record["key"] in there:
                self._grow(record, there[record["key"]], added)
        self._counts.turns = len(added)
        return self._counts

    def _branches(self) -> None:
        table = tables.branches
        branches = [branch for record in self._of["conversation"] for branch in record["branches"]]
        there = rows_by_key(self._db, table, [branch["key"] for branch in branches])
        for branch in branches:
            if branch["key"] in there:
                row = there[branch["key"]]
                self._ids.set(table, branch["id"], row.id)
                self._met.known.add(branch["id"])
                self._remember_owner(table, row.id, branch["conversation_id"])
        new = [branch for branch in branches if branch["key"] not in there]
        self._ids.give(self._db, table, [branch["id"] for branch in new])
        self._ids.give(self._db, tables.conversations, self._fresh_ids())
        for branch in new:
            parent = self._ids.get(table, branch["parent_id"])
            pk = self._ids.get(table, branch["id"])
            owner = self._ids.get(tables.conversations, branch["conversation_id"])
            self._rows.add(table, branch, id=pk, parent_id=parent, conversation_id=owner)
            if owner is None:
                self._remember_owner(table, pk, branch["conversation_id"])

    def _fresh_ids(self) -> list[int]:
        keys = [record["key"] for record in self._of["conversation"]]
        there = rows_by_key(self._db, tables.conversations, keys)
        return [record["id"] for record in self._of["conversation"] if record["key"] not in there]

    def _conversations(self, fresh: Sequence[Record]) -> None:
        names = self._names.free(self._db, [record["name"] for record in fresh])
        self._counts.names = tuple(names)
        self._counts.new = len(fresh)
        keys = [record["key"] for record in fresh]
        self._db.execute(delete(tables.deletions).where(tables.deletions.c.key.in_(keys)))
        self._ids.give(self._db, tables.runs, self._new_run_ids())
        for record, name in zip(fresh, names, strict=True):
            pk = self._ids.get(tables.conversations, record["id"])
            self._rows.add(
                tables.conversations,
                record,
                id=pk,
                name=name,
                assistant_id=self._ids.get(tables.assistants, record["assistant_id"]),
                branch_id=self._ids.get(tables.branches, record["branch_id"]),
                last_run_id=self._ids.get(tables.runs, record["last_run_id"]),
            )
            for tag in record["tags"]:
                self._rows.add(tables.tags, {"conversation_id": pk, "name": tag})
            for piece in record["path_segments"]:
                branch = self._ids.get(tables.branches, piece["branch_id"])
                self._rows.add(tables.path_segments, piece, conversation_id=pk, branch_id=branch)
            self._numbered(tables.journal, record["journal"], pk)
            self._numbered(tables.threads, record["threads"], pk)
            self._sources(record["sources"])

    def _numbered(self, table: Any, records: Sequence[Record], conversation: int | None) -> None:
        self._ids.give(self._db, table, [record["id"] for record in records])
        for record in records:
            changed = {"id": self._ids.get(table, record["id"]), "conversation_id": conversation}
            if "branch_id" in record:
                changed["branch_id"] = self._ids.get(tables.branches, record["branch_id"])
            self._rows.add(table, record, **changed)

    def _sources(self, records: Sequence[Record]) -> None:
        columns = tables.sources.c
        for record in records:
            known = (columns.kind == record["kind"]) & (columns.source_id == record["source_id"])
            if self._db.scalar(select(columns.key).where(known)) is None:
                self._rows.add(tables.sources, record)

    def _new_run_ids(self) -> list[int]:
        keys = [turn["key"] for turn in self._of["turn"]]
        there = rows_by_key(self._db, tables.turns, keys)
        return [run["id"] for turn in self._of["turn"] if turn["key"] not in there for run in turn["runs"]]

    def _turns(self) -> list[int]:
        """Add the turns that are missing; returns their ids."""
        turns = self._of["turn"]
        there = rows_by_key(self._db, tables.turns, [turn["key"] for turn in turns])
        new = [turn for turn in turns if turn["key"] not in there]
        self._ids.give(self._db, tables.turns, [turn["id"] for turn in new])
        self._ids.give(self._db, tables.runs, [run["id"] for turn in new for run in turn["runs"]])
        messages = [message for turn in new for message in turn["messages"]]
        self._ids.give(self._db, tables.messages, [message["id"] for message in messages])
        files = [file["id"] for message in messages for file in message["attachments"]]
        self._ids.give(self._db, tables.attachments, files)
        self._ids.give(self._db, tables.items, [item["id"] for turn in new for item in turn["items"]])
        for turn in turns:
            if turn["key"] in there:
                self._known_turn(turn, there[turn["key"]].id)
            else:
                self._new_turn(turn)
        return [self._ids.get(tables.turns, turn["id"]) or 0 for turn in new]

    def _new_turn(self, turn: Record) -> None:
        pk = self._ids.get(tables.turns, turn["id"])
        branch = self._place(turn)
        answered = self._ids.get(tables.runs, turn["run_id"])
        self._rows.add(tables.turns, turn, id=pk, branch_id=branch, run_id=answered)
        self._runs(turn["runs"], pk)
        for message in turn["messages"]:
            key = self._ids.get(tables.messages, message["id"])
            run = self._ids.get(tables.runs, message["run_id"])
            self._rows.add(tables.messages, message, id=key, turn_id=pk, run_id=run)
            for file in message["attachments"]:
                number = self._ids.get(tables.attachments, file["id"])
                self._rows.add(tables.attachments, file, id=number, message_id=key)
        for item in turn["items"]:
            number = self._ids.get(tables.items, item["id"])
            run = self._ids.get(tables.runs, item["run_id"])
            self._rows.add(tables.items, item, id=number, turn_id=pk, run_id=run)

    def _runs(self, runs: Iterable[Record], turn: int | None) -> None:
        for run in runs:
            pk = self._ids.get(tables.runs, run["id"])
            owner = self._ids.get(tables.conversations, run["conversation_id"])
            if owner is None:  # until its own conversation comes, it counts for the one that holds the turn
                self._remember_owner(tables.runs, pk, run["conversation_id"])
                owner = self._ids.get(tables.conversations, self._of["conversation"][0]["id"])
            version = self._ids.get(tables.assistant_versions, run["assistant_version_id"])
            self._rows.add(
                tables.runs, run, id=pk, turn_id=turn, conversation_id=owner, assistant_version_id=version
            )

    def _place(self, turn: Record) -> int:
        """The branch of a new turn: its own, or one beside it where another turn has its place."""
        source, position = turn["branch_id"], turn["position"]
        branch = self._ids.get(tables.branches, source) or 0
        if source not in self._met.known:  # it came with this export
            return branch
        if source in self._redirected and position >= self._redirected[source][1]:
            return self._redirected[source][0]
        columns = tables.turns.c
        taken = select(columns.id).where(columns.branch_id == branch, columns.position == position)
        if self._db.scalar(taken) is None:
            return branch
        owner = self._db.scalar(
            select(tables.branches.c.conversation_id).where(tables.branches.c.id == branch)
        )
        beside = paths.add_branch(self._db, owner, branch, position - 1)
        key = derived_key("branch", turn["key"])
        self._db.execute(update(tables.branches).where(tables.branches.c.id == beside).values(key=key))
        self._redirected[source] = beside, position
        return beside

    def _known_turn(self, turn: Record, pk: int) -> None:
        """Take over the runs that a turn lacks."""
        self._ids.set(tables.turns, turn["id"], pk)
        columns = tables.runs.c
        own = columns.key, columns.id, columns.conversation_id
        rows = self._db.execute(select(*own).where(columns.turn_id == pk))
        there = {row.key: row for row in rows}
        for run in turn["runs"]:
            if run["key"] in there:
                row = there[run["key"]]
                self._ids.set(tables.runs, run["id"], row.id)
                if row.conversation_id != self._ids.get(tables.conversations, run["conversation_id"]):
                    self._remember_owner(tables.runs, row.id, run["conversation_id"])
        missing = [run for run in turn["runs"] if run["key"] not in there]
        if not missing:
            return
        numbers = {run["id"] for run in missing}
        self._ids.give(self._db, tables.runs, list(numbers))
        self._runs(missing, pk)
        last = self._db.scalars(select(tables.items.c.position).where(tables.items.c.turn_id == pk)).all()
        messages = [message for message in turn["messages"] if message["run_id"] in numbers]
        items = [item for item in turn["items"] if item["run_id"] in numbers]
        self._ids.give(self._db, tables.messages, [message["id"] for message in messages])
        self._ids.give(self._db, tables.items, [item["id"] for item in items])
        for record in messages:
            where = {"turn_id": pk, "run_id": self._ids.get(tables.runs, record["run_id"])}
            self._rows.add(tables.messages, record, id=self._ids.get(tables.messages, record["id"]), **where)
        for position, record in enumerate(items, max(last, default=0) + 1):
            where = {"turn_id": pk, "run_id": self._ids.get(tables.runs, record["run_id"])}
            key = self._ids.get(tables.items, record["id"])
            self._rows.add(tables.items, record, id=key, position=position, **where)

    def _remember_owner(self, table: Any, pk: int | None, conversation: int | None) -> None:
        if pk is not None and conversation is not None:
            self._owners.append((table, pk, conversation))

    def _give_to_owners(self) -> None:
        """Let runs and branches be of the conversation that made them, as soon as that is there."""
        owned = list(self._owners)
        for record in self._of["conversation"]:
            owned += [(*row, record["id"]) for row in self._met.waiting.get(record["id"], ())]
        for table, pk, old in owned:
            if (owner := self._ids.get(tables.conversations, old)) is not None:
                self._db.execute(update(table).where(table.c.id == pk).values(conversation_id=owner))

    def remember(self) -> None:
        """Note what waits for conversations that come later, once all else is committed."""
        for record in self._of["conversation"]:
            self._met.waiting.pop(record["id"], None)
        for table, pk, old in self._owners:
            if self._ids.get(tables.conversations, old) is None:
                self._met.waiting.setdefault(old, []).append((table, pk))

    def _grow(self, record: Record, row: Any, added: Sequence[int]) -> None:
        """Let a conversation that was there go on to the end that it has in the export."""
        branch = self._ids.get(tables.branches, record["branch_id"])
        columns = tables.turns.c
        after = select(columns.id).where(columns.branch_id == branch, columns.position == row.turns + 1)
        following = self._db.scalar(after)
        goes_on = branch == row.branch_id and record["turns"] > row.turns and following in set(added)
        if not goes_on:
            self._counts.known += 1
            return
        self._counts.grown += 1
        paths.set_tip(self._db, row.id, record["turns"], now())
        note(self._db, row.id, "import", turns=record["turns"] - row.turns, source="chatmgr")
