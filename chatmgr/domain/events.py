"""What a backend tells the engine while a turn runs, in the order it happens.

``Sending`` before the message leaves, ``Opened`` as soon as the provider names things, ``Delta`` for
each piece of the answer, ``Usage`` when the provider counts, ``Notice`` for one line the person
should read, and exactly one ``Finished`` at the end. A stream that ends without ``Finished`` is an
interrupted run, never a complete answer.
"""

from dataclasses import dataclass

from chatmgr.domain.states import RunState


@dataclass(frozen=True, slots=True)
class Sending:
    """The next byte that leaves carries the message. A run without this was certainly not heard."""


@dataclass(frozen=True, slots=True)
class Opened:
    """Remote ids, committed the moment they are known; an empty one says nothing new.

    ``thread_id`` of ``STATELESS`` means: this endpoint keeps no threads, send the history instead.
    """

    thread_id: str = ""
    run_id: str = ""
    assistant_id: str = ""
    model: str = ""


STATELESS = "-"


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """The remote thread was made anew from the transcript and now holds turns up to ``synced``."""

    thread_id: str
    synced: int


@dataclass(slots=True)
class Delta:
    """A piece of the answer's text. ``cursor`` numbers the event, where a stream can be continued."""

    text: str
    cursor: int | None = None


@dataclass(slots=True)
class Reasoning:
    """A piece of what the model says to itself: shown when asked for, never part of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the provider counted them; None where it did not.

    ``cached`` are part of the input, ``reasoning`` part of the output.
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
    """The server asked to wait: seconds left, and why. Comes once a second while it lasts.

    What is ``brief`` is not worth a line where none can be taken away.
    """

    seconds: int
    why: str
    brief: bool = False


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A function whose output the run waits for, with its arguments as the model wrote them."""

    id: str
    name: str
    arguments: str

    def __str__(self) -> str:
        return f"{self.name}({self.arguments})"


@dataclass(frozen=True, slots=True)
class Uploaded:
    """A file was given to the server, which calls it so from now on."""

    sha256: str
    remote_id: str


@dataclass(frozen=True, slots=True)
class Finished:
    """How the run ended. ``text`` replaces what was streamed, where the provider states the whole.

    With the state ``requires_action`` it has not ended: it waits for the outputs of ``calls``.
    """

    state: RunState
    detail: str = ""
    error: str = ""
    text: str | None = None
    calls: tuple[ToolCall, ...] = ()


Event = Sending | Opened | Rebuilt | Uploaded | Delta | Reasoning | Usage | Waiting | Notice | Finished
