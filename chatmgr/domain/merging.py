"""Conversations by keys: what imports, ``push``, ``pull`` and our own JSON Lines hand to the one writer.

A turn is known by its key, and by the key of the turn before it; which branch it is in is a matter of the
database it is in. So one tree of turns has the same turns everywhere, and another layout wherever another
order of events made it.

Merging adds. What is there already, by its key, is left as it is; a turn whose place is taken goes on a path
beside it; a conversation's end moves only forward along its own path.
"""

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from typing import Any

from chatmgr.domain.fast_dataclass import dataclass
from chatmgr.domain.items import Item
from chatmgr.domain.model import Attachment

Columns = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class MergedRun:
    """A run of a turn.

    ``columns`` are those of the table but for keys and ids: state, model, provider, times, tokens, reasoning
    and so on. ``version`` is the key of the assistant's version that answered. ``conversation`` is the key of
    the conversation that made it; empty for the one that is merged.
    """

    key: str
    version: str
    columns: Columns
    answer: str | None = None
    items: tuple[Item, ...] = ()
    conversation: str = ""


@dataclass(frozen=True, slots=True)
class MergedTurn:
    """A turn with all its runs.

    ``parent`` is the key of the turn before it, empty for a first one. ``branch`` is the key of the branch
    that it is in where it comes from, empty for none: it is kept wherever its place in that is free. ``run``
    is the key of the run that answers it. ``items`` are those of the turn itself: what the user sent beside
    the message.
    """

    key: str
    parent: str
    text: str
    created_at: datetime
    runs: tuple[MergedRun, ...] = ()
    run: str = ""
    files: tuple[Attachment, ...] = ()
    items: tuple[Item, ...] = ()
    branch: str = ""
    stamp: int | None = None


@dataclass(frozen=True, slots=True)
class MergedAssistant:
    """A version of an assistant, known by its key; ``name`` is the assistant's."""

    key: str
    name: str
    instructions: str
    model: str = ""
    provider: str = ""
    params: Columns = field(default_factory=dict)
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class MergedConversation:
    """A conversation and every turn that belongs to it, parents before those that follow them.

    ``tip`` is the key of the turn that its path ends with, empty for none. ``columns`` are those of the table
    but for keys and ids; they count only where the conversation is new. ``source`` is the kind and the id by
    which another program knows it, and ``digest`` what that looked like.
    """

    key: str
    name: str
    turns: tuple[MergedTurn, ...]
    tip: str
    assistant: str
    columns: Columns
    tags: tuple[str, ...] = ()
    source: tuple[str, str] | None = None
    digest: str = ""
