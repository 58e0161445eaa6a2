"""What goes, and what stays, when conversations are deleted for good.

A turn goes with the last conversation whose path holds it, or that left a path which does. So deleting the
source of a fork leaves the turns that both hold. Sums count their runs for the fork from then on.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, case, func, literal, select, update

from chatmgr.domain.ids import FAR
from chatmgr.domain.tree import Piece
from chatmgr.store.tables import branches, path_segments, runs, turns
from chatmgr.store.writer.conversations import batches


class Unreached:
    """What only some conversations reach, which are about to be deleted for good.

    ``pieces`` are the turns that go with them, ``branches`` the branches of which nothing is left. What the
    path of another conversation goes through stays, and so do the paths that one has left.
    """

    def __init__(self, db: Connection, doomed: Sequence[int]) -> None:
        self._db = db
        self._doomed = set(doomed)
        self._rows = self._candidates()
        self.pieces: list[Piece] = []
        self.branches: list[int] = []
        self._kept: list[int] = []
        for branch in sorted(self._rows, reverse=True):  # children come after their parents
            self._judge(branch)

    def _candidates(self) -> dict[int, Row[Any]]:
        """The branches that these conversations made or go through, and what those go on from."""
        db, columns = self._db, branches.c
        through = select(path_segments.c.branch_id).where(path_segments.c.conversation_id.in_(self._doomed))
        made = select(columns.id).where(columns.conversation_id.in_(self._doomed))
        rows: dict[int, Row[Any]] = {}
        missing = {*db.scalars(through), *db.scalars(made)}
        while missing:
            for batch in batches(missing):
                rows |= {row.id: row for row in db.execute(select(branches).where(columns.id.in_(batch)))}
            missing = {row.parent_id for row in rows.values() if row.parent_id} - rows.keys()
        return rows

    def _judge(self, branch: int) -> None:
        row = self._rows[branch]
        needed = self._needed(row)
        if needed < FAR:
            self.pieces.append(Piece(branch, max(needed, row.parent_position) + 1, FAR))
        if needed <= row.parent_position:
            self.branches.append(branch)
        elif row.conversation_id in self._doomed:
            self._kept.append(branch)

    def _needed(self, row: Row[Any]) -> int:
        """The last position of a branch that something else reaches; 0 for none."""
        if row.conversation_id is not None and row.conversation_id not in self._doomed:
            return FAR
        last = select(func.max(path_segments.c.last)).where(
            path_segments.c.branch_id == row.id, path_segments.c.conversation_id.not_in(self._doomed)
        )
        children = select(branches.c.id, branches.c.parent_position).where(branches.c.parent_id == row.id)
        gone = set(self.branches)
        rows = self._db.execute(children)
        return max(
            [self._db.scalar(last) or 0, *(int(position) for child, position in rows if child not in gone)]
        )

    def hand_over(self) -> None:
        """Give the runs that are left to the conversations that hold their turns, once the others are gone.

        The branches that are left belong to nobody from now on: they stay as far as somebody reaches.
        """
        db, of_doomed = self._db, runs.c.conversation_id.in_(self._doomed)
        for batch in batches(self._kept):
            db.execute(update(branches).where(branches.c.id.in_(batch)).values(conversation_id=None))
        on_a_path = (
            select(func.min(path_segments.c.conversation_id))
            .join(turns, turns.c.branch_id == path_segments.c.branch_id)
            .where(
                turns.c.id == runs.c.turn_id,
                turns.c.position.between(path_segments.c.first, path_segments.c.last),
                path_segments.c.conversation_id.not_in(self._doomed),
            )
            .scalar_subquery()
        )
        heir = func.coalesce(on_a_path, runs.c.conversation_id)
        db.execute(update(runs).where(of_doomed).values(conversation_id=heir))
        rest = select(turns.c.branch_id).join(runs, runs.c.turn_id == turns.c.id).where(of_doomed).distinct()
        for branch in db.scalars(rest).all():
            for conversation, last in self._left_by(branch):
                held = select(turns.c.id).where(turns.c.branch_id == branch, turns.c.position <= last)
                left = update(runs).where(of_doomed, runs.c.turn_id.in_(held))
                db.execute(left.values(conversation_id=conversation))

    def _left_by(self, branch: int) -> list[tuple[int, int]]:
        """The other conversations that left a path through a branch, each with its last position there."""
        child = branches.alias()
        top = select(branches.c.id, literal(FAR).label("last")).where(branches.c.id == branch)
        below = top.cte("below", recursive=True)
        last = case((below.c.id == branch, child.c.parent_position), else_=below.c.last)
        below = below.union(select(child.c.id, last).join(below, child.c.parent_id == below.c.id))
        maker = branches.c.conversation_id
        rows = self._db.execute(
            select(maker, func.max(below.c.last))
            .join(below, below.c.id == branches.c.id)
            .where(maker.is_not(None), maker.not_in(self._doomed))
            .group_by(maker)
            .order_by(maker)
        )
        return [(int(conversation), int(position)) for conversation, position in rows]
