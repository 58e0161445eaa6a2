"""The nouns: frozen values that travel between the store, the engine, the backends and the terminal."""

from collections.abc import Callable, Mapping
from dataclasses import field
from datetime import datetime
from typing import Any

from chatmgr.domain.states import LIVE, RunState
from chatmgr.domain.values import dataclass


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
    assistant's, else the one used last; ``own_model`` only its own. ``deleted_at`` is when it was put
    into the trash; ``folder`` is where it was used last.
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
    archived_at: datetime | None = None
    deleted_at: datetime | None = None
    folder: str = ""
    tags: tuple[str, ...] = ()

    @property
    def live(self) -> bool:
        """Whether a run of this conversation was not closed yet (it may belong to a dead process)."""
        return self.state in LIVE


@dataclass(frozen=True, slots=True)
class Turn:
    """One user message and its answer. ``turn`` is its stable position: ``name@turn``.

    ``cost`` is in billionths of a US dollar; None where no price is known. ``message`` is the key of
    the user's message, and ``files`` tells whether any were sent with it.
    """

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
    cached_tokens: int | None = None
    reasoning_tokens: int | None = None
    cost: int | None = None
    reasoning: str = ""
    message: int = 0
    files: bool = False


@dataclass(frozen=True, slots=True)
class Attempt:
    """One run of a turn, as ``history --runs`` shows it; ``chosen`` is the one that answers the turn."""

    turn: int
    chosen: bool
    answer: str
    state: str
    detail: str
    error: str
    model: str
    provider: str
    run_id: str
    started_at: datetime
    finished_at: datetime | None
    input_tokens: int | None
    output_tokens: int | None
    cost: int | None


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a message; its bytes are kept once, by their SHA-256."""

    name: str
    content_type: str
    sha256: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class UserMessage:
    """What the user sends in one turn.

    ``background`` lets the run go on at the server without this process.
    """

    text: str
    attachments: tuple[Attachment, ...] = ()
    background: bool = False


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """What a server calls a file that was given to it, and what the file is."""

    id: str
    content_type: str


@dataclass(frozen=True, slots=True)
class Message:
    """Role and content, as the transcript holds them and every API takes them."""

    role: str
    content: str
    attachments: tuple[Attachment, ...] = ()


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

    ``history`` reads the earlier messages after a position, oldest first, and costs nothing until it
    is called: a provider that keeps the thread never asks for all of them, however long the
    conversation. ``answered`` is the position of the newest earlier turn that has an answer: a thread
    in step holds exactly that far. ``remote_files`` says which files the server has already.
    """

    conversation: str
    position: int
    text: str
    model: str
    assistant: Assistant
    history: Callable[[int], list[Message]]
    answered: int
    thread: ThreadRef | None = None
    remote_assistant: str = ""
    attachments: tuple[Attachment, ...] = ()
    remote_files: Mapping[str, RemoteFile] = field(default_factory=dict)
    background: bool = False

    @property
    def message(self) -> Message:
        """What the user says in this turn."""
        return Message("user", self.text, self.attachments)


@dataclass(frozen=True, slots=True)
class LiveRun:
    """A run that was not closed, with all that is known for taking it up again.

    ``sent`` tells whether the request had been handed to the network. ``earlier`` are the messages of
    the newest answered turns before it, with which the remote thread ended when the turn was sent.
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
    background: bool = False
    cursor: int | None = None
    conversation: str = ""
    user: str = ""
    earlier: tuple[Message, ...] = ()


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A model as its server lists it; ``shutdown`` is the day it goes, where one is announced."""

    id: str
    note: str = ""
    shutdown: str = ""


@dataclass(frozen=True, slots=True)
class RemoteMessage:
    """A message as a remote thread holds it; one that was cut off is not ``whole``."""

    id: str
    role: str
    content: str
    run_id: str = ""
    whole: bool = True
    refused: bool = False
