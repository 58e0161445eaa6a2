"""A conversation as the transcript formats take it: read while it is written, never all in memory."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from chatmgr.domain.model import Assistant, Attachment, Conversation, Turn
from chatmgr.domain.stored_items import StoredItem


@dataclass(frozen=True, slots=True)
class TranscriptTurn:
    """A turn, its files and items; ``ending`` is set unless it is complete, ``usage`` is tokens and cost."""

    turn: Turn
    files: tuple[Attachment, ...]
    ending: str
    usage: str
    items: tuple[StoredItem, ...] = ()


@dataclass(frozen=True, slots=True)
class Transcript:
    """A conversation, its assistant, and its turns, which are read again at each call of ``turns``."""

    conversation: Conversation
    assistant: Assistant
    turns: Callable[[], Iterator[TranscriptTurn]]
