"""Turns as they come from a source, before they have keys; those of a conversation without branches."""

from collections.abc import Sequence
from datetime import datetime

from chatmgr.domain.fast_dataclass import dataclass
from chatmgr.domain.items import Item
from chatmgr.domain.model import Attachment
from chatmgr.domain.source_conversations import SourceConversation, SourceMessage, SourceRole
from chatmgr.importers.answers import TEXTS, SourceRun, answer_of, joined_texts, plain_text

UNANSWERED = -1


@dataclass(frozen=True, slots=True)
class SourceTurn:
    """A turn. ``parent`` is the number of the turn before it in the list, -1 for a first one.

    ``id`` is the message's; empty for answers that nobody asked for. ``run`` is the number of the chosen run,
    -1 where there is none. ``copy`` is the number of the turn that this one repeats, -1 for none.
    """

    id: str
    parent: int
    text: str
    files: tuple[Attachment, ...]
    items: tuple[Item, ...]
    at: datetime | None
    runs: tuple[SourceRun, ...] = ()
    run: int = UNANSWERED
    copy: int = -1


@dataclass(frozen=True, slots=True)
class SourceTurns:
    """The turns of a conversation, parents first; ``tip`` is the number of the one it ends with, or -1."""

    turns: tuple[SourceTurn, ...]
    tip: int
    branches: int


def turn_of(
    message: SourceMessage | None,
    parent: int,
    at: datetime | None,
    runs: tuple[SourceRun, ...],
    run: int,
    copy: int = -1,
) -> SourceTurn:
    """A turn of what a user said, or of answers that nobody asked for."""
    if message is None:
        return SourceTurn("", parent, "", (), (), at, runs, run, copy)
    plain = plain_text(message.items)
    text, items = joined_texts(message.items) if plain is None else (plain, [])
    own = tuple(item for item in items if item.kind not in TEXTS)
    return SourceTurn(message.id, parent, text, message.files, own, at, runs, run, copy)


def turns_of_one_path(conversation: SourceConversation) -> SourceTurns | None:
    """The turns where each message follows the one before it and the last is the current one; else None.

    Most conversations are like that, and need no tree.
    """
    said = _one_path(conversation)
    if said is None:
        return None
    turns: list[SourceTurn] = []
    place, end = 0, len(said)
    while place < end:
        is_asked = said[place].role is SourceRole.USER
        start = place + 1 if is_asked else place
        stop = start
        while stop < end and said[stop].role is not SourceRole.USER:
            stop += 1
        at = said[place].at or (turns[-1].at if turns else None)
        runs = (answer_of(said[start:stop], conversation.model),) if stop > start else ()
        question = said[place] if is_asked else None
        turns.append(turn_of(question, len(turns) - 1, at, runs, 0 if runs else UNANSWERED))
        place = stop
    return SourceTurns(tuple(turns), len(turns) - 1, 1 if turns else 0)


def _one_path(conversation: SourceConversation) -> Sequence[SourceMessage] | None:
    """What is said, where nothing branches and nothing follows the current message."""
    before, met = "", set[str]()
    for message in conversation.messages:
        if message.parent != before or message.id in met:
            return None
        before = message.id
        met.add(before)
    said = [message for message in conversation.messages if message.role is not SourceRole.HIDDEN]
    if conversation.current in ("", before) or (said and conversation.current == said[-1].id):
        return said
    return None
