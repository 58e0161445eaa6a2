"""``chatmgr undo`` and ``chatmgr redo``: a conversation ends earlier, and later again."""

import click

from chatmgr.cli.params import NameParam, json_option
from chatmgr.domain.addresses import in_shell
from chatmgr.domain.model import Conversation
from chatmgr.services.paths import Move
from chatmgr.terminal.console import console
from chatmgr.ui.context import app
from chatmgr.ui.path_lines import moved
from chatmgr.ui.turn_view import settle_orphan

_name_argument = click.argument("name", type=NameParam("conversation"), help="The conversation.")


@click.command("undo", short_help="Take back the last turns.")
@_name_argument
@click.option("-n", "--count", type=click.IntRange(min=1), default=1, help="How many turns (default: 1).")
@json_option
def command(name: str, count: int, as_json: bool) -> None:
    """Take back the last turns of a conversation; the model no longer knows them.

    They are kept: redo brings them back. If something else is said first, they stay as another path
    (see history NAME --tree).

    \b
    Examples:
      chatmgr undo demo
      chatmgr undo demo -n 3
    """
    conversation = _conversation(name)
    _report(conversation, app().paths.undo(conversation, count), "redo", as_json=as_json)


@click.command("redo", short_help="Bring back turns that were undone.")
@_name_argument
@click.option("-n", "--count", type=click.IntRange(min=1), default=1, help="How many turns (default: 1).")
@json_option
def redo_command(name: str, count: int, as_json: bool) -> None:
    """Bring back turns of a conversation that were undone.

    \b
    Examples:
      chatmgr redo demo
      chatmgr redo demo -n 3
    """
    conversation = _conversation(name)
    _report(conversation, app().paths.redo(conversation, count), "undo", as_json=as_json)


def _conversation(name: str) -> Conversation:
    conversation = app().reader.conversations.get(name)
    settle_orphan(conversation)
    return conversation


def _report(conversation: Conversation, move: Move, back: str, *, as_json: bool) -> None:
    if as_json:
        from chatmgr.ui.json_output import conversation_json, print_json

        print_json(conversation_json(app().reader.conversations.refresh(conversation)))
        return
    console.note(moved(conversation, move, f"chatmgr {back} {in_shell(conversation.name)}", " -n "))
