"""``chatmgr send``: one turn, the answer alone on stdout."""

import click

from chatmgr.cli.common import (
    ConversationName,
    app,
    checked_message,
    json_option,
    message_from,
    print_json,
    read_stdin,
    show_turn,
    turn_json,
)
from chatmgr.domain.model import Conversation


@click.command("send", short_help="Run one turn and print the answer.")
@click.argument("name", type=ConversationName(), help="The conversation.")
@click.argument("message", required=False, help="The message; what is piped in comes before it.")
@click.option("--wait", is_flag=True, help="Wait while another process runs a turn of this conversation.")
@json_option
def command(name: str, message: str | None, wait: bool, as_json: bool) -> None:
    """Run one turn of a conversation and print the answer, and nothing else, to stdout.

    \b
    Examples:
      chatmgr send demo "And in French?"
      git diff | chatmgr send review "What could break?"
    """
    text = checked_message(message_from(message, read_stdin()))
    run_one(app().reader.conversation(name), text, wait=wait, as_json=as_json)


def run_one(conversation: Conversation, text: str, *, wait: bool = False, as_json: bool = False) -> None:
    """Run a turn and show it, as a stream or as one JSON object."""
    try:
        show_turn(app().ask(conversation, text, wait=wait), quiet=as_json)
    finally:
        if as_json:
            for turn in app().reader.tail(conversation, 1):
                print_json(turn_json(turn))
