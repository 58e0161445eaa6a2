"""Writes paths through the tree of turns: parts of the transactions that fork, undo, edit, and delete.

A branch is a stretch of turns, and goes on after a position of its parent. A conversation's path is kept in
pieces, one for each branch that it goes through; the last one is open. So a fork copies no turns, and a turn
is found without walking the tree.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, exists, func, insert, or_, select, update

from chatmgr.domain.ids import FAR, new_key
from chatmgr.store.reader.pieces import Piece
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
    path: list[Piece] = []
    following: int | None = branch
    last = FAR
    while following is not None:
        columns = branches.c
        parent, position = db.execute(
            select(columns.parent_id, columns.parent_position).where(columns.id == following)
        ).one()
        if position < last:
            path.append(Piece(following, position + 1, last))
            last = position
        following = parent
    return path[::-1]


def end_of(db: Connection, path: Sequence[Piece]) -> int:
    """The last position that a path has a turn at; 0 for none."""
    for piece in reversed(path):
        highest = select(func.max(turns.c.position)).where(
            turns.c.branch_id == piece.branch, turns.c.position <= piece.last
        )
        if (position := db.scalar(highest)) is not None and position >= piece.first:
            return int(position)
    return 0


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


def is_shared(db: Connection, conversation: int, branch: int, position: int) -> bool:
    """Whether the path of another conversation holds the turn at a position of a branch."""
    columns = path_segments.c
    others = (
        select(columns.conversation_id)
        .join(conversations, conversations.c.id == columns.conversation_id)
        .where(
            columns.branch_id == branch,
            columns.conversation_id != conversation,
            columns.first <= position,
            columns.last >= position,
        )
        .limit(1)
    )
    children = select(branches.c.id).where(
        branches.c.parent_id == branch, branches.c.parent_position >= position
    )
    return db.scalar(others) is not None or db.scalar(children.limit(1)) is not None


def in_pieces(chosen: Iterable[Piece]) -> Any:
    """The condition that a turn is in one of these pieces."""
    return or_(
        *(
            (turns.c.branch_id == branch) & turns.c.position.between(first, last)
            for branch, first, last in chosen
        )
    )
