"""``chatmgr send``: one turn, the answer alone on stdout."""

import click

from chatmgr.cli.params import (
    MessageCommand,
    NameParam,
    background_option,
    checked_message,
    file_option,
    json_option,
    max_cost_option,
    message_from,
    model_option,
    plain_option,
    provider_option,
    read_stdin,
    reasoning_option,
)
from chatmgr.domain.model import Conversation, UserMessage
from chatmgr.services import budget
from chatmgr.services.attachments import check_files
from chatmgr.ui.attachments import attachments
from chatmgr.ui.context import app
from chatmgr.ui.json_output import print_json, turn_json
from chatmgr.ui.project_folder import record_use
from chatmgr.ui.turn_view import run_turn


@click.command("send", cls=MessageCommand, short_help="Run one turn and print the answer.")
@click.argument("name", type=NameParam("conversation"), help="The conversation.")
@click.argument("message", required=False, help="The message. Piped input comes before it.")
@file_option
@provider_option
@model_option
@click.option("--wait", is_flag=True, help="Wait if another process is running a turn of this conversation.")
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
    """
    attached = attachments(files)
    text = checked_message(message_from(message, "" if "-" in files else read_stdin()))
    conversation = app().reader.conversations.get(name)
    check_files(app().providers.get(provider or conversation.provider), attached)
    conversation = adjust(conversation, provider, model, max_cost)
    record_use(conversation)
    send(
        conversation, UserMessage(text, attached, background), wait=wait, as_json=as_json, reasoning=reasoning
    )


def adjust(conversation: Conversation, provider: str, model: str, max_cost: float | None) -> Conversation:
    """Change a conversation's provider, model and cost limit for good; returns it as it is then.

    Empty or None leaves each as it is.
    """
    limit = None if max_cost is None else budget.limit_from(max_cost)
    if provider or model:
        conversation = app().threads.switch(conversation, provider, model, before_turn=True)
    if max_cost is not None:
        app().writer.conversations.limit_cost(conversation.pk, limit)
    return conversation


def send(
    conversation: Conversation,
    message: UserMessage,
    *,
    wait: bool = False,
    as_json: bool = False,
    reasoning: bool = False,
) -> None:
    """Run a turn and show it, as a stream or as one JSON object; then let a title be made if one is due."""
    turns_before = conversation.turns
    app().writer.database.expect_close()
    try:
        run_turn(conversation, message, wait=wait, quiet=as_json, reasoning=reasoning)
    finally:
        if as_json:
            for turn in app().reader.turns.list(conversation, turns_before + 1):
                print_json(turn_json(turn))
    try:
        app().titles.start(conversation)
        app().titles.wait()
    except KeyboardInterrupt:
        return  # the answer is out: who does not wait for a title has lost nothing
