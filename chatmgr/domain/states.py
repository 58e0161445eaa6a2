"""The states of a run.

``pending → running → completed | incomplete | failed | cancelled | interrupted``, with
``running ⇄ requires_action``. Providers use more words; each is mapped onto one of these, and kept as the
run's ``detail`` where it says more than the state.
"""

from enum import StrEnum


class RunState(StrEnum):
    """Where one attempt at an answer stands. A *live* run has not ended, and occupies its conversation."""

    PENDING = "pending"
    RUNNING = "running"
    REQUIRES_ACTION = "requires_action"
    COMPLETED = "completed"
    INCOMPLETE = "incomplete"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"


LIVE = frozenset({RunState.PENDING, RunState.RUNNING, RunState.REQUIRES_ACTION})

OTHER = "other"
_DETAILS = frozenset(
    {
        *("", "length", "content_filter", "refusal", "tool_calls", "function_call", "max_tool_calls"),
        *("queued", "in_progress", "requires_action", "cancelling", "cancelled", "incomplete", "expired"),
    }
)

_BY_PROVIDER_STATUS = {
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


def known_detail(detail: str) -> str:
    """The detail as it may be kept: a known one, or ``other``. A server's own words are no reason."""
    return detail if detail in _DETAILS else OTHER


def state_word(state: str) -> str:
    """A state as people read it, in one word."""
    return "waiting" if state == RunState.REQUIRES_ACTION else str(state)


def detail_words(detail: str) -> str:
    """A detail as people read it; names of functions, and what is not ours, stay as they are."""
    return detail.replace("_", " ") if detail in _DETAILS else detail


def from_provider_status(status: str) -> tuple[RunState, str]:
    """The state for a provider's status, and the detail to keep with it.

    An unknown status counts as a failure, with the status as its detail: to guess success would
    present whatever text there is as a complete answer.
    """
    state = _BY_PROVIDER_STATUS.get(status, RunState.FAILED)
    return state, "" if state == status else status
