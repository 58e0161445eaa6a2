"""``chatmgr send``: one turn, the answer alone on stdout."""

from contextlib import suppress

import click

from chatmgr.domain.model import Conversation, UserMessage
from chatmgr.services import budget
from chatmgr.services.attachments import check_files
from chatmgr.ui.attachments import attachments
from chatmgr.ui.context import (
    ConversationName,
    app,
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
from chatmgr.ui.json_output import print_json, turn_json
from chatmgr.ui.project_folder import remember
from chatmgr.ui.turn_view import run_turn


@click.command("send", short_help="Run one turn and print the answer.")
@click.argument("name", type=ConversationName(), help="The conversation.")
@click.argument("message", required=False, help="The message; what is piped in comes before it.")
@file_option
@provider_option
@model_option
@click.option("--wait", is_flag=True, help="Wait while another process runs a turn of this conversation.")
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
    """Run one turn of a conversation and print the answer, and nothing else, to stdout.

    \b
    Examples:
      chatmgr send demo "And in French?"
      git diff | chatmgr send review "What could break?"
      chatmgr send demo -f plan.pdf "What is missing?"
      chatmgr send demo --provider local "Go on without the network."
    """
    attached = attachments(files)
    text = checked_message(message_from(message, "" if "-" in files else read_stdin()))
    conversation = app().reader.conversation(name)
    check_files(app().providers.get(provider or conversation.provider), attached)
    conversation = adjusted(conversation, provider, model, max_cost)
    remember(conversation)
    run_one(
        conversation, UserMessage(text, attached, background), wait=wait, as_json=as_json, reasoning=reasoning
    )


def adjusted(conversation: Conversation, provider: str, model: str, max_cost: float | None) -> Conversation:
    """The conversation after what the options change of it for good."""
    found = app()
    most = None if max_cost is None else budget.limit_from(max_cost)
    if provider or model:
        conversation = found.threads.switch(conversation, provider, model)
    if max_cost is not None:
        found.writer.limit_cost(conversation.pk, most)
    return conversation


def run_one(
    conversation: Conversation,
    message: UserMessage,
    *,
    wait: bool = False,
    as_json: bool = False,
    reasoning: bool = False,
) -> None:
    """Run a turn and show it, as a stream or as one JSON object; then see to the title."""
    before = conversation.turns
    try:
        run_turn(conversation, message, wait=wait, quiet=as_json, reasoning=reasoning)
    finally:
        if as_json:
            for turn in app().reader.turns(conversation, before + 1):
                print_json(turn_json(turn))
    with suppress(KeyboardInterrupt):  # the answer is out: who does not wait for a title has lost nothing
        app().titles.start(conversation)
        app().titles.wait()
