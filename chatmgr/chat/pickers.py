"""What a person picks from a list: a conversation, with the last of what was said in it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from chatmgr.domain.model import Conversation, Turn
from chatmgr.domain.text import counted
from chatmgr.terminal.conversation_table import about_spans
from chatmgr.terminal.durations import age
from chatmgr.terminal.turn_lines import turn_lines
from chatmgr.ui.context import app, markdown

if TYPE_CHECKING:
    from chatmgr.chat.input.choices import Choice

_PREVIEW_TURNS = 6
_PREVIEW_CHARACTERS = 8_000  # of a message, or of an answer of text alone: more than any screen shows


def pick_conversation(query: str = "") -> Conversation | None:
    """Let the person pick a conversation, newest activity first; None if they leave the list."""
    from chatmgr.chat.input.picker import pick

    with app().reader:
        picked = pick(_conversations(), "conversations", _last_turns, query)
    return picked.value if picked else None


def _conversations() -> "Iterator[Choice[Conversation]]":
    from chatmgr.chat.input.choices import Choice

    now = datetime.now(UTC)
    for conversation in app().reader.conversations.list(0):
        facts = (counted(conversation.turns, "turn"), conversation.model, age(conversation.updated_at, now))
        yield Choice(conversation.name, conversation, about_spans(conversation), facts)


def _last_turns(row: "Choice[Conversation]", width: int, height: int) -> list[str]:
    """The last turns as they look in the chat, as far as they fit."""
    lines: list[str] = []
    for turn in reversed(app().reader.turns.tail(row.value, _PREVIEW_TURNS)):
        lines = [*_turn(turn, width), *lines]
        if len(lines) > height:
            break
    return lines


def _turn(turn: Turn, width: int) -> Iterator[str]:
    reader = app().reader
    items = reader.items.of(turn)
    answer = turn.answer if items else turn.answer[-_PREVIEW_CHARACTERS:]
    shown = replace(turn, user=turn.user[:_PREVIEW_CHARACTERS], answer=answer)
    return turn_lines(
        shown, reader.turns.attachments(turn), terminal=True, rendered=markdown(), items=items, width=width
    )
