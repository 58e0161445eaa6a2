"""What becomes of a message whose conversation changed meanwhile, in another terminal: the person decides."""

from typing import Literal

import click

from chatmgr.domain.addresses import in_shell
from chatmgr.domain.errors import TipMoved
from chatmgr.domain.model import Conversation
from chatmgr.domain.tree import TipChange
from chatmgr.terminal.console import console
from chatmgr.ui import transcript_view
from chatmgr.ui.context import app, interactive
from chatmgr.ui.prompts import ask_choice

IfMoved = Literal["ask", "append", "fork"]


def place_after(conversation: Conversation, moved: TipMoved, if_moved: IfMoved = "ask") -> Conversation:
    """Where a message goes whose conversation moved: on after that, or into a fork of what was seen.

    Raises ``moved`` where nobody decides. What was decided is said in a line.
    """
    change = moved.change
    if if_moved == "append":
        console.note(f"{change.described(conversation.name)} Going on after that.", "yellow")
        return _after(conversation)
    if if_moved == "fork":
        console.note(change.described(conversation.name), "yellow")
        return _fork(conversation, change)
    if not interactive():
        raise moved
    return _asked(conversation, moved)


def _asked(conversation: Conversation, moved: TipMoved) -> Conversation:
    change = moved.change
    console.note(change.described(conversation.name), "yellow")
    onward, them = ("there", "it") if change.undone else ("after them", "them")
    question = f"[g]o on {onward}, [f]ork from here, [s]how {them}?"
    while True:
        try:
            pressed = ask_choice(question, "gfs")
        except click.Abort:
            moved.message, moved.hint = "Nothing was sent.", ""
            raise moved from None
        if pressed == "g":
            return _after(conversation)
        if pressed == "f":
            return _fork(conversation, change)
        _show(conversation, change)


def _show(conversation: Conversation, change: TipChange) -> None:
    """Show the turns that were not seen, or the last one where some were only undone."""
    first = change.common + 1 if change.added else change.common
    with app().reader as reader:
        transcript_view.show_turns(
            reader.turns.list(reader.conversations.refresh(conversation), max(first, 1))
        )


def _after(conversation: Conversation) -> Conversation:
    app().tips.see(conversation)
    with app().reader as reader:
        return reader.conversations.refresh(conversation)


def _fork(conversation: Conversation, change: TipChange) -> Conversation:
    fork = app().tips.fork(conversation, change)
    console.note(
        f"Forked {conversation.name}@{change.seen.position} as {fork.name}; the message goes there. "
        f"Go on: chatmgr resume {in_shell(fork.name)}"
    )
    return fork
