"""What was said before, as ``resume`` shows it: turns, the time between them, how the last one ended."""

import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from shlex import quote

from chatmgr.domain.model import Conversation, Turn
from chatmgr.domain.states import LIVE
from chatmgr.terminal.console import console
from chatmgr.terminal.durations import divider, time_later
from chatmgr.terminal.turn_lines import turn_lines
from chatmgr.ui.context import app, markdown

AROUND = 2  # turns shown before and after the one that was asked for
_AGAIN = "send the message again (↑ brings it back)"
_ADVICE = {
    "interrupted": f"This answer broke off. For a whole one, {_AGAIN}.",
    "cancelled": f"This answer was stopped. For a whole one, {_AGAIN}.",
    "failed": f"This has no answer. When what failed is mended, {_AGAIN}.",
    "incomplete": f"This answer was cut off. Ask for the rest, or {_AGAIN}.",
    "content_filter": "This answer was cut off by the provider's filter. Ask in other words.",
}


def tail(conversation: Conversation, count: int) -> None:
    """The last turns, where a person is looking; that there are none is always said."""
    if not conversation.turns:
        console.note(f"“{conversation.name}” has no turns yet. Say something.")
    turns = app().reader.turns.tail(conversation, count) if count and sys.stdout.isatty() else []
    show(turns)
    if turns:
        _until_now(conversation, turns[-1])


def around(conversation: Conversation, position: int, count: int) -> None:
    """A turn between its neighbours; then how far it is to the end, and the last turn."""
    if not sys.stdout.isatty():
        return
    reader = app().reader
    turns = list(reader.turns.list(conversation, max(position - count, 1), position + count))
    [last] = reader.turns.tail(conversation, 1)
    far = last.turn - turns[-1].turn
    show([*turns, last] if far == 1 else turns)
    if far > 1:
        console.out(divider(f"{far:,} turns later the conversation goes on", terminal=True))
        show([last])
    _until_now(conversation, last)


def show(turns: Iterable[Turn]) -> None:
    """Turns, whole, as they are read; at a terminal with the time between them."""
    terminal = sys.stdout.isatty()
    ended: datetime | None = None
    for turn in turns:
        files = app().reader.turns.attachments(turn)
        if terminal:
            _pause(time_later(ended, turn.started_at))
        for line in turn_lines(turn, files, terminal=terminal, rendered=markdown()):
            console.out(line)
        ended = turn.finished_at or turn.started_at


def _pause(words: str) -> None:
    if words:
        console.out(divider(words, terminal=True))


def _until_now(conversation: Conversation, last: Turn) -> None:
    """How long ago that was, and what can be done where it has no whole answer."""
    if gap := time_later(last.finished_at or last.started_at, datetime.now(UTC)):
        _pause(f"{gap}: now")
    if advice := _advice(conversation, last):
        console.note(advice, "yellow")


def _advice(conversation: Conversation, last: Turn) -> str:
    if last.state in LIVE:  # and not taken up just now: another process has it in hand
        name = quote(conversation.name)
        return f"This is still being answered elsewhere. Wait for it: chatmgr runs wait {name}"
    filtered = last.state == "incomplete" and last.detail == "content_filter"
    return _ADVICE.get(last.detail if filtered else last.state, "")
