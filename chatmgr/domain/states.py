"""The life of a run, in chatmgr's words.

``pending → running → completed | incomplete | failed | cancelled | interrupted``, with
``running ⇄ requires_action``. Providers have more words for it; each maps onto one of these, and
the provider's own word is kept as the run's ``detail`` where the mapping loses something.
"""

from enum import StrEnum


class RunState(StrEnum):
    """Where one attempt at an answer stands. *Live* runs still own their conversation."""

    PENDING = "pending"
    RUNNING = "running"
    REQUIRES_ACTION = "requires_action"
    COMPLETED = "completed"
    INCOMPLETE = "incomplete"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"


LIVE = frozenset({RunState.PENDING, RunState.RUNNING, RunState.REQUIRES_ACTION})

_WIRE = {
    "queued": RunState.RUNNING,
    "in_progress": RunState.RUNNING,
    "requires_action": RunState.REQUIRES_ACTION,
    "cancelling": RunState.RUNNING,
    "cancelled": RunState.CANCELLED,
    "failed": RunState.FAILED,
    "completed": RunState.COMPLETED,
    "incomplete": RunState.INCOMPLETE,
    "expired": RunState.FAILED,
}


def from_wire(status: str) -> tuple[RunState, str]:
    """Map a provider's status onto ours; returns the state and the detail worth keeping.

    An unknown word is taken for a failure that keeps the word: guessing success would present
    whatever text there is as a complete answer.
    """
    state = _WIRE.get(status, RunState.FAILED)
    return state, "" if state == status else status
