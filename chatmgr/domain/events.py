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
    """A piece of the answer's text."""

    text: str


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the provider counted them; None where it did not."""

    input_tokens: int | None = None
    output_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """One line for the person, not part of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Finished:
    """How the run ended. ``text`` replaces what was streamed, where the provider states the whole."""

    state: RunState
    detail: str = ""
    error: str = ""
    text: str | None = None


Event = Sending | Opened | Rebuilt | Delta | Usage | Notice | Finished
