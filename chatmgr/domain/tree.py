"""The paths of a conversation through the tree of turns, and what became of one that somebody looked at."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from chatmgr.domain.errors import ChatmgrError
from chatmgr.domain.fast_dataclass import dataclass


class Tip(NamedTuple):
    """Where a conversation's path ends: the branch that it goes on in, and its last position."""

    branch: int
    position: int


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


class Stretch(NamedTuple):
    """Consecutive turns in one branch, both ends included."""

    branch: int
    first: int
    last: int


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
    stretches: tuple[Stretch, ...]


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
