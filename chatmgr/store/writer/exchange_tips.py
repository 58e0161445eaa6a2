"""Where the path of a conversation ends that two sides went on with.

If only one side moved, it ends where that one ended. If both did, and one of the ends is on the way to the
other, the newer counts: an undo, or what was said. If they went different ways, the sender's end is the
conversation's, and what was said here goes on in a conversation of its own. No turn is lost either way.
"""

from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from chatmgr.domain.exchange import MOVES, Parcel
from chatmgr.domain.ids import FAR
from chatmgr.domain.names import NAME_LIMIT, slug
from chatmgr.domain.tree import Piece, last_common, within
from chatmgr.store.tables import branches, conversations, deletions, tags, turns
from chatmgr.store.writer import paths
from chatmgr.store.writer.exchange_labels import changes_here, free_name_here, note_change
from chatmgr.store.writer.exchange_rows import turn_of_key
from chatmgr.store.writer.journal import note
from chatmgr.store.writer.merge_parts import rows_by_key

_COPIED = ("title", "assistant_id", "model", "provider", "folder", "max_cost")


class Tips:
    """The end of a conversation's path."""

    def __init__(self, db: Connection, conversation: int) -> None:
        self._db, self._pk = db, conversation

    def follow(self, parcel: Parcel) -> bool:
        """Let the path end where the sender's does; returns whether that is news."""
        row, tip = self._row(), turn_of_key(self._db, parcel.tip)
        here = self._turn_at_tip(row)
        if (here.id if here else None) == (tip.id if tip else None):
            return False
        if tip is not None:
            self._go_through(row, tip)
        position = tip.position if tip else 0
        moment = max(row.updated_at, parcel.row["updated_at"])
        paths.set_tip(self._db, self._pk, position, moment)
        moves = [change for change in parcel.changes if change.action in MOVES]
        known = {change.at for change in changes_here(self._db, self._pk)}
        if moves and moves[-1].at not in known and moves[-1].at == parcel.tip_at:
            note_change(self._db, self._pk, moves[-1])
        return True

    def settle(self, parcel: Parcel, base: str, machine: str) -> tuple[bool, str]:
        """Decide where the path ends; returns whether it moved, and the name of what parted from it."""
        row, tip = self._row(), turn_of_key(self._db, parcel.tip)
        here = self._turn_at_tip(row)
        key_here = here.key if here else ""
        if key_here == parcel.tip or (base == parcel.tip and base):
            return False, ""
        common = self._common(row, tip)
        end_there = tip.position if tip else 0
        if common < min(row.turns, end_there):
            if base and base == key_here:
                return self.follow(parcel), ""
            # In the trash, what was said here stays in it, as a path beside.
            split = self._split(row, common, machine) if row.deleted_at is None else ""
            return self.follow(parcel), split
        newer = parcel.tip_at > self._tip_at(here)
        if end_there > row.turns or newer:
            stayed = bool(base) and base == key_here
            undone_here = end_there > row.turns and not stayed and self._tip_at(here) > parcel.tip_at
            return (False, "") if undone_here else (self.follow(parcel), "")
        return False, ""

    def hold(self, ends: Iterable[str]) -> None:
        """Let the conversation hold the paths to these turns, also where others made the branches of them.

        So they stay as long as this conversation does, whatever becomes of the others.
        """
        own = select(branches.c.id).where(branches.c.conversation_id == self._pk)
        held = paths.pieces(self._db, self._pk)
        for branch in self._db.scalars(own).all():
            held += paths.path_to(self._db, branch)
        for end in rows_by_key(self._db, turns, ends).values():
            if not any(b == end.branch_id and low <= end.position <= last for b, low, last in held):
                paths.add_branch(self._db, self._pk, end.branch_id, end.position)

    def refresh_answer(self) -> None:
        """Let the conversation know the run that answers its last turn, which may be another one now."""
        row = self._row()
        turn = paths.turn_at(self._db, self._pk, row.turns) if row.turns else None
        if (turn.run_id if turn else None) != row.last_run_id:
            own = update(conversations).where(conversations.c.id == self._pk)
            self._db.execute(own.values(last_run_id=turn.run_id if turn else None))

    def _row(self) -> Row[Any]:
        return self._db.execute(select(conversations).where(conversations.c.id == self._pk)).one()

    def _turn_at_tip(self, row: Row[Any]) -> Row[Any] | None:
        place = paths.turn_at(self._db, self._pk, row.turns) if row.turns else None
        return self._db.execute(select(turns).where(turns.c.id == place.id)).one() if place else None

    def _tip_at(self, here: Row[Any] | None) -> datetime:
        """When the path came to end where it does."""
        moves = [change.at for change in changes_here(self._db, self._pk) if change.action in MOVES]
        said = [here.created_at] if here else []
        begun: datetime = self._row().created_at
        return max([*moves, *said], default=begun)

    def _common(self, row: Row[Any], tip: Row[Any] | None) -> int:
        """The last position that the path here shares with the path to a turn."""
        if tip is None:
            return 0
        path = within(paths.pieces(self._db, self._pk), 1, row.turns)
        return last_common(path, within(paths.path_to(self._db, tip.branch_id), 1, tip.position))

    def _go_through(self, row: Row[Any], tip: Row[Any]) -> None:
        """Let the path lead to a turn, if it does not already."""
        for piece in paths.pieces(self._db, self._pk):
            if piece.branch == tip.branch_id and piece.first <= tip.position <= piece.last:
                return
        branch = tip.branch_id
        others = (conversations.c.branch_id == branch, conversations.c.id != self._pk)
        owner = self._db.scalar(select(branches.c.conversation_id).where(branches.c.id == branch))
        taken = self._db.scalar(select(conversations.c.id).where(*others)) is not None
        if taken or owner != self._pk:
            branch = paths.add_branch(self._db, self._pk, branch, tip.position)
        paths.set_path(self._db, self._pk, paths.path_to(self._db, branch))

    def _split(self, row: Row[Any], common: int, machine: str) -> str:
        """Let what was said here go on in a conversation of its own; returns its name."""
        db = self._db
        path = paths.pieces(db, self._pk, row.turns)
        ends = [paths.turn_on(db, path, position) for position in (common + 1, row.turns)]
        ids = [turn.id for turn in ends if turn]
        of_ends = select(turns.c.key).where(turns.c.id.in_(ids)).order_by(turns.c.position)
        parts = "\0".join(["parted", row.key, *db.scalars(of_ends)])
        key = sha256(parts.encode()).hexdigest()[:16]
        for table in (conversations, deletions):
            if db.scalar(select(table.c.key).where(table.c.key == key)) is not None:
                return ""
        suffix = f"-{slug(machine)[:24]}"
        values = {name: row._mapping[name] for name in _COPIED} | {
            "key": key,
            "name": free_name_here(db, row.name[: NAME_LIMIT - len(suffix)] + suffix),
            "turns": row.turns,
            "last_run_id": row.last_run_id,
            "created_at": row.updated_at,
            "updated_at": row.updated_at,
            "used_at": row.used_at,
        }
        pk = paths.add_conversation(db, values, path[-1].branch, row.turns)
        branch = paths.pieces(db, pk)[-1].branch
        paths.set_path(db, pk, [*path, Piece(branch, row.turns + 1, FAR)])
        own = [{"conversation_id": pk, "name": tag} for tag in self._tags()]
        if own:
            db.execute(insert(tags), own)
        note(db, pk, "fork", id=row.key, turn=row.turns)
        note(db, self._pk, "forked", id=key, turn=row.turns)
        return str(values["name"])

    def _tags(self) -> list[str]:
        own = select(tags.c.name).where(tags.c.conversation_id == self._pk)
        return list(self._db.scalars(own))
