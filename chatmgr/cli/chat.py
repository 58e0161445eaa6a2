"""The chat as ``new`` and ``resume`` hold it."""

import shlex

from chatmgr.cli.common import app, checked_message, show_turn
from chatmgr.domain.model import Conversation
from chatmgr.terminal.console import console
from chatmgr.terminal.prompt import chat_prompt
from chatmgr.terminal.repl import chat

_REMEMBERED = 200


def hold(conversation: Conversation) -> int:
    """Chat until the user leaves; says how to come back. Returns the last turn's exit code."""
    found = app()
    found.usable(found.provider(conversation.provider))
    earlier = [turn.user for turn in found.reader.tail(conversation, _REMEMBERED)]
    found.reader.close()
    found.warm(conversation.provider)

    def run_turn(text: str) -> None:
        show_turn(found.ask(conversation, checked_message(text)))
        console.note("", "")

    try:
        return chat(chat_prompt(earlier), run_turn, console)
    finally:
        console.note(f"Resume with: chatmgr resume {shlex.quote(conversation.name)}")
