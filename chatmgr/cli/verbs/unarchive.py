"""``chatmgr unarchive``: back into the lists."""

import click

from chatmgr.cli.selection import Report, choosing_options, chosen
from chatmgr.domain.filters import Filters
from chatmgr.ui.context import ConversationName, app


@click.command("unarchive", short_help="Put archived conversations back into the lists.")
@click.argument("names", nargs=-1, type=ConversationName(), help="The conversations.")
@choosing_options
def command(names: tuple[str, ...], everything: bool, filters: Filters, dry_run: bool, as_json: bool) -> None:
    """Put archived conversations back into the lists.

    \b
    Examples:
      chatmgr unarchive plans
      chatmgr unarchive --tag work
    """
    which = chosen(names, filters, everything, archived=True)
    found = [one for one in which if one.archived_at]
    if not dry_run and found:
        app().writer.conversations.unarchive([one.pk for one in found])
    Report("unarchived", as_json=as_json, dry_run=dry_run).tell(
        found, "back in the lists" if found else "in the lists", already=which
    )
