"""What a search gives: turns and conversations, each with the piece of text that matches."""

from collections.abc import Iterator
from datetime import datetime

from chatmgr.domain.values import dataclass

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Snippet:
    """A piece of a text on one line, and the places in it that match.

    ``side`` tells whose text: ``user``, ``answer`` or ``title``.
    """

    text: str
    spans: tuple[Span, ...]
    side: str


@dataclass(frozen=True, slots=True)
class Hit:
    """A turn that matches, or (``turn`` None) a conversation whose name or title does."""

    conversation: str
    turn: int | None
    title: str
    assistant: str
    model: str
    provider: str
    state: str
    at: datetime
    snippet: Snippet
    score: float | None = None


@dataclass(slots=True)
class Found:
    """The hits, read as they are consumed; ``more`` is known when they are: too many to rank."""

    hits: Iterator[Hit]
    more: bool = False
