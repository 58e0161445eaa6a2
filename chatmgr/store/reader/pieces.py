"""Reads the pieces of paths: from one row for each, or along the branches that a path goes through."""

from chatmgr.domain.ids import FAR
from chatmgr.domain.tree import Piece, walked_path, within
from chatmgr.store.reader.query_session import QuerySession
from chatmgr.store.shapes import pick


def read_pieces(session: QuerySession, conversation: int, first: int = 1, last: int = FAR) -> list[Piece]:
    """The pieces of a conversation's path between two positions, and up to its tip."""
    rows = session.rows("turns.pieces", pick("branch", "first", "last"), conversation=conversation)
    return within([Piece(*row) for row in rows], first, last)


def path_to(session: QuerySession, branch: int) -> list[Piece]:
    """The pieces of the path that ends in a branch; the last one is open."""
    parent = pick("parent", "after")
    return walked_path(branch, lambda following: session.first("tree.parent", parent, branch=following))
