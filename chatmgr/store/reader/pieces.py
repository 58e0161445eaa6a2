"""Pieces of paths: consecutive positions in one branch. Most conversations have one."""

from collections.abc import Iterable
from typing import NamedTuple

from chatmgr.domain.ids import FAR
from chatmgr.store.reader.query_session import QuerySession
from chatmgr.store.shapes import as_dict, pick


class Piece(NamedTuple):
    """The turns of a branch from one position to another, both included."""

    branch: int
    first: int
    last: int


def read_pieces(session: QuerySession, conversation: int, first: int = 1, last: int = FAR) -> list[Piece]:
    """The pieces of a conversation's path between two positions, and up to its tip."""
    rows = session.rows("turns.pieces", pick("branch", "first", "last"), conversation=conversation)
    return within([Piece(*row) for row in rows], first, last)


def path_to(session: QuerySession, branch: int) -> list[Piece]:
    """The pieces of the path that ends in a branch; the last one is open."""
    path: list[Piece] = []
    following: int | None = branch
    last = FAR
    while following is not None:
        row = session.first("paths.parent", as_dict, branch=following)
        if row is None:
            break
        if row["position"] < last:
            path.append(Piece(following, row["position"] + 1, last))
            last = row["position"]
        following = row["branch"]
    return path[::-1]


def within(pieces: Iterable[Piece], first: int, last: int) -> list[Piece]:
    """What is left of pieces between two positions, both included."""
    cut = (Piece(branch, max(low, first), min(high, last)) for branch, low, high in pieces)
    return [piece for piece in cut if piece.first <= piece.last]
