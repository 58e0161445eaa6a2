"""Reads the tree of turns around a conversation: its tip, its paths, and who shares them.

The paths of a conversation are numbered from 1 in the order in which it took them: ``name~2``.
"""

from collections.abc import Iterator
from dataclasses import replace
from operator import attrgetter
from typing import NamedTuple

from chatmgr.domain.errors import NotFound
from chatmgr.domain.ids import FAR
from chatmgr.domain.model import Conversation
from chatmgr.domain.tree import (
    Author,
    Piece,
    Sharing,
    Tip,
    TipChange,
    TreePath,
    last_common,
    walked_path,
    within,
)
from chatmgr.store.reader.conversations import CONVERSATION
from chatmgr.store.reader.pieces import path_to, read_pieces
from chatmgr.store.reader.query_session import QuerySession, as_stored
from chatmgr.store.shapes import into, moment, pick


class Branch(NamedTuple):
    """A branch that goes on after a position of its parent."""

    branch: int
    parent: int | None
    after: int


_TIP, _BRANCH = into(Tip), into(Branch)
_MOVES = {"undo", "redo", "switch", "edit", "retry", "continue", "pick", "sync"}
_LOOKED_THROUGH = 50  # entries of the journal, for the last that moved a tip
Shown = dict[int, list[tuple[Piece, int]]]  # by branch: pieces, each with the number of its path
_AUTHOR = into(Author, at=moment)


class Tree:
    """The tree of turns, from the place of one conversation."""

    def __init__(self, session: QuerySession) -> None:
        self._session = session

    def tip(self, conversation: int) -> Tip:
        """Where a conversation's path ends; in no branch where it was deleted for good."""
        return self._session.first("tree.tip", _TIP, conversation=conversation) or Tip(0, 0)

    def numbers(self, conversation: int) -> dict[int, int]:
        """The numbers of a conversation's paths, as in their addresses, by the branch that each ends in."""
        branches = self._session.column("tree.numbered", conversation=conversation)
        return {branch: number for number, branch in enumerate(branches, 1)}

    def current(self, conversation: Conversation) -> int:
        """The number of the path that a conversation is on."""
        return self.numbers(conversation.pk)[self.tip(conversation.pk).branch]

    def along(self, conversation: Conversation, number: int) -> Conversation:
        """A conversation looked at along another of its paths, to the end of that: its name is ``name~2``.

        Raises NotFound where there is no path of this number.
        """
        branches = list(self.numbers(conversation.pk))
        if not 1 <= number <= len(branches):
            paths = "one path" if len(branches) == 1 else f"{len(branches)} paths"
            hint = f"“{conversation.name}” has {paths}."
            raise NotFound("path", f"{conversation.name}~{number}", (), hint)
        branch = branches[number - 1]
        end = self._end(path_to(self._session, branch))
        return replace(conversation, name=f"{conversation.name}~{number}", branch=branch, turns=end)

    def ending_in(self, branch: int) -> Conversation:
        """The conversation that made a branch, along the path that ends in it."""
        owner = self._session.first("tree.owner", CONVERSATION, branch=branch)
        if owner is None:
            raise NotFound("path", str(branch))
        return self.along(owner, self.numbers(owner.pk)[branch])

    def last_position(self, conversation: int) -> int:
        """The last position that a conversation's path can be redone to; 0 for none."""
        rows = self._session.rows("tree.path", into(Piece), conversation=conversation)
        return self._end(list(rows))

    def is_shared(self, conversation: int, position: int) -> bool:
        """Whether another path goes through the turn at a position of a conversation's path."""
        for piece in read_pieces(self._session, conversation, position, position):
            place = {"conversation": conversation, "branch": piece.branch, "position": position}
            return bool(self._session.value("tree.shared", 0, **place))
        return False

    def change(self, conversation: int, seen: Tip, now: Tip) -> TipChange:
        """How the path changed since its tip was ``seen``; branch 0 there is whichever it is on."""
        common = min(seen.position, now.position)
        if seen.branch not in {0, now.branch}:
            branches = self._branches(conversation)
            before, after = (_path(branches, tip.branch, tip.position) for tip in (seen, now))
            common = last_common(before, after)
        return TipChange(seen, now, common, self._author(conversation, now))

    def _author(self, conversation: int, now: Tip) -> Author | None:
        """Who moved the tip last: whoever wrote the last turn, or, by the journal, changed the path."""
        authors: list[Author] = []
        entries = self._session.rows(
            "journal.entries",
            pick("action", "pid", "host", "at"),
            conversation=conversation,
            limit=_LOOKED_THROUGH,
        )
        moves = [(pid, host, at) for action, pid, host, at in list(entries) if action in _MOVES]
        authors += [Author(pid, host, moment(at)) for pid, host, at in moves[:1]]
        for piece in _path(self._branches(conversation), now.branch, now.position)[-1:]:
            place = {"branch": piece.branch, "position": now.position}
            authors += self._session.rows("tree.author", _AUTHOR, **place)
        return max(authors, key=attrgetter("at"), default=None)

    def questions(self, piece: Piece, width: int) -> Iterator[tuple[int, str]]:
        """The positions and the first ``width`` characters of what was asked, read as they are consumed."""
        place = {**piece._asdict(), "width": width}
        return self._session.rows("tree.questions", pick("turn", "user"), **place)

    def sharing(self, conversation: int, paths: list[TreePath]) -> list[Sharing]:
        """The other conversations that share turns with these paths of a conversation, oldest first."""
        ends: dict[int, int] = {}
        for piece in (piece for path in paths for piece in path.pieces):
            ends[piece.branch] = max(piece.last, ends.get(piece.branch, 0))
        sharing: dict[str, Sharing] = {}
        for name, branch, last in self._session.rows(
            "tree.sharing", pick("name", "branch", "last"), conversation=conversation
        ):
            if branch in ends:
                sharing[name] = Sharing(name, branch, min(last, ends[branch]))
        return list(sharing.values())

    def paths(self, conversation: int) -> list[TreePath]:
        """The paths of a conversation: the current one, then those that it left, oldest first.

        Each has the turns that none before it in this list has.
        """
        branches = self._branches(conversation)
        tip = self.tip(conversation)
        numbers = self.numbers(conversation)
        order = sorted(numbers, key=lambda branch: (branch != tip.branch, branch))
        paths: list[TreePath] = []
        shown: Shown = {}
        for branch in order:
            path_of_branch = _path(branches, branch)
            end = self._end(path_of_branch)
            pieces, parent, before = _unshown(within(path_of_branch, 1, end), shown)
            current = branch == tip.branch
            visible = tip.position if current else end
            after = before.last if before else 0
            branch_before = before.branch if before else 0
            path = TreePath(numbers[branch], current, parent, after, branch_before, visible, end, pieces)
            paths.append(path)
            for piece in pieces:
                shown.setdefault(piece.branch, []).append((piece, path.number))
        return paths

    def named_paths(self, name: str) -> list[tuple[int, int, str]]:
        """The paths of the conversation of a name, as numbered: branch, end, and what was first asked."""
        columns = pick("branch", "last", "question")
        return list(self._session.rows("tree.named_paths", columns, name=as_stored(name)))

    def turns_along(self, branch: int, first: int, last: int) -> list[tuple[int, str]]:
        """The turns between two positions of the path that ends in a branch, each with what was asked."""
        place = {"branch": branch, "first": first, "last": last}
        return list(self._session.rows("tree.turns_along", pick("turn", "question"), **place))

    def _branches(self, conversation: int) -> dict[int, Branch]:
        rows = self._session.rows("tree.branches", _BRANCH, conversation=conversation)
        return {row.branch: row for row in rows}

    def _end(self, path: list[Piece]) -> int:
        """The last position that a path has a turn at; 0 for none."""
        for piece in reversed(path):
            if position := self._session.value("tree.last", 0, **piece._asdict()):
                return int(position)
        return 0


def _path(branches: dict[int, Branch], branch: int, last: int = FAR) -> list[Piece]:
    """The path that ends in a branch, up to a position."""

    def parent_of(following: int) -> tuple[int | None, int] | None:
        row = branches.get(following)
        return None if row is None else (row.parent, row.after)

    return walked_path(branch, parent_of, last)


def _unshown(path: list[Piece], shown: Shown) -> tuple[tuple[Piece, ...], int, Piece | None]:
    """What no path that is shown has of a path; the number of the path that it parts from, and where."""
    for index in range(len(path) - 1, -1, -1):
        branch, first, last = path[index]
        ends = [
            (min(last, piece.last), number)
            for piece, number in shown.get(branch, ())
            if piece.first <= last and first <= piece.last
        ]
        if ends:
            common, number = max(ends)
            rest = [Piece(branch, common + 1, last)] if common < last else []
            return (*rest, *path[index + 1 :]), number, Piece(branch, first, common)
    return tuple(path), 0, None
