"""``chatmgr archive``: out of the lists, and nothing else."""

import click

from chatmgr.cli.selection import Report, choosing_options, chosen
from chatmgr.domain.filters import Filters
from chatmgr.ui.context import ConversationName, app


@click.command("archive", short_help="Take conversations out of the lists.")
@click.argument("names", nargs=-1, type=ConversationName(), help="The conversations.")
@choosing_options
def command(names: tuple[str, ...], everything: bool, filters: Filters, dry_run: bool, as_json: bool) -> None:
    """Take conversations out of the lists; nothing else about them changes.

    An archived conversation is found by its name as before, and a new turn brings it back to the lists.

    \b
    Examples:
      chatmgr archive plans diary
      chatmgr archive --until "3 months ago"
      chatmgr history --archived
    """
    which = chosen(names, filters, everything)
    found = [one for one in which if one.archived_at is None]
    if not dry_run and found:
        app().writer.conversations.archive([one.pk for one in found])
    Report("archived", as_json=as_json, dry_run=dry_run).tell(found, already=which)
