"""The paths of a conversation through the tree of turns, and what became of one that somebody looked at."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from chatmgr.domain.errors import ChatmgrError
from chatmgr.domain.fast_dataclass import dataclass
from chatmgr.domain.ids import FAR


class Tip(NamedTuple):
    """Where a conversation's path ends: the branch that it goes on in, and its last position."""

    branch: int
    position: int


class Piece(NamedTuple):
    """A piece of a path: the turns of a branch from one position to another, both included.

    Most paths are one piece. The pieces of a path follow each other without a gap.
    """

    branch: int
    first: int
    last: int


Parent = tuple[int | None, int]  # the branch that another goes on from (None at the root), and after what


def within(pieces: Iterable[Piece], first: int, last: int) -> list[Piece]:
    """What is left of pieces between two positions, both included."""
    cut = (Piece(branch, max(low, first), min(high, last)) for branch, low, high in pieces)
    return [piece for piece in cut if piece.first <= piece.last]


def walked_path(branch: int, parent_of: Callable[[int], Parent | None], last: int = FAR) -> list[Piece]:
    """The pieces of the path that ends in a branch, at most up to a position.

    ``parent_of`` looks up where a branch goes on from; None for a branch that is not there.
    """
    path: list[Piece] = []
    following: int | None = branch
    while following is not None and (parent := parent_of(following)) is not None:
        before, after = parent
        if after < last:
            path.append(Piece(following, after + 1, last))
            last = after
        following = before
    return path[::-1]


def last_common(path: Sequence[Piece], other: Iterable[Piece]) -> int:
    """The last position up to which two paths are the same; 0 for none."""
    ends = {piece.branch: piece.last for piece in other}
    for piece in reversed(path):
        if piece.branch in ends:
            return min(piece.last, ends[piece.branch])
    return 0


class JournalEntry(NamedTuple):
    """What was done to a conversation, when, and by which process."""

    action: str
    detail: Mapping[str, Any]
    pid: int
    host: str
    at: datetime


class Author(NamedTuple):
    """The process that wrote something, and when."""

    pid: int
    host: str
    at: datetime

    @property
    def process(self) -> str:
        """“process 812”, and the machine where that is another one."""
        import platform

        return f"process {self.pid}" + ("" if self.host == platform.node() else f" on {self.host}")


@dataclass(frozen=True, slots=True)
class TipChange:
    """How a conversation's path changed since somebody saw its tip.

    Up to the position ``common`` it is the same. After that, ``undone`` turns are no longer on the path, and
    ``added`` turns came to it. ``author`` is the process that did so last, where that is known.
    """

    seen: Tip
    now: Tip
    common: int
    author: Author | None = None

    @property
    def added(self) -> int:
        """How many turns the path has that were not seen."""
        return self.now.position - self.common

    @property
    def undone(self) -> int:
        """How many turns were seen that the path no longer has."""
        return self.seen.position - self.common

    def described(self, name: str) -> str:
        """What happened to the conversation of a name, in a sentence."""
        from chatmgr.domain.text import counted

        by = ""
        if self.author is not None:
            at = self.author.at.astimezone()
            day = "" if at.date() == datetime.now(at.tzinfo).date() else f"{at:%Y-%m-%d} "
            by = f" by {self.author.process} at {day}{at:%H:%M}"
        if not self.undone:
            return f"{counted(self.added, 'turn')} {'was' if self.added == 1 else 'were'} added{by}."
        end = f"“{name}” ends at @{self.now.position} now" if self.now.position else f"“{name}” is empty now"
        if not self.added:
            return (
                f"{counted(self.undone, 'turn')} {'was' if self.undone == 1 else 'were'} undone{by}: {end}."
            )
        after = f"after @{self.common}" if self.common else "from its start"
        return f"“{name}” was switched to another path{by}: {after} it is another one, and {end}."


@dataclass(frozen=True, slots=True)
class TreePath:
    """One path of a conversation, as far as no path before it in the tree has its turns.

    ``number`` is the one in its address, ``name~2``. It parts from the path ``parent`` (0 for none) after the
    turn at the position ``after`` of the branch ``branch_before``. ``tip`` is the last visible position and
    ``end`` the last that there is; both are equal on a path that the conversation has left.
    """

    number: int
    current: bool
    parent: int
    after: int
    branch_before: int
    tip: int
    end: int
    pieces: tuple[Piece, ...]


class Sharing(NamedTuple):
    """Another conversation, and the last turn that it shares: its branch and position."""

    conversation: str
    branch: int
    position: int


class TipMoved(ChatmgrError):
    """A conversation's path is no longer the one that a message, or another change, was meant for.

    Nothing was sent or changed. ``change`` is what happened meanwhile.
    """

    exit_code = 8

    def __init__(self, name: str, change: TipChange) -> None:
        super().__init__(
            f"{change.described(name)} Nothing was sent.",
            f"Go on after that with --append, or fork at @{change.seen.position} with --fork-if-moved.",
        )
        self.change = change
