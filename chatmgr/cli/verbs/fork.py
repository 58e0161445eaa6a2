"""``chatmgr fork``: a new conversation that goes on from a turn of another."""

import click

from chatmgr.cli.params import NameParam, json_option
from chatmgr.domain.addresses import in_shell, parse_address
from chatmgr.terminal.console import console
from chatmgr.ui.context import app
from chatmgr.ui.path_lines import forked
from chatmgr.ui.turn_view import settle_orphan


@click.command("fork", short_help="Let a new conversation go on from a turn.")
@click.argument(
    "address",
    metavar="NAME[~PATH][@TURN]",
    type=NameParam("address"),
    help="The conversation, and the last turn to share. Default: its last turn.",
)
@click.argument("new", required=False, help="The new conversation's name. Default: NAME-2, or the next free.")
@json_option
def command(address: str, new: str | None, as_json: bool) -> None:
    """Let a new conversation go on from a turn of another.

    Both share the turns up to there, and nothing is copied. What is said in one of them later is not in the
    other, and deleting one leaves the other whole. The assistant, the model, the provider, the title and the
    limit of --max-cost come along; the cost is counted anew.

    \b
    Examples:
      chatmgr fork demo
      chatmgr fork demo@5 plan-b
      chatmgr fork demo~1@3   (another path of demo)
    """
    settle_orphan(app().paths.find(parse_address(address).name))
    fork = app().paths.fork(address, new or "")
    if as_json:
        from chatmgr.ui.json_output import conversation_json, print_json

        print_json(conversation_json(app().reader.conversations.get(fork.name)))
        return
    console.note(forked(fork, f"Go on: chatmgr resume {in_shell(fork.name)}"))
