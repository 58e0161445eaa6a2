"""What a conversation that is there gets from what it is elsewhere."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, func, select, update

from chatmgr.domain.ids import is_derived
from chatmgr.domain.merging import MergedConversation
from chatmgr.store.tables import branches, conversations, path_segments, runs, threads, turns
from chatmgr.store.writer import paths
from chatmgr.store.writer.conversations import batches
from chatmgr.store.writer.items import next_position
from chatmgr.store.writer.journal import note
from chatmgr.store.writer.merge_parts import Layout, MergeOutcome, Version, detail_of
from chatmgr.store.writer.merge_rows import MergeRows


class Growth:
    """What a conversation that is there lacks of what it is elsewhere."""

    def __init__(
        self,
        db: Connection,
        merged: MergedConversation,
        row: Row[Any],
        there: Mapping[str, Row[Any]],
        versions: Mapping[str, Version],
    ) -> None:
        self._db, self._merged = db, merged
        lock = select(conversations).where(conversations.c.id == row.id).with_for_update()
        self._row = db.execute(lock).one()
        self._there = there
        self._versions = {key: version.pk for key, version in versions.items()}
        self._rows = MergeRows(db)
        self._layout = Layout(self._rows, row.id)
        self._layout.places = {
            turn.key: (there[turn.key].branch_id, there[turn.key].position)
            for turn in merged.turns
            if turn.key in there
        }

    def apply(self, action: str) -> MergeOutcome:
        """Add it, and say what it was."""
        row, merged = self._row, self._merged
        missing = [turn for turn in merged.turns if turn.key not in self._there]
        attempts = self._add_runs()
        if not missing and not attempts:
            return MergeOutcome(row.key, row.name, "known")
        self._rows.write(bulk=False)
        self._choose_runs(attempts)  # before what goes on from them is there
        goes_on = bool(missing) and self._stands_where_the_source_stood()
        self._find_ends()
        for turn in missing:
            self._rows.turn(turn, row.id, *self._layout.place(turn), self._versions)
        self._rows.write(bulk=False)
        if goes_on:
            self._move_on()
        note(self._db, row.id, action, **detail_of(merged, len(missing)))
        became = "beside" if missing and not goes_on else "grown"
        return MergeOutcome(row.key, row.name, became, len(missing), len(attempts))

    def _find_ends(self) -> None:
        """Where the branches of this conversation end, in which new turns may stand."""
        own = select(branches.c.id).where(branches.c.conversation_id == self._row.id)
        ends = (
            select(branches.c.id, func.coalesce(func.max(turns.c.position), branches.c.parent_position))
            .outerjoin(turns, turns.c.branch_id == branches.c.id)
            .where(branches.c.id.in_(own))
            .group_by(branches.c.id, branches.c.parent_position)
        )
        self._layout.ends = {int(branch): int(end) for branch, end in self._db.execute(ends)}

    def _stands_where_the_source_stood(self) -> bool:
        """Whether the conversation ends with the last turn of the source's path that was known before."""
        parents = {turn.key: turn.parent for turn in self._merged.turns}
        key = self._merged.tip
        if not key or key in self._there:
            return False
        while key and key not in self._there:
            key = parents[key]
        tip = paths.turn_at(self._db, self._row.id, self._row.turns) if self._row.turns else None
        return (tip.id if tip else None) == (self._there[key].id if key else None)

    def _move_on(self) -> None:
        branch, position = self._layout.places[self._merged.tip]
        if branch != self._row.branch_id:
            paths.set_path(self._db, self._row.id, paths.path_to(self._db, branch))
        moment = self._merged.columns.get("updated_at") or self._row.updated_at
        paths.set_tip(self._db, self._row.id, position, max(moment, self._row.updated_at))

    def _add_runs(self) -> set[str]:
        """Add the runs that turns which are there lack; returns their keys."""
        known = [turn for turn in self._merged.turns if turn.key in self._there]
        ids = [self._there[turn.key].id for turn in known]
        there: set[str] = set()
        for some in batches(ids):
            there.update(self._db.scalars(select(runs.c.key).where(runs.c.turn_id.in_(some))))
        new: set[str] = set()
        for turn in known:
            pk = self._there[turn.key].id
            missing = [run for run in turn.runs if run.key not in there]
            first = next_position(self._db, pk) if missing else 0
            for run in missing:
                new.add(run.key)
                added = self._rows.run(run, pk, self._row.id, self._versions)
                first = self._rows.items(run.items, pk, added, first, turn.created_at)
        return new

    def _choose_runs(self, new: set[str]) -> None:
        """Let the run that the source chose answer a turn, where it is new and nothing goes on from there.

        A run that was made here goes on answering, unless the source has that, too.
        """
        for turn in self._merged.turns:
            row = self._there.get(turn.key)
            if row is None or turn.run not in new:
                continue
            of_turn = select(runs.c.id).where(runs.c.turn_id == row.id, runs.c.key == turn.run)
            chosen = self._db.execute(of_turn).first()
            follows = select(turns.c.id).where(
                turns.c.branch_id == row.branch_id, turns.c.position == row.position + 1
            )
            if chosen is None or chosen.id == row.run_id or self._db.scalar(follows) is not None:
                continue
            current = self._db.scalar(select(runs.c.key).where(runs.c.id == row.run_id))
            if current is None or is_derived(current) or any(run.key == current for run in turn.runs):
                self._db.execute(update(turns).where(turns.c.id == row.id).values(run_id=chosen.id))
                self._doubt_threads(row)
                own = (conversations.c.id == self._row.id, conversations.c.last_run_id == row.run_id)
                self._db.execute(update(conversations).where(*own).values(last_run_id=chosen.id))

    def _doubt_threads(self, turn: Row[Any]) -> None:
        """Remote threads that hold a turn may not hold the answer that it has now."""
        segments = path_segments.c
        through = (segments.branch_id == turn.branch_id) & (segments.first <= turn.position)
        holders = select(segments.conversation_id).where(through, segments.last >= turn.position)
        there = threads.c.conversation_id.in_(holders) | (threads.c.branch_id == turn.branch_id)
        holding = update(threads).where(there, threads.c.synced >= turn.position)
        self._db.execute(holding.values(doubtful=True))
