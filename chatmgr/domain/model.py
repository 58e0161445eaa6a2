"""The nouns: frozen values that travel between the store, the engine, the backends and the terminal."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from chatmgr.domain.states import LIVE, RunState


@dataclass(frozen=True, slots=True)
class Provider:
    """A configured endpoint: which API it speaks, where, and which variable holds its key.

    ``base_url`` is empty for the embedded model. ``key`` is filled in only for the length of a call
    and is never shown: ``repr`` leaves it out, and nothing stores it.
    """

    name: str
    api: str
    base_url: str = ""
    key_env: str = ""
    default_model: str = ""
    key: str = field(default="", repr=False)
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Assistant:
    """A saved persona at one version. Editing adds a version; each run records the one it used."""

    id: int
    version_id: int
    name: str
    version: int
    instructions: str
    model: str
    provider: str
    params: Mapping[str, Any]
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Conversation:
    """A named series of turns with one assistant, as lists and ``--json`` show it.

    ``state`` is the newest run's, or ``empty`` before the first turn. ``thread_id`` is the remote
    counterpart at the conversation's provider, where there is one. ``model`` is its own, else its
    assistant's, else the one used last; ``own_model`` only its own.
    """

    pk: int
    id: str
    name: str
    title: str
    assistant: str
    assistant_version: int
    model: str
    provider: str
    thread_id: str
    turns: int
    state: str
    created_at: datetime
    updated_at: datetime
    own_model: str = ""

    @property
    def live(self) -> bool:
        """Whether a run of this conversation was not closed yet (it may belong to a dead process)."""
        return self.state in LIVE


@dataclass(frozen=True, slots=True)
class Turn:
    """One user message and its answer. ``turn`` is its stable position: ``name@turn``."""

    conversation: str
    turn: int
    user: str
    answer: str
    state: str
    detail: str
    model: str
    provider: str
    run_id: str
    thread_id: str
    started_at: datetime | None
    finished_at: datetime | None
    input_tokens: int | None
    output_tokens: int | None
    error: str


@dataclass(frozen=True, slots=True)
class Message:
    """Role and content, as the transcript holds them and every API takes them."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class ThreadRef:
    """The remote counterpart of a conversation at one endpoint.

    ``synced`` is the last position it is known to hold. ``doubtful`` after a run that did not end
    cleanly: nobody can say what the thread holds then, so it is not built upon.
    """

    remote_id: str
    synced: int
    doubtful: bool = False


@dataclass(frozen=True, slots=True)
class TurnRequest:
    """All a backend needs for one turn, so that no database is open while the network is in use.

    ``history`` reads the earlier messages, oldest first, and costs nothing until it is called: a
    provider that keeps the thread never asks for them, however long the conversation. ``answered``
    is the position of the newest earlier turn that has an answer: a thread in step holds exactly
    that far.
    """

    conversation: str
    position: int
    text: str
    model: str
    assistant: Assistant
    history: Callable[[], list[Message]]
    answered: int
    thread: ThreadRef | None = None
    remote_assistant: str = ""


@dataclass(frozen=True, slots=True)
class LiveRun:
    """A run that was not closed, with all that is known for taking it up again.

    ``sent`` tells whether the request had been handed to the network.
    """

    run_pk: int
    turn_pk: int
    conversation_pk: int
    position: int
    state: RunState
    provider: str
    model: str
    thread_id: str
    run_id: str
    sent: bool
    text: str
    pid: int
    host: str
    started_at: datetime


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A model as its server lists it."""

    id: str
    note: str = ""
