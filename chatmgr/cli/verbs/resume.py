"""``chatmgr resume``: the tail of a conversation, then the chat."""

from shlex import quote

import click

from chatmgr.chat.lookups import choose
from chatmgr.chat.session import run_chat
from chatmgr.cli.verbs.send import adjusted
from chatmgr.domain.addresses import parse_address
from chatmgr.domain.errors import NotFound, UsageFault
from chatmgr.domain.model import Conversation
from chatmgr.terminal.console import can_edit_lines, console
from chatmgr.terminal.typeahead import early_typeahead, typeahead_paused
from chatmgr.ui import project_folder as folders
from chatmgr.ui import transcript_view
from chatmgr.ui.context import (
    ConversationName,
    app,
    background_option,
    interactive,
    max_cost_option,
    model_option,
    plain_option,
    provider_option,
    reasoning_option,
)
from chatmgr.ui.turn_view import settle


@click.command("resume", short_help="Continue a conversation where it was left.")
@click.argument(
    "address",
    required=False,
    metavar="[NAME[@TURN]]",
    type=ConversationName(),
    help="The conversation; if left out, the one used last in this folder, else anywhere.",
)
@click.option("-i", "--pick", is_flag=True, help="Pick the conversation from a list, with a preview.")
@click.option(
    "-n",
    "--count",
    type=click.IntRange(min=0),
    help="Turns to show first (setting: tail); with @TURN, as many before and after it (2).",
)
@folders.here_option
@provider_option
@model_option
@background_option
@max_cost_option
@reasoning_option
@plain_option
@early_typeahead()
def command(
    address: str | None,
    pick: bool,
    count: int | None,
    here: bool,
    provider: str,
    model: str,
    background: bool,
    max_cost: float | None,
    reasoning: bool,
) -> int:
    """Show the last turns of a conversation, or those around one, then go on with it.

    \b
    exit(), /exit or Ctrl-D leave with the code of the last turn.
    Ctrl-C stops an answer and keeps what has come; twice in a row leaves, with code 130.
    Alt-Enter breaks the line, as does Enter in a message that begins with three quotes (\"\"\").
    Ctrl-R searches what was said in all conversations; /help shows the commands and keys.
    Lines piped in are sent one by one.

    \b
    Examples:
      chatmgr resume demo
      chatmgr resume demo@12   (as a search found it)
      chatmgr resume   (the conversation used last in this folder, else anywhere)
      chatmgr resume --pick
    """
    if pick and address:
        raise UsageFault("Either name a conversation or pick one.", "Leave NAME or --pick out.")
    found = app()
    if here and (address or pick):
        raise UsageFault("--here goes without a name: it takes the last one of this folder.")
    given = parse_address(address) if address else None
    named = found.reader.conversation(given.name) if given else None
    conversation = named or (_picked() if pick else folders.last(here=here))
    if conversation is None:
        return 0  # looked, and left
    if address is None and not interactive():
        console.note(f"Going on with: chatmgr resume {quote(conversation.name)}")  # nobody named it
    hit = found.reader.turn(conversation, given.turn) if given and given.turn is not None else None
    found.writer.touch(conversation.pk, found.here)
    settle(conversation)
    with found.reader:
        if hit:
            transcript_view.around(conversation, hit.turn, transcript_view.AROUND if count is None else count)
        else:
            transcript_view.tail(conversation, found.settings.get("tail") if count is None else count)
    conversation = adjusted(conversation, provider, model, max_cost)
    return run_chat(conversation, background=background, reasoning=reasoning)


def _picked() -> Conversation | None:
    if not can_edit_lines():
        raise UsageFault("There is no terminal to pick at.", "Name the conversation: chatmgr resume NAME")
    if app().reader.last_used() is None:
        raise NotFound("conversation", "", (), "Begin one: chatmgr new")
    with typeahead_paused():
        return choose()
