"""``chatmgr archive`` and ``chatmgr unarchive``: out of the lists and back, and nothing else."""

import click

from chatmgr.cli.params import NameParam
from chatmgr.cli.report import Report
from chatmgr.cli.selection import Selection, selection_options
from chatmgr.ui.context import app

_names = click.argument("names", nargs=-1, type=NameParam("conversation"), help="The conversations.")


@click.command("archive", short_help="Hide conversations from lists.")
@_names
@selection_options
def command(selection: Selection, dry_run: bool, as_json: bool) -> None:
    """Hide conversations from lists. Nothing else about them changes.

    You can still use an archived conversation by its name. A new turn brings it back into the lists.

    \b
    Examples:
      chatmgr archive plans diary
      chatmgr archive --until "3 months ago"
      chatmgr history --archived
    """
    selected = selection.conversations()
    changed = [conversation for conversation in selected if conversation.archived_at is None]
    if changed and not dry_run:
        app().writer.conversations.archive([conversation.pk for conversation in changed])
    Report("archived", as_json, dry_run).show(changed, unchanged=selected)


@click.command("unarchive", short_help="Bring archived conversations back into lists.")
@_names
@selection_options
def unarchive_command(selection: Selection, dry_run: bool, as_json: bool) -> None:
    """Bring archived conversations back into lists.

    \b
    Examples:
      chatmgr unarchive plans
      chatmgr unarchive --tag work
    """
    selected = selection.conversations(archived=True)
    changed = [conversation for conversation in selected if conversation.archived_at]
    if changed and not dry_run:
        app().writer.conversations.unarchive([conversation.pk for conversation in changed])
    outcome = "back in the lists" if changed else "in the lists"
    Report("unarchived", as_json, dry_run).show(changed, outcome=outcome, unchanged=selected)
