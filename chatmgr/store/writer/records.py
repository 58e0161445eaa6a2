"""What is handed to the writer, and what it hands back."""

from dataclasses import field

from chatmgr.domain.events import Usage
from chatmgr.domain.fast_dataclass import dataclass
from chatmgr.domain.states import RunState


@dataclass(frozen=True, slots=True)
class ThreadKey:
    """Where a conversation's remote thread is: at most one thread is in use for each key."""

    conversation: int
    provider: str
    endpoint: str


@dataclass(frozen=True, slots=True)
class OpenRun(ThreadKey):
    """A live run of this process: where its events are written."""

    run: int
    turn: int
    position: int


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """How a run ended.

    ``thread_synced`` says what the remote thread holds: True, this turn too; False, nobody knows; None,
    the same as before the run. ``cost`` is in billionths of a US dollar. ``model``, ``thread_id`` and
    ``run_id`` are what the run turned out to use; empty for no news.
    """

    state: RunState
    text: str
    detail: str = ""
    error: str = ""
    usage: Usage = field(default_factory=Usage)
    thread_synced: bool | None = False
    reasoning: str = ""
    cost: int | None = None
    model: str = ""
    thread_id: str = ""
    run_id: str = ""


@dataclass(frozen=True, slots=True)
class ImportedTurn:
    """A turn that happened elsewhere. Without an answer, ``answer`` is empty."""

    user: str
    answer: str
