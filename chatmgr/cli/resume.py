"""``chatmgr resume``: the tail of a conversation, then the chat."""

import sys

import click

from chatmgr.cli.chat import hold
from chatmgr.cli.common import (
    ConversationName,
    app,
    background_option,
    markdown,
    max_cost_option,
    model_option,
    plain_option,
    provider_option,
    reasoning_option,
)
from chatmgr.cli.send import adjusted
from chatmgr.cli.showing import settle
from chatmgr.domain.errors import NotFound
from chatmgr.terminal import listing
from chatmgr.terminal.console import console


@click.command("resume", short_help="Continue a conversation where it was left.")
@click.argument(
    "name", required=False, type=ConversationName(), help="The conversation; the one used last if left out."
)
@click.option("-n", "--count", type=click.IntRange(min=0), help="Turns to show first (setting: tail).")
@provider_option
@model_option
@background_option
@max_cost_option
@reasoning_option
@plain_option
def command(
    name: str | None,
    count: int | None,
    provider: str,
    model: str,
    background: bool,
    max_cost: float | None,
    reasoning: bool,
) -> int:
    """Show the last turns of a conversation, then go on with it.

    \b
    exit(), /exit or Ctrl-D leave; Ctrl-C stops an answer and keeps what has come.
    Lines piped in are sent one by one.

    \b
    Examples:
      chatmgr resume demo
      chatmgr resume          (the conversation used last)
    """
    found = app()
    conversation = found.reader.conversation(name) if name else found.reader.last_used()
    if conversation is None:
        raise NotFound("conversation", "", (), "Begin one: chatmgr new")
    found.ledger.touch(conversation.pk)
    settle(conversation)
    tail = count if count is not None else int(found.settings.get("tail"))
    terminal = sys.stdout.isatty()
    for turn in found.reader.tail(conversation, tail) if tail and terminal else ():
        for line in listing.turn(
            turn, found.reader.attachments(turn), terminal=terminal, rendered=markdown()
        ):
            console.out(line)
    if not conversation.turns:
        console.note(f"“{conversation.name}” has no turns yet. Say something.")
    conversation = adjusted(conversation, provider, model, max_cost)
    return hold(conversation, background=background, reasoning=reasoning)
