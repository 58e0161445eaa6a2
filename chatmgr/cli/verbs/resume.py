"""``chatmgr resume``: the last turns of a conversation, then the chat."""

from shlex import quote

import click

from chatmgr.chat.offers import conversations
from chatmgr.chat.session import run_chat
from chatmgr.cli.messages import MessageCommand, checked_message, message_from, read_stdin
from chatmgr.cli.params import (
    NameParam,
    after_option,
    append_option,
    background_option,
    fork_if_moved_option,
    here_option,
    if_moved,
    max_cost_option,
    model_option,
    plain_option,
    provider_option,
    reasoning_option,
)
from chatmgr.domain import addresses
from chatmgr.domain.addresses import in_shell
from chatmgr.domain.errors import NotFound, UsageFault
from chatmgr.domain.model import Conversation, Turn
from chatmgr.domain.text import counted
from chatmgr.terminal.console import can_edit_lines, console
from chatmgr.terminal.typeahead import early_typeahead, typeahead_paused
from chatmgr.ui import transcript_view
from chatmgr.ui.context import app, interactive
from chatmgr.ui.moved_tip import place
from chatmgr.ui.path_lines import forked
from chatmgr.ui.project_folder import last_conversation
from chatmgr.ui.prompts import ask_choice
from chatmgr.ui.turn_view import adjust, note_unlisted_model, settle


@click.command("resume", cls=MessageCommand, short_help="Continue a conversation.")
@click.argument(
    "address",
    required=False,
    metavar="[NAME[@TURN]]",
    type=NameParam("conversation"),
    help="The conversation. Default: the last one used in this project, or anywhere.",
)
@click.argument("message", required=False, help="A message to go on with. Piped input comes before it.")
@click.option("-i", "--pick", is_flag=True, help="Pick the conversation from a list, with a preview.")
@click.option(
    "-n",
    "--count",
    type=click.IntRange(min=0),
    help="Turns to show first (default: the setting tail); with @TURN, turns before and after it "
    "(default: 2).",
)
@here_option
@after_option
@append_option
@fork_if_moved_option
@provider_option
@model_option
@background_option
@max_cost_option
@reasoning_option
@plain_option
@early_typeahead()
def command(
    address: str | None,
    message: str | None,
    pick: bool,
    count: int | None,
    here: bool,
    after: str,
    append: bool,
    fork_if_moved: bool,
    provider: str,
    model: str,
    background: bool,
    max_cost: float | None,
    reasoning: bool,
) -> int:
    """Continue a conversation, after showing its last turns or those around one turn.

    \b
    exit(), /exit or Ctrl-D leave the chat, with the exit code of the last turn.
    Ctrl-C stops an answer and keeps what has arrived; twice in a row leaves, with code 130.
    Alt-Enter and Ctrl-J break the line, as does Enter in a message that begins with three quotes (\"\"\").
    While an answer streams, Enter queues the next message, Up takes it back, and Esc stops the answer.
    Ctrl-R searches your messages in all conversations; /help lists commands and keys.
    Piped lines are sent one by one. A MESSAGE on the command line is said first, with all that is piped in.

    A turn in the middle is shown, and you are asked whether to go on at the end or to fork there. If another
    process changes the conversation while you chat, you are told before your next message is sent.

    \b
    Examples:
      chatmgr resume demo
      chatmgr resume demo "And in French?"
      chatmgr resume demo@12   (the address of a search hit)
      chatmgr resume   (the last conversation of this project, or of all)
      chatmgr resume --pick
    """
    policy = if_moved(append, fork_if_moved)
    first = "" if message is None else checked_message(message_from(message, read_stdin()))
    conversation, turn = _chosen(address, pick=pick, here=here)
    if conversation is None:
        return 0  # the person left the list without picking
    if turn and turn.turn < conversation.turns and not interactive():
        raise _in_the_middle(turn)
    app().writer.conversations.touch(conversation.pk, app().here)
    settle(conversation)
    if after:
        conversation = place(conversation, after, policy)
    else:
        app().tips.see(conversation)  # before it is shown: what is not seen yet is said later
    _show(conversation, turn, count)
    if turn and turn.turn < conversation.turns:
        conversation = _end_or_fork(conversation, turn)
    conversation = adjust(conversation, provider, model, max_cost)
    if interactive():  # else the next piped line does
        note_unlisted_model(conversation.provider, model)
    return run_chat(conversation, background=background, reasoning=reasoning, if_moved=policy, first=first)


def _chosen(address: str | None, *, pick: bool, here: bool) -> tuple[Conversation | None, Turn | None]:
    """The conversation that is meant, and the turn that was asked for; no conversation if none was picked."""
    if pick and address:
        raise UsageFault("Name a conversation or pick one, not both.", "Leave out NAME or --pick.")
    if here and (address or pick):
        raise UsageFault("--here goes without a name: it takes the last one used in this folder.")
    if address:
        typed = addresses.parse_address(address)
        if "~" in typed.name:  # another path: says how to go there
            app().paths.at(address)
        conversation = app().reader.conversations.get(typed.name)
        turn = None if typed.turn is None else app().reader.turns.get(conversation, typed.turn)
        return conversation, turn
    last = _picked() if pick else last_conversation(here=here)
    if last and not interactive():
        console.note(f"Going on with: chatmgr resume {quote(last.name)}")  # nobody named it
    return last, None


def _in_the_middle(turn: Turn) -> UsageFault:
    name, address = in_shell(turn.conversation), in_shell(f"{turn.conversation}@{turn.turn}")
    return UsageFault(
        f"{turn.conversation}@{turn.turn} is in the middle of “{turn.conversation}”.",
        f"Go on at its end: chatmgr resume {name} — or from there: chatmgr fork {address}",
    )


def _end_or_fork(conversation: Conversation, turn: Turn) -> Conversation:
    """Let the person choose between the end of a conversation and a new one that goes on from a turn."""
    address = f"{conversation.name}@{turn.turn}"
    later = conversation.turns - turn.turn
    verb = "comes" if later == 1 else "come"
    console.note(f"{address} is in the middle: {counted(later, 'turn')} {verb} after it.", "attention")
    if ask_choice("[g]o on at the end, [f]ork from there?", "gf") == "g":
        return conversation
    fork = app().paths.fork(address)
    console.note(forked(fork))
    return app().reader.conversations.get(fork.name)


def _show(conversation: Conversation, turn: Turn | None, count: int | None) -> None:
    with app().reader:
        if turn:
            context = transcript_view.CONTEXT if count is None else count
            transcript_view.show_around(conversation, turn.turn, context)
        else:
            transcript_view.show_tail(conversation, app().settings.get("tail") if count is None else count)


def _picked() -> Conversation | None:
    if not can_edit_lines():
        raise UsageFault("There is no terminal to pick at.", "Name the conversation: chatmgr resume NAME")
    if app().reader.conversations.last_used() is None:
        raise NotFound("conversation", "", (), "Begin one: chatmgr new")
    with typeahead_paused():
        return conversations().pick()
