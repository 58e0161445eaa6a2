"""What two databases tell each other of a conversation: the values behind ``push`` and ``pull``.

A conversation is the same one in both by its key, and so are its turns and runs. Ids differ. What people set
(name, title, tags, archive, model, assistant) goes by time: whoever set it last is right, and the time
travels with the value. Where that was never changed, there is no time.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from datetime import datetime
from typing import Any, NamedTuple

from chatmgr.domain.fast_dataclass import dataclass
from chatmgr.domain.lossless_columns import Record

MOVES = ("undo", "redo", "switch")
_FIELDS = {
    "rename": "name",
    "title": "title",
    "archive": "archived",
    "unarchive": "archived",
    "move": "model",
    "assistant": "assistant",
}
LABEL_ACTIONS = (*_FIELDS, "tag", *MOVES)


class State(NamedTuple):
    """A conversation as a list of all has it. ``fingerprint`` changes with whatever an exchange is about.

    ``live``: an answer to it is being written. ``trashed``: it is in the trash.
    """

    pk: int
    key: str
    name: str
    fingerprint: str
    trashed: bool
    live: bool


class Exchanged(NamedTuple):
    """What a conversation looked like on both sides after an exchange, and where its path ended there."""

    here: str = ""
    there: str = ""
    tip: str = ""


class Change(NamedTuple):
    """Who changed something, and when: an entry of the journal."""

    action: str
    detail: Mapping[str, Any]
    pid: int
    host: str
    at: datetime


class HeldTurn(NamedTuple):
    """A turn as its conversation holds it: its keys, the turn before it, its runs, and which one answers."""

    key: str
    parent: str
    branch: int
    position: int
    run: str
    runs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Parcel:
    """What one side sends of a conversation. ``row`` are the columns of the conversation.

    ``turns`` are whole records of turns, parents first, each with ``parent``, ``runs``, ``messages`` and
    ``items``. ``runs`` are records of turns that the other side has, of which it lacks runs. ``chosen`` says
    by which run each turn of the conversation is answered. ``tip`` is the last turn of its path, ``ends`` are
    those that nothing follows on any of its paths.
    """

    row: Record
    assistant: str
    tip: str
    tip_at: datetime
    turns: Sequence[Record]
    runs: Sequence[Record]
    chosen: Mapping[str, str]
    tags: frozenset[str]
    changes: Sequence[Change]
    threads: Sequence[Record]
    assistants: Sequence[Record]
    ends: Sequence[str] = ()
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)


def fingerprint(values: Iterable[object]) -> str:
    """A short text that is another one where any of these values is."""
    from hashlib import blake2b

    words = (value.isoformat() if isinstance(value, datetime) else str(value) for value in values)
    return blake2b("\0".join(words).encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


def last_changes(changes: Iterable[Change]) -> dict[str, Change]:
    """The last change of each thing that people set: by its name, or ``+`` and the tag."""
    last: dict[str, Change] = {}
    for change in changes:
        names = [_FIELDS[change.action]] if change.action in _FIELDS else []
        if change.action == "tag":
            names = [f"+{tag}" for way in ("add", "remove") for tag in change.detail.get(way, ())]
        for name in names:
            if name not in last or change.at >= last[name].at:
                last[name] = change
    return last


def is_newer(one: Change | None, other: Change | None) -> bool:
    """Whether the first change came after the second; None is no change at all."""
    return one is not None and (other is None or one.at > other.at)
