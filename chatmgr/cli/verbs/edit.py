"""``chatmgr edit``: a turn is said differently, and the conversation goes on from there."""

import click

from chatmgr.cli.messages import MessageCommand, checked_message, message_from, read_stdin
from chatmgr.cli.params import (
    NameParam,
    file_option,
    json_option,
    plain_option,
    reasoning_option,
)
from chatmgr.domain.addresses import in_shell
from chatmgr.domain.errors import UsageFault
from chatmgr.domain.model import Conversation
from chatmgr.services.attachments import check_files
from chatmgr.terminal.console import console
from chatmgr.ui.attachments import attachments
from chatmgr.ui.context import app, interactive
from chatmgr.ui.project_folder import record_use
from chatmgr.ui.turn_view import show_anew


@click.command("edit", cls=MessageCommand, short_help="Say a turn differently, and go on from there.")
@click.argument("address", metavar="NAME@TURN", type=NameParam("conversation"), help="The turn.")
@click.argument("text", required=False, help="The message in its place. Piped input comes before it.")
@file_option
@click.option("-e", "--editor", is_flag=True, help="Edit the message of the turn in $EDITOR.")
@click.option("--wait", is_flag=True, help="Wait if another process is running a turn of this conversation.")
@reasoning_option
@plain_option
@json_option
def command(
    address: str,
    text: str | None,
    files: tuple[str, ...],
    editor: bool,
    wait: bool,
    reasoning: bool,
    as_json: bool,
) -> None:
    """Say a turn differently, and print the new answer. The conversation goes on from there.

    What there was stays as another path; a line says how to go back to it. The files of the turn go along
    again, unless -f names others.

    \b
    Examples:
      chatmgr edit demo@3 "And in Italian?"
      chatmgr edit demo@-1 -e
      git diff | chatmgr edit review@1 "Only what could break."
    """
    conversation, position = app().paths.at(address)
    if position is None:
        raise UsageFault("Which turn?", f"For instance the last: chatmgr edit {in_shell(address)}@-1")
    attached = attachments(files) if files else None
    if editor:
        message = _edited(conversation, position, text)
    else:
        message = message_from(text, "" if "-" in files else read_stdin())
    if not message and text is None:
        raise UsageFault("What is to be said instead?", "Add it, or edit what was said with -e.")
    checked_message(message)
    if attached:
        check_files(app().providers.get(conversation.provider), attached)
    if editor and not files and message == app().reader.turns.get(conversation, position).user:
        console.note("Nothing changed.")
        return
    record_use(conversation)
    events = app().tree.edit(conversation, position, message, attached, wait=wait)
    show_anew(conversation, events, as_json=as_json, reasoning=reasoning)


def _edited(conversation: Conversation, position: int, text: str | None) -> str:
    """The message as the person leaves it in the editor."""
    if text is not None:
        raise UsageFault("-e edits what was said; a text replaces it.", "Leave out one of them.")
    if not interactive():
        raise UsageFault("There is no terminal for an editor.", "Type the message instead.")
    from chatmgr.ui.external_editor import edit_text

    return edit_text(app().reader.turns.get(conversation, position).user)
