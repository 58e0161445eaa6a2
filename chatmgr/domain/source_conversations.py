"""Conversations as other programs keep them: what an importer reads, before it becomes turns of ours.

An importer hands over *messages*, each with the message that it follows, and does not decide what is a turn,
a run, or a path: ``importers.tree`` does that for all of them. Times are aware datetimes, or None where the
source has none; nothing is ever given the time of the import.
"""

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from enum import StrEnum
from pathlib import PurePath

from chatmgr.domain.events import Usage
from chatmgr.domain.fast_dataclass import dataclass
from chatmgr.domain.items import Item
from chatmgr.domain.model import Attachment
from chatmgr.domain.states import RunState


class SourceRole(StrEnum):
    """What a message does in its conversation, whatever its source calls it."""

    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"  # belongs to the answer before or around it
    HIDDEN = "hidden"  # said by nobody: what follows it follows the message before it


@dataclass(frozen=True, slots=True)
class SourceMessage:
    """One message of a source.

    ``id`` is unique in its conversation; ``parent`` is the message that it follows, empty for a first one.
    ``items`` are all that it says, in order, plain text included (``ItemKind.TEXT``), reasoning as well.
    ``files`` are those that the user sent with it. ``joins``: its text goes on where that of the message
    before it stopped, without a blank line.
    """

    id: str
    parent: str
    role: SourceRole
    items: tuple[Item, ...] = ()
    files: tuple[Attachment, ...] = ()
    at: datetime | None = None
    model: str = ""
    state: RunState = RunState.COMPLETED
    detail: str = ""
    error: str = ""
    usage: Usage = field(default_factory=Usage)
    joins: bool = False


@dataclass(frozen=True, slots=True)
class SourceConversation:
    """One conversation of a source, whole.

    ``kind`` and ``id`` say which one it is, in whatever file it comes. ``current`` is the message that its
    active path ends with; empty where the source does not say, then the newest leaf counts. ``provider`` is
    where it was held (``chatgpt.com``), which is nothing that can be called. ``instructions`` is how its
    assistant was told to be. ``unmapped`` counts, by kind, what is kept raw only, or was left out.
    """

    kind: str
    id: str
    messages: tuple[SourceMessage, ...]
    title: str = ""
    current: str = ""
    created_at: datetime | None = None
    updated_at: datetime | None = None
    tags: tuple[str, ...] = ()
    archived: bool = False
    instructions: str = ""
    provider: str = ""
    model: str = ""
    unmapped: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Place:
    """Where in what was given something is: for messages to people.

    ``index`` counts from 1 within a file; 0 where the whole file is one conversation.
    """

    file: PurePath
    member: str = ""
    index: int = 0
    id: str = ""
