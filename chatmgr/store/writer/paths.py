"""Writes paths through the tree of turns: parts of the transactions that fork, undo, edit, and delete.

A branch is a stretch of turns, and goes on after a position of its parent. A conversation's path is kept in
pieces, one for each branch that it goes through; the last one is open. So a fork copies no turns, and a turn
is found without walking the tree.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, exists, insert, or_, select, update

from chatmgr.domain.ids import FAR, new_key
from chatmgr.domain.tree import Piece, walked_path
from chatmgr.store.tables import branches, conversations, path_segments, turns
from chatmgr.store.writer.database import now


def add_branch(db: Connection, conversation: int | None, parent: int | None, position: int) -> int:
    """Add a branch that goes on after a position of its parent, or at 1 without one; returns its id."""
    row = {
        "key": new_key(),
        "conversation_id": conversation,
        "parent_id": parent,
        "parent_position": position,
        "created_at": now(),
    }
    return int(db.scalar(insert(branches).returning(branches.c.id), row) or 0)


def add_conversation(
    db: Connection, row: dict[str, Any], parent: int | None = None, position: int = 0
) -> int:
    """Add a conversation whose path goes on after a position of a branch; returns its id.

    The pieces before that position are not written here.
    """
    branch = add_branch(db, None, parent, position)
    pk = int(
        db.scalar(insert(conversations).returning(conversations.c.id), {**row, "branch_id": branch}) or 0
    )
    db.execute(update(branches).where(branches.c.id == branch).values(conversation_id=pk))
    _add_piece(db, pk, Piece(branch, position + 1, FAR))
    return pk


def branch_of_next_turn(db: Connection, conversation: int, branch: int, position: int) -> int:
    """The branch that takes a conversation's next turn: its own, or a new one after an undo."""
    goes_on = exists().where(turns.c.branch_id == branch, turns.c.position == position)
    first, is_taken = db.execute(
        select(path_segments.c.first, goes_on).where(
            path_segments.c.conversation_id == conversation, path_segments.c.branch_id == branch
        )
    ).one()
    if first <= position and not is_taken:
        return branch
    return leave_branch(db, conversation, position - 1)


def leave_branch(db: Connection, conversation: int, position: int) -> int:
    """Let a conversation's path go on in a new branch after a position; returns that branch."""
    kept = pieces(db, conversation, position)
    parent = kept[-1].branch if kept else None
    branch = add_branch(db, conversation, parent, position)
    set_path(db, conversation, [*kept, Piece(branch, position + 1, FAR)])
    return branch


def set_path(db: Connection, conversation: int, path: Sequence[Piece]) -> None:
    """Replace the pieces of a conversation's path; the last one is open."""
    db.execute(delete(path_segments).where(path_segments.c.conversation_id == conversation))
    for piece in path:
        _add_piece(db, conversation, piece)
    own = update(conversations).where(conversations.c.id == conversation)
    db.execute(own.values(branch_id=path[-1].branch))


def _add_piece(db: Connection, conversation: int, piece: Piece) -> None:
    row = {
        "conversation_id": conversation,
        "branch_id": piece.branch,
        "first": piece.first,
        "last": piece.last,
    }
    db.execute(insert(path_segments), row)


def pieces(db: Connection, conversation: int, last: int = FAR) -> list[Piece]:
    """The pieces of a conversation's path up to a position."""
    columns = path_segments.c
    rows = db.execute(
        select(columns.branch_id, columns.first, columns.last)
        .where(columns.conversation_id == conversation, columns.first <= last)
        .order_by(columns.first)
    )
    return [Piece(branch, first, min(end, last)) for branch, first, end in rows]


def path_to(db: Connection, branch: int) -> list[Piece]:
    """The pieces of the path that ends in a branch; the last one is open."""
    columns = branches.c

    def parent_of(following: int) -> tuple[int | None, int]:
        parent = select(columns.parent_id, columns.parent_position).where(columns.id == following)
        before, after = db.execute(parent).one()
        return before, after

    return walked_path(branch, parent_of)


def turn_at(db: Connection, conversation: int, position: int) -> Row[tuple[int, int | None, int]] | None:
    """The id, the answering run and the branch of the turn at a position of a conversation's path."""
    return turn_on(db, pieces(db, conversation, position), position)


def turn_on(db: Connection, path: Sequence[Piece], position: int) -> Row[tuple[int, int | None, int]] | None:
    """The id, the answering run and the branch of the turn at a position of a path; None for 0."""
    for piece in path:
        if piece.first <= position <= piece.last:
            columns = turns.c
            return db.execute(
                select(columns.id, columns.run_id, columns.branch_id).where(
                    columns.branch_id == piece.branch, columns.position == position
                )
            ).first()
    return None


def set_tip(db: Connection, conversation: int, position: int, moment: datetime) -> None:
    """Let a conversation's path end at a position, which it goes through."""
    turn = turn_at(db, conversation, position) if position else None
    values = {"turns": position, "last_run_id": turn.run_id if turn else None}
    own = update(conversations).where(conversations.c.id == conversation)
    db.execute(own.values(**values, updated_at=moment, used_at=moment))


def in_pieces(chosen: Iterable[Piece]) -> Any:
    """The condition that a turn is in one of these pieces."""
    return or_(
        *(
            (turns.c.branch_id == branch) & turns.c.position.between(first, last)
            for branch, first, last in chosen
        )
    )
