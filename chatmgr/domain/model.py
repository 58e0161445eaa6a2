"""The domain's frozen values: they travel between the store, the engine, the backends and the terminal."""

from collections.abc import Callable, Mapping
from dataclasses import field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from chatmgr.domain.fast_dataclass import dataclass
from chatmgr.domain.items import Item
from chatmgr.domain.states import LIVE, RunState

if TYPE_CHECKING:
    from chatmgr.domain.remote import RemoteFile, ThreadRef

_OPENING = 200  # characters of a first message that tell what a conversation is about


@dataclass(frozen=True, slots=True)
class Provider:
    """A configured endpoint: which API it speaks, its address, and which variable holds its key.

    ``base_url`` is empty for the embedded model. It may hold a password, so that only requests take it: what
    is stored and shown is ``endpoint``. ``key`` is only filled in for the duration of a call and is never
    shown: ``repr`` leaves both out, and nothing stores them.
    """

    name: str
    api: str
    base_url: str = field(default="", repr=False)
    key_env: str = ""
    default_model: str = ""
    key: str = field(default="", repr=False)
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def endpoint(self) -> str:
        """The address as it is stored and shown: without a password, and without secrets in its query."""
        if "@" not in self.base_url and "=" not in self.base_url:
            return self.base_url
        from chatmgr.domain.redaction import safe_url

        return safe_url(self.base_url)


@dataclass(frozen=True, slots=True)
class Assistant:
    """One version of a saved persona. Editing adds a version; each run records the version it used."""

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

    ``state`` is the newest run's, or ``empty`` before the first turn. ``thread_id`` is the remote thread at
    the conversation's provider, if any. ``own_model`` is the model set for this conversation; ``model`` is
    that, else the assistant's, else the one used last. ``deleted_at`` is when it was moved to the trash;
    ``folder`` is where it was last used. ``detail`` is the newest run's; ``opening`` are the first characters
    of its path, one more than ``about`` takes; ``paths`` counts its paths. ``branch`` is where another path
    ends along which it is looked at; 0 for its own.
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
    detail: str = ""
    opening: str = ""
    paths: int = 1
    branch: int = 0

    @property
    def live(self) -> bool:
        """Whether a run of this conversation is still open (its process may be dead)."""
        return self.state in LIVE

    @property
    def about(self) -> str:
        """What it is about, on one line: its title, else its first words; empty before the first turn."""
        words = " ".join((self.title or self.opening[:_OPENING]).split())
        return f"{words}…" if not self.title and len(self.opening) > _OPENING else words


@dataclass(frozen=True, slots=True)
class Turn:
    """One user message and its answer, by ``assistant``. ``turn`` is its stable position: ``name@turn``.

    ``cost`` is in billionths of a US dollar; None if no price is known. ``message`` is the primary key of the
    user's message, ``pk`` that of the turn. ``files``: some were sent; ``items``: not only text came back.
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
    pk: int = 0
    items: bool = False
    assistant: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a turn, as ``history --runs`` shows it; ``chosen`` is the one that answers the turn.

    ``pk`` is its primary key. ``items`` tells whether it said anything beside text, as an image.
    """

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
    pk: int = 0
    items: bool = False


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file sent with a message; its bytes are stored once, by their SHA-256."""

    name: str
    content_type: str
    sha256: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class UserMessage:
    """What the user sends in one turn. ``background`` lets the run continue at the server by itself."""

    text: str
    attachments: tuple[Attachment, ...] = ()
    background: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """A role and its content, as the transcript stores them and every API takes them.

    ``items`` are those of an answer, in order, with the answers to its calls; plain text has none.
    """

    role: str
    content: str
    attachments: tuple[Attachment, ...] = ()
    items: tuple[Item, ...] = ()


@dataclass(frozen=True, slots=True)
class TurnRequest:
    """Everything a backend needs for one turn, so that no database is open while the network is in use.

    ``history`` reads the earlier messages after a position, oldest first, and costs nothing until it is
    called: a provider that keeps the thread never needs them all, however long the conversation is.
    ``answered`` is the position of the newest earlier turn that has an answer; a synced thread holds exactly
    that far. ``remote_files`` are the files that the server already has, by SHA-256. ``begun`` is an answer
    to go on with, with ``begun_items``: only what comes after is asked for. ``pending`` are calls of earlier
    turns, or their results, of which the thread holds the call and no result: they are sent first.
    """

    conversation: str
    position: int
    text: str
    model: str
    assistant: Assistant
    history: Callable[[int], list[Message]]
    answered: int
    thread: "ThreadRef | None" = None
    remote_assistant: str = ""
    attachments: tuple[Attachment, ...] = ()
    remote_files: "Mapping[str, RemoteFile]" = field(default_factory=dict)
    background: bool = False
    pending: tuple[Item, ...] = ()
    begun: str = ""
    begun_items: tuple[Item, ...] = ()

    @property
    def message(self) -> Message:
        """The user's message of this turn."""
        return Message("user", self.text, self.attachments)


@dataclass(frozen=True, slots=True)
class LiveRun:
    """A run that is still open, with everything that is known for recovering it.

    ``sent`` tells whether the request was handed to the network. ``earlier`` are the messages of the newest
    answered turns before it, with which the remote thread ended when the turn was sent. ``begun`` is the part
    of ``text`` that an earlier run gave, where this one goes on with it. ``items`` are all that the run has
    yielded so far, in their order. ``request`` is the turn's request, to go on with a run that waits for the
    results of calls; else None. ``message`` is the primary key of the user's message.
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
    items: tuple[Item, ...] = ()
    request: TurnRequest | None = None
    message: int = 0
    detail: str = ""
    begun: str = ""


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A model as its server lists it; ``shutdown`` is the day it is switched off, if one is announced."""

    id: str
    note: str = ""
    shutdown: str = ""


@dataclass(frozen=True, slots=True)
class RemoteMessage:
    """A message in a remote thread; ``whole`` is False if it was cut off.

    ``created_at`` is in whole seconds; 0 where the server does not tell, and the order of its list counts.
    """

    id: str
    role: str
    content: str
    run_id: str = ""
    whole: bool = True
    refused: bool = False
    created_at: int = 0
