"""``chatmgr switch``: another path of a conversation."""

import click

from chatmgr.cli.params import NameParam, json_option
from chatmgr.domain.addresses import parse_address
from chatmgr.services.way_back import SHELL
from chatmgr.terminal.console import console
from chatmgr.ui.context import app
from chatmgr.ui.path_lines import switched
from chatmgr.ui.turn_view import settle_orphan


@click.command("switch", short_help="Go to another path of a conversation.")
@click.argument(
    "address",
    metavar="NAME~PATH[@TURN]",
    type=NameParam("address"),
    help="The path, and the turn that it is to end at. Default: its last turn.",
)
@json_option
def command(address: str, as_json: bool) -> None:
    """Go to another path of a conversation: to what an edit, a retry or an undo left.

    Paths are numbered in the order in which the conversation took them; history NAME --tree shows them.

    \b
    Examples:
      chatmgr switch demo~1
      chatmgr switch demo~2@5
    """
    name = parse_address(address).name
    path = app().paths.find(name)
    settle_orphan(path)
    switch = app().paths.switch(address)
    current = app().reader.conversations.refresh(path)
    if as_json:
        from chatmgr.ui.json_output import conversation_json, print_json

        print_json(conversation_json(current))
        return
    back = SHELL.switch(current.name, switch.before.removeprefix(current.name))
    console.note(switched(current, switch, back))
