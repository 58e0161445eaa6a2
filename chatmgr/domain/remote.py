"""What servers keep of a conversation, and what became of it when it was to be deleted there."""

from collections.abc import Sequence
from dataclasses import field
from enum import StrEnum
from typing import Literal

from chatmgr.domain.values import dataclass

Kind = Literal["thread", "response", "file"]


class DeletionStatus(StrEnum):
    """How a server took the wish to have something deleted."""

    DELETED = "deleted"
    GONE = "gone"  # the server does not know it, or no longer
    REFUSED = "refused"
    UNREACHABLE = "not reachable"

    @property
    def settled(self) -> bool:
        """Whether there is nothing left to try again."""
        return self in {DeletionStatus.DELETED, DeletionStatus.GONE}


@dataclass(frozen=True, slots=True)
class RemoteThread:
    """A thread that a conversation has or had at an endpoint, with the responses that made its answers."""

    pk: int
    conversation: int
    provider: str
    endpoint: str
    remote_id: str
    responses: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class RemoteCopy:
    """A file as an endpoint keeps it, and the conversations that it is attached to: name by key."""

    pk: int
    provider: str
    endpoint: str
    remote_id: str
    users: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Erased:
    """What became of one thing at a server. ``kept`` is what the server has of it still.

    ``conversation`` is a key; 0 for a file, which several may share.
    """

    kind: Kind
    conversation: int
    provider: str
    id: str
    status: DeletionStatus
    why: str = ""
    responses: int = 0
    kept: tuple[str, ...] = ()
