"""What a backend reports to the engine while a turn runs, in the order in which it happens.

``Sending`` before the message leaves, ``Opened`` as soon as the provider names ids, ``Delta`` for each
piece of the answer, ``ItemDone`` for each item that is more than its text, ``Usage`` when the provider
reports tokens, ``Notice`` for a line that the person should read, and exactly one ``Finished`` at the end.
A stream that ends without ``Finished`` is an interrupted run, never a complete answer.
"""

from chatmgr.domain.fast_dataclass import dataclass
from chatmgr.domain.items import Item
from chatmgr.domain.states import RunState


@dataclass(frozen=True, slots=True)
class Sending:
    """The message leaves now. A run without this event has certainly not reached the server."""


@dataclass(frozen=True, slots=True)
class Opened:
    """Ids and names that the provider gave, committed at once; an empty one says nothing new.

    A ``thread_id`` of ``STATELESS`` means that this endpoint keeps no threads, so that the history is
    sent with each turn. Where the server cannot be asked about a run (``retrievable`` is False), its id
    helps nobody before the end, and is written with that.
    """

    thread_id: str = ""
    run_id: str = ""
    assistant_id: str = ""
    model: str = ""
    retrievable: bool = True


STATELESS = "-"


@dataclass(frozen=True, slots=True)
class ThreadSynced:
    """The remote thread was created or completed, and holds the turns up to the position ``synced``."""

    thread_id: str
    synced: int


@dataclass(slots=True)
class Delta:
    """A piece of the answer's text. ``cursor`` numbers the event, if a stream can be continued after it."""

    text: str
    cursor: int | None = None


@dataclass(slots=True)
class Reasoning:
    """A piece of the model's reasoning: shown on request, never part of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class ItemDone:
    """The server calls an item done: it is committed before anything acts on it.

    An answer of one plain text has no items: its item is implied. As soon as a run has another one, all of
    its items come, its texts included, in their order. An answer to a call is an item of the turn, too; it
    comes before it is sent. ``cursor`` is as in ``Delta``.
    """

    item: Item
    cursor: int | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the provider counted them; None where it did not.

    Cached tokens are part of the input, reasoning tokens part of the output.
    """

    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_tokens: int | None = None
    reasoning_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """One line for the person, not part of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """The backend waits: for how many more seconds, and why. Repeated once a second.

    ``brief`` waits are shown only where the line can be erased again.
    """

    seconds: int
    reason: str
    brief: bool = False


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call whose output the run waits for, with its arguments as the model wrote them.

    ``kind`` is the tool of its item (``function``, ``custom``, …), or ``approval``: then the output is
    ``items.APPROVED`` or a reason for declining.
    """

    id: str
    name: str
    arguments: str
    kind: str = "function"

    def __str__(self) -> str:
        return f"{self.name}({self.arguments})"


@dataclass(frozen=True, slots=True)
class Uploaded:
    """The server has stored a file, under the id ``remote_id``."""

    sha256: str
    remote_id: str


@dataclass(frozen=True, slots=True)
class Finished:
    """How the run ended. ``text``, where the provider gives it, replaces what was streamed.

    A run in the state ``requires_action`` has not ended: it waits for the outputs of ``calls``.
    """

    state: RunState
    detail: str = ""
    error: str = ""
    text: str | None = None
    calls: tuple[ToolCall, ...] = ()


Event = (
    Sending
    | Opened
    | ThreadSynced
    | Uploaded
    | Delta
    | Reasoning
    | ItemDone
    | Usage
    | Waiting
    | Notice
    | Finished
)


def visible_thread_id(thread_id: str) -> str:
    """A thread's id for people and programs: empty at an endpoint that keeps no threads."""
    return "" if thread_id == STATELESS else thread_id
