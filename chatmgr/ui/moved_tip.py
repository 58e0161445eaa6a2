"""What becomes of a message whose conversation changed meanwhile, in another terminal: the person decides."""

from typing import Literal

import click

from chatmgr.domain.addresses import in_shell
from chatmgr.domain.model import Conversation
from chatmgr.domain.tree import TipChange, TipMoved
from chatmgr.terminal.console import console
from chatmgr.ui import transcript_view
from chatmgr.ui.context import app, interactive
from chatmgr.ui.prompts import ask_choice

IfMoved = Literal["ask", "append", "fork"]


def place(conversation: Conversation, seen: str, if_moved: IfMoved, *, wait: bool = False) -> Conversation:
    """Where a message goes whose author saw the turn ``seen`` last; see ``place_after``."""
    app().tips.expect(conversation, seen)
    try:
        app().tips.check(conversation)
    except TipMoved as moved:
        return place_after(conversation, moved, if_moved, wait=wait)
    return conversation


def place_after(
    conversation: Conversation,
    moved: TipMoved,
    if_moved: IfMoved = "ask",
    back: str = "",
    *,
    wait: bool = False,
) -> Conversation:
    """Where a message goes whose conversation moved: on after that, or into a fork of what was seen.

    Raises ``moved`` where nobody decides. What was decided is said in a line. A chat goes along to a fork:
    ``back`` is the command that goes back. A fork waits, with ``wait``, for who is in the conversation.
    """
    change = moved.change
    if if_moved == "append":
        console.note(f"{change.described(conversation.name)} Going on after that.", "attention")
        return _after(conversation)
    if if_moved == "fork":
        console.note(change.described(conversation.name), "attention")
        return _fork(conversation, change, back, wait=wait)
    if not interactive():
        raise moved
    return _asked(conversation, moved, back, wait=wait)


def _asked(conversation: Conversation, moved: TipMoved, back: str, *, wait: bool) -> Conversation:
    change = moved.change
    console.note(change.described(conversation.name), "attention")
    them = "it" if change.undone or change.added == 1 else "them"
    onward = "there" if change.undone else f"after {them}"
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
            return _fork(conversation, change, back, wait=wait)
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


def _fork(conversation: Conversation, change: TipChange, back: str, *, wait: bool) -> Conversation:
    fork = app().tips.fork(conversation, change, wait=wait)
    seen = f"@{change.seen.position}" if change.seen.position else ""
    onward = f"Go back: {back}" if back else f"Go on: chatmgr resume {in_shell(fork.name)}"
    console.note(f"Forked {conversation.name}{seen} as “{fork.name}”; the message goes there. {onward}")
    return fork
