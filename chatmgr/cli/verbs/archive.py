"""``chatmgr archive`` and ``chatmgr unarchive``: out of the lists and back, and nothing else."""

import click

from chatmgr.cli.params import NameParam
from chatmgr.cli.report import Report
from chatmgr.cli.selection import Selection, selection_options
from chatmgr.ui.context import app

_names = click.argument("names", nargs=-1, type=NameParam("conversation"), help="The conversations.")


@click.command("archive", short_help="Take conversations out of the lists.")
@_names
@selection_options
def command(selection: Selection, dry_run: bool, as_json: bool) -> None:
    """Take conversations out of the lists; nothing else about them changes.

    An archived conversation is found by its name as before, and a new turn brings it back to the lists.

    \b
    Examples:
      chatmgr archive plans diary
      chatmgr archive --until "3 months ago"
      chatmgr history --archived
    """
    selected = selection.conversations()
    changed = [conversation for conversation in selected if conversation.archived_at is None]
    if changed and not dry_run:
        app().writer.archive([conversation.pk for conversation in changed])
    Report("archived", as_json, dry_run).show(changed, unchanged=selected)


@click.command("unarchive", short_help="Put archived conversations back into the lists.")
@_names
@selection_options
def unarchive_command(selection: Selection, dry_run: bool, as_json: bool) -> None:
    """Put archived conversations back into the lists.

    \b
    Examples:
      chatmgr unarchive plans
      chatmgr unarchive --tag work
    """
    selected = selection.conversations(archived=True)
    changed = [conversation for conversation in selected if conversation.archived_at]
    if changed and not dry_run:
        app().writer.unarchive([conversation.pk for conversation in changed])
    outcome = "back in the lists" if changed else "in the lists"
    Report("unarchived", as_json, dry_run).show(changed, outcome=outcome, unchanged=selected)
