"""``chatmgr send``: one turn, the answer alone on stdout."""

from shlex import quote

import click

from chatmgr.cli.messages import MessageCommand, checked_message, message_from, read_stdin
from chatmgr.cli.params import (
    NameParam,
    after_option,
    append_option,
    background_option,
    continue_option,
    file_option,
    fork_if_moved_option,
    if_moved,
    json_option,
    max_cost_option,
    model_option,
    named,
    plain_option,
    provider_option,
    reasoning_option,
)
from chatmgr.domain.addresses import LAST
from chatmgr.domain.errors import NotFound, UsageFault
from chatmgr.domain.model import UserMessage
from chatmgr.domain.tree import TipMoved
from chatmgr.services.attachments import check_files
from chatmgr.ui.attachments import attachments
from chatmgr.ui.context import app
from chatmgr.ui.project_folder import record_use
from chatmgr.ui.turn_view import adjust, send


@click.command("send", cls=MessageCommand, short_help="Run one turn and print the answer.")
@click.argument(
    "name",
    required=False,
    type=NameParam("conversation", literal=True),
    help="The conversation; @last is the one used last. Left out with -c.",
)
@click.argument("message", required=False, help="The message. Piped input comes before it.")
@continue_option
@file_option
@provider_option
@model_option
@click.option("--wait", is_flag=True, help="Wait if another process is running a turn of this conversation.")
@after_option
@append_option
@fork_if_moved_option
@background_option
@max_cost_option
@reasoning_option
@plain_option
@json_option
def command(
    name: str | None,
    message: str | None,
    go_on: bool,
    files: tuple[str, ...],
    provider: str,
    model: str,
    wait: bool,
    after: str,
    append: bool,
    fork_if_moved: bool,
    background: bool,
    max_cost: float | None,
    reasoning: bool,
    as_json: bool,
) -> None:
    """Run one turn of a conversation and print only the answer to stdout.

    \b
    Examples:
      chatmgr send demo "And in French?"
      git diff | chatmgr send review "What could break?"
      chatmgr send -c "And in Italian?"   (to the conversation used last)
      chatmgr send demo -f plan.pdf "What is missing?"
      chatmgr send demo --provider local "Continue without the network."
      chatmgr send demo --after 7 "Then let us do that."   (not if somebody else went on)
    """
    policy = if_moved(append, fork_if_moved)
    if policy != "ask" and not after:
        raise UsageFault("Moved since when?", "Say which turn you saw last: --after TURN")
    attached = attachments(files)
    if go_on:
        name, message = LAST, _only_message(name, message)
    text = message_from(message, "" if "-" in files else read_stdin())
    if not text and message is None:
        raise _incomplete(_required(name))
    name = named("conversation", _required(name))
    checked_message(text)
    conversation = app().reader.conversations.get(name)
    check_files(app().providers.get(provider or conversation.provider), attached)
    if after:  # before anything is changed; looked at again once nobody else can go on
        from chatmgr.ui.moved_tip import place

        conversation = place(conversation, after, policy, wait=wait)
    conversation = adjust(conversation, provider, model, max_cost)
    record_use(conversation)
    user_message = UserMessage(text, attached, background)
    is_sent = False
    while not is_sent:
        try:
            send(conversation, user_message, wait=wait, as_json=as_json, reasoning=reasoning)
            is_sent = True
        except TipMoved as moved:
            from chatmgr.ui.moved_tip import place_after

            conversation = place_after(conversation, moved, policy, wait=wait)


def _required(name: str | None) -> str:
    if name is None:
        context = click.get_current_context()
        raise click.MissingParameter(ctx=context, param_hint="'NAME'", param_type="argument")
    return name


def _only_message(first: str | None, second: str | None) -> str | None:
    """The message of ``send -c``, which names no conversation."""
    if second is not None:
        raise UsageFault(
            "-c goes on with the conversation used last, and no other is named with it.",
            "Leave out -c, or the name.",
        )
    return first


def _incomplete(name: str) -> UsageFault:
    """The error for a name alone: what is missing depends on whether a conversation has it."""
    if name == LAST:
        return UsageFault("The message is missing.", "Type: chatmgr send -c MESSAGE — or pipe it in.")
    try:
        conversation = app().reader.conversations.get(named("conversation", name))
    except NotFound:
        return UsageFault(
            f"There is no conversation “{name}”; if that is the message, the name is missing.",
            f"Type: chatmgr send NAME {quote(name)} — or ask in a new one: chatmgr ask {quote(name)}",
        )
    return UsageFault(
        f"The message for “{conversation.name}” is missing.",
        f"Type: chatmgr send {quote(conversation.name)} MESSAGE — or pipe it in.",
    )
