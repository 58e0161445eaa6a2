"""``chatmgr send``: one turn, the answer alone on stdout."""

import click

from chatmgr.cli.params import (
    MessageCommand,
    NameParam,
    after_option,
    append_option,
    background_option,
    checked_message,
    file_option,
    fork_if_moved_option,
    if_moved,
    json_option,
    max_cost_option,
    message_from,
    model_option,
    plain_option,
    provider_option,
    read_stdin,
    reasoning_option,
)
from chatmgr.domain.errors import UsageFault
from chatmgr.domain.model import UserMessage
from chatmgr.domain.tree import TipMoved
from chatmgr.services.attachments import check_files
from chatmgr.ui.attachments import attachments
from chatmgr.ui.context import app
from chatmgr.ui.project_folder import record_use
from chatmgr.ui.turn_view import adjust, send


@click.command("send", cls=MessageCommand, short_help="Run one turn and print the answer.")
@click.argument("name", type=NameParam("conversation"), help="The conversation.")
@click.argument("message", required=False, help="The message. Piped input comes before it.")
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
    name: str,
    message: str | None,
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
      chatmgr send demo -f plan.pdf "What is missing?"
      chatmgr send demo --provider local "Continue without the network."
      chatmgr send demo --after 7 "Then let us do that."   (not if somebody else went on)
    """
    policy = if_moved(append, fork_if_moved)
    if policy != "ask" and not after:
        raise UsageFault("Moved since when?", "Say which turn you saw last: --after TURN")
    attached = attachments(files)
    text = checked_message(message_from(message, "" if "-" in files else read_stdin()))
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
