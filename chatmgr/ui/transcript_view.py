"""Earlier turns as they are shown: whole, with the time between them, and how the last one ended.

At a terminal for ``resume`` and the chat; as a page in the browser for ``history --web``.
"""

import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from chatmgr.domain.errors import ChatmgrError
from chatmgr.domain.model import Conversation, Turn
from chatmgr.domain.states import LIVE, RunState
from chatmgr.terminal.console import console
from chatmgr.terminal.durations import divider, time_later
from chatmgr.terminal.graphics.drawn_image import Drawing, undrawn
from chatmgr.terminal.region import stdout_size
from chatmgr.terminal.turn_lines import File, turn_lines
from chatmgr.ui.context import app, markdown
from chatmgr.ui.images import stored_image

if TYPE_CHECKING:
    from chatmgr.domain.stored_items import StoredItem
    from chatmgr.terminal.rendered_turn import Answerer

CONTEXT = 2  # turns shown before and after the one that was asked for
_ADVICE = {
    "interrupted": "This answer broke off. Go on with it: /continue — or ask again: /retry",
    "cancelled": "This answer was stopped. Go on with it: /continue — or ask again: /retry",
    "failed": "This turn has no answer. Once the cause is fixed, ask again: /retry",
    "incomplete": "This answer was cut off. Go on with it: /continue — or ask again: /retry",
    "content_filter": "This answer was cut off by the provider's filter. Ask in other words.",
}


def show_tail(conversation: Conversation, count: int) -> None:
    """Show the last turns, where a person is looking; that there are none is always noted."""
    if not conversation.turns:
        console.note(f"“{conversation.name}” has no turns yet. Say something.")
    turns = app().reader.turns.tail(conversation, count) if count and sys.stdout.isatty() else []
    show_turns(turns)
    if turns:
        _show_time_since(conversation, turns[-1])


def show_around(conversation: Conversation, position: int, count: int) -> None:
    """Show a turn, ``count`` turns on either side of it, then how far it is to the last turn, and that."""
    if not sys.stdout.isatty():
        return
    reader = app().reader
    turns = list(reader.turns.list(conversation, max(position - count, 1), position + count))
    [last] = reader.turns.tail(conversation, 1)
    distance = last.turn - turns[-1].turn
    show_turns([*turns, last] if distance == 1 else turns)
    if distance > 1:
        console.gap()
        _show_pause(f"{distance:,} turns later the conversation goes on")
        show_turns([last])
    _show_time_since(conversation, last)


def show_turns(turns: Iterable[Turn]) -> None:
    """Show turns, whole, as they are read; at a terminal with the time between them."""
    terminal, rendered = sys.stdout.isatty(), markdown()
    ended: datetime | None = None
    before: Answerer | None = None
    for turn in turns:
        if terminal:
            console.gap()
            _show_pause(time_later(ended, turn.started_at))
        drawing = stored_image if terminal else undrawn
        files, items = app().reader.turns.attachments(turn), app().reader.items.of(turn)
        for line in (
            rendered_turn(turn, files, items, before, drawing)
            if rendered
            else turn_lines(turn, files, terminal=terminal, items=items, drawing=drawing)
        ):
            console.out(line)
        ended, before = turn.finished_at or turn.started_at, answerer_of(turn)


def answerer_of(turn: Turn) -> "Answerer | None":
    """Who answered a turn; None for a turn without an answer."""
    return (turn.assistant, turn.model) if turn.answer or turn.items else None


def rendered_turn(
    turn: Turn,
    files: Iterable[File],
    items: "list[StoredItem]",
    before: "Answerer | None",
    drawing: Drawing = undrawn,
    *,
    usage: bool = False,
    with_reasoning: bool = False,
) -> Iterator[str]:
    """A turn as rows of the terminal; ``with_reasoning`` shows that too, if the person's settings do."""
    from chatmgr.terminal.rendered_turn import turn_rows

    yield from turn_rows(
        *(turn, files, items),
        width=stdout_size()[0],
        now=datetime.now(UTC),
        before=before,
        drawing=drawing,
        usage=usage,
        reasoning=with_reasoning and bool(items) and bool(app().settings.get("show_reasoning")),
    )


def _show_pause(duration: str) -> None:
    if duration:
        console.out(divider(duration, terminal=True))
        console.gap()


def _show_time_since(conversation: Conversation, last: Turn) -> None:
    """How long ago the last turn was, and what to do where it has no whole answer."""
    if duration := time_later(last.finished_at or last.started_at, datetime.now(UTC)):
        console.gap()
        _show_pause(f"{duration}: now")
    if advice := _advice(conversation, last):
        console.gap()
        console.note(advice, "attention")


def _advice(conversation: Conversation, last: Turn) -> str:
    if last.state == RunState.REQUIRES_ACTION:
        name = quote(conversation.name)
        return f"This waits for you. Answer or decline its calls: chatmgr runs answer {name}"
    if last.state in LIVE:  # recovery left it alone: another process is at it
        name = quote(conversation.name)
        return f"This is still being answered elsewhere. Wait for it: chatmgr runs wait {name}"
    filtered = last.state == "incomplete" and last.detail == "content_filter"
    advice = _ADVICE.get(last.detail if filtered else last.state, "")
    return (
        advice if last.answer or "/continue" not in advice else "This turn has no answer. Ask again: /retry"
    )


def open_in_browser(conversation: Conversation) -> None:
    """Write a conversation's page into chatmgr's own folder, replacing an earlier one, and open it."""
    import webbrowser

    path = _write_page(conversation)
    try:
        opened = webbrowser.open(path.as_uri())
    except (webbrowser.Error, OSError):
        opened = False
    if not opened:
        raise ChatmgrError(f"No browser can be opened here; the page is {path}.", "Or set BROWSER.")
    console.note(str(path))


def _write_page(conversation: Conversation) -> Path:
    from chatmgr.formats.atomic_write import write_file
    from chatmgr.services.export import Exporter
    from chatmgr.services.trash import page_path

    path = page_path(conversation)
    with app().reader.snapshot():
        write_file(path, Exporter(app().reader).pieces([conversation.pk], "html"), force=True)
    return path
