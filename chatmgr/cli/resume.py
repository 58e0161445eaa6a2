"""``chatmgr resume``: the tail of a conversation, then the chat."""

import click

from chatmgr.cli.chat import hold, show_tail
from chatmgr.cli.common import (
    ConversationName,
    app,
    background_option,
    max_cost_option,
    model_option,
    plain_option,
    provider_option,
    reasoning_option,
)
from chatmgr.cli.send import adjusted
from chatmgr.cli.showing import settle
from chatmgr.cli.sources import choose
from chatmgr.domain.errors import NotFound, UsageFault
from chatmgr.domain.model import Conversation
from chatmgr.terminal.prompt import can_draw


@click.command("resume", short_help="Continue a conversation where it was left.")
@click.argument(
    "name", required=False, type=ConversationName(), help="The conversation; the one used last if left out."
)
@click.option("-i", "--pick", is_flag=True, help="Pick the conversation from a list, with a preview.")
@click.option("-n", "--count", type=click.IntRange(min=0), help="Turns to show first (setting: tail).")
@provider_option
@model_option
@background_option
@max_cost_option
@reasoning_option
@plain_option
def command(
    name: str | None,
    pick: bool,
    count: int | None,
    provider: str,
    model: str,
    background: bool,
    max_cost: float | None,
    reasoning: bool,
) -> int:
    """Show the last turns of a conversation, then go on with it.

    \b
    exit(), /exit or Ctrl-D leave with the code of the last turn.
    Ctrl-C stops an answer and keeps what has come; twice in a row leaves, with code 130.
    Alt-Enter breaks the line, as does Enter in a message that begins with three quotes (\"\"\").
    Ctrl-R searches what was said in all conversations; /help shows the commands and keys.
    Lines piped in are sent one by one.

    \b
    Examples:
      chatmgr resume demo
      chatmgr resume          (the conversation used last)
      chatmgr resume --pick
    """
    if pick and name:
        raise UsageFault("Either name a conversation or pick one.", "Leave NAME or --pick out.")
    found = app()
    conversation = (
        _picked() if pick else found.reader.conversation(name) if name else found.reader.last_used()
    )
    if conversation is None:
        if pick and found.reader.last_used():
            return 0  # looked, and left
        raise NotFound("conversation", "", (), "Begin one: chatmgr new")
    found.ledger.touch(conversation.pk)
    settle(conversation)
    show_tail(conversation, count if count is not None else int(found.settings.get("tail")))
    conversation = adjusted(conversation, provider, model, max_cost)
    return hold(conversation, background=background, reasoning=reasoning)


def _picked() -> Conversation | None:
    if not can_draw():
        raise UsageFault("There is no terminal to pick at.", "Name the conversation: chatmgr resume NAME")
    return choose()
