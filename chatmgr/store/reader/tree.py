"""Reads the tree of turns around a conversation: its tip, its paths, and who shares them."""

from collections.abc import Iterator
from operator import attrgetter
from typing import NamedTuple

from chatmgr.domain.ids import FAR
from chatmgr.domain.tree import Author, Sharing, Stretch, Tip, TipChange, TreePath
from chatmgr.store.reader.query_session import QuerySession
from chatmgr.store.shapes import into, moment, pick


class Branch(NamedTuple):
    """A branch that goes on after a position of its parent; ``own`` if the conversation made it."""

    branch: int
    parent: int | None
    after: int
    own: int


_TIP, _BRANCH = into(Tip), into(Branch)
_MOVES = {"undo", "redo", "switch", "edit", "retry", "continue", "pick", "sync"}
_LOOKED_THROUGH = 50  # entries of the journal, for the last that moved a tip
Shown = dict[int, list[tuple[Stretch, int]]]  # by branch: stretches, each with the number of its path
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
        own = (row.branch for row in self._branches(conversation).values() if row.own)
        return {branch: number for number, branch in enumerate(own, 1)}

    def change(self, conversation: int, seen: Tip, now: Tip) -> TipChange:
        """How the path changed since its tip was ``seen``; branch 0 there is whichever it is on."""
        common = min(seen.position, now.position)
        if seen.branch not in {0, now.branch}:
            common = self._common(conversation, seen, now)
        return TipChange(seen, now, common, self._author(conversation, now))

    def _common(self, conversation: int, seen: Tip, now: Tip) -> int:
        """The last position up to which two tips have the same path."""
        branches = self._branches(conversation)
        ends = {stretch.branch: stretch.last for stretch in _path(branches, now.branch, now.position)}
        for stretch in reversed(_path(branches, seen.branch, seen.position)):
            if stretch.branch in ends:
                return min(stretch.last, ends[stretch.branch])
        return 0

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
        for stretch in _path(self._branches(conversation), now.branch, now.position)[-1:]:
            place = {"branch": stretch.branch, "position": now.position}
            authors += self._session.rows("tree.author", _AUTHOR, **place)
        return max(authors, key=attrgetter("at"), default=None)

    def questions(self, stretch: Stretch, width: int) -> Iterator[tuple[int, str]]:
        """The positions and the first ``width`` characters of what was asked, read as they are consumed."""
        place = {**stretch._asdict(), "width": width}
        return self._session.rows("tree.questions", pick("turn", "user"), **place)

    def sharing(self, conversation: int, paths: list[TreePath]) -> list[Sharing]:
        """The other conversations that share turns with these paths of a conversation, oldest first."""
        ends: dict[int, int] = {}
        for stretch in (stretch for path in paths for stretch in path.stretches):
            ends[stretch.branch] = max(stretch.last, ends.get(stretch.branch, 0))
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
            end = self._end(branches, branch)
            stretches, parent, before = _unshown(_path(branches, branch, end), shown)
            current = branch == tip.branch
            visible = tip.position if current else end
            after = before.last if before else 0
            branch_before = before.branch if before else 0
            path = TreePath(numbers[branch], current, parent, after, branch_before, visible, end, stretches)
            paths.append(path)
            for stretch in stretches:
                shown.setdefault(stretch.branch, []).append((stretch, path.number))
        return paths

    def _branches(self, conversation: int) -> dict[int, Branch]:
        rows = self._session.rows("tree.branches", _BRANCH, conversation=conversation)
        return {row.branch: row for row in rows}

    def _end(self, branches: dict[int, Branch], branch: int) -> int:
        """The last position that the path to a branch has."""
        return max(int(self._session.value("tree.end", 0, branch=branch)), branches[branch].after)


def _path(branches: dict[int, Branch], branch: int, last: int = FAR) -> list[Stretch]:
    """The path that ends in a branch, up to a position."""
    path: list[Stretch] = []
    following: int | None = branch
    while following is not None and following in branches:
        row = branches[following]
        if row.after < last:
            path.append(Stretch(row.branch, row.after + 1, last))
            last = row.after
        following = row.parent
    return path[::-1]


def _unshown(path: list[Stretch], shown: Shown) -> tuple[tuple[Stretch, ...], int, Stretch | None]:
    """What no path that is shown has of a path; the number of the path that it parts from, and where."""
    for index in range(len(path) - 1, -1, -1):
        branch, first, last = path[index]
        ends = [
            (min(last, stretch.last), number)
            for stretch, number in shown.get(branch, ())
            if stretch.first <= last and first <= stretch.last
        ]
        if ends:
            common, number = max(ends)
            rest = [Stretch(branch, common + 1, last)] if common < last else []
            return (*rest, *path[index + 1 :]), number, Stretch(branch, first, common)
    return tuple(path), 0, None
