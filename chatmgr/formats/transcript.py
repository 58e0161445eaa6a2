"""A conversation as the formats for people take it: read as it is written, never whole in memory."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from chatmgr.domain.model import Assistant, Attachment, Conversation, Turn


@dataclass(frozen=True, slots=True)
class TranscriptTurn:
    """A turn and its files; ``ending`` says how it ended, if not simply well, ``usage`` what it took."""

    turn: Turn
    files: tuple[Attachment, ...]
    ending: str
    usage: str


@dataclass(frozen=True, slots=True)
class Transcript:
    """A conversation, its assistant, and its turns, which are read anew at each call."""

    conversation: Conversation
    assistant: Assistant
    turns: Callable[[], Iterator[TranscriptTurn]]
