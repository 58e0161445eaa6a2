"""What servers keep of a conversation, and the result of deleting it there."""

from collections.abc import Sequence
from dataclasses import field
from enum import StrEnum
from typing import Literal

from chatmgr.domain.fast_dataclass import dataclass

RemoteKind = Literal["thread", "response", "file"]


class DeletionStatus(StrEnum):
    """How a server responded to a deletion."""

    DELETED = "deleted"
    GONE = "gone"  # the server does not know it (any more)
    REFUSED = "refused"
    UNREACHABLE = "not reachable"

    @property
    def settled(self) -> bool:
        """Whether nothing is left to try again."""
        return self in {DeletionStatus.DELETED, DeletionStatus.GONE}


@dataclass(frozen=True, slots=True)
class ThreadRef:
    """The remote thread of a conversation at one endpoint.

    ``synced`` is the last position of the conversation's path that the thread is known to hold. ``doubtful``:
    a run did not end cleanly, so nobody knows what the thread holds, and no turn is built on it. ``ahead``
    counts the turns that it holds beyond the conversation's path: after an undo, for instance.
    """

    remote_id: str
    synced: int
    doubtful: bool = False
    ahead: int = 0


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file stored at a server: its id there, and its content type."""

    id: str
    content_type: str


@dataclass(frozen=True, slots=True)
class RemoteThread:
    """A thread that a conversation has or had at an endpoint, and the ids of its responses."""

    pk: int
    conversation: int
    provider: str
    endpoint: str
    remote_id: str
    responses: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class RemoteCopy:
    """A file stored at an endpoint; ``users`` are the conversations that use it, name by primary key."""

    pk: int
    provider: str
    endpoint: str
    remote_id: str
    users: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DeletionResult:
    """The result of deleting one thing at a server. ``kept`` is what the server still has of it.

    ``conversation`` is a primary key; 0 for a file, which several conversations may share. ``users`` are
    those for which it was to be deleted.
    """

    kind: RemoteKind
    conversation: int
    provider: str
    id: str
    status: DeletionStatus
    why: str = ""
    responses: int = 0
    kept: tuple[str, ...] = ()
    users: tuple[int, ...] = ()

    @property
    def remaining(self) -> tuple[int, ...]:
        """The conversations of which the server still has something that was to be deleted."""
        if self.status.settled and not self.kept:
            return ()
        return (self.conversation,) if self.conversation else self.users
