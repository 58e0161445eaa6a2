"""``chatmgr pull``: takes what is new in another database."""

import click

from chatmgr.cli.params import dry_run_option, json_option
from chatmgr.terminal.status import ProgressBar
from chatmgr.ui import exchange_view
from chatmgr.ui.json_output import print_json


@click.command("pull", short_help="Take what is new in another database.")
@click.argument("url", required=False, default="", help="The database. Default: the one used last.")
@dry_run_option
@json_option
def command(url: str, dry_run: bool, as_json: bool) -> None:
    """Take conversations from another database, usually a PostgreSQL server that several machines share.

    Only what is new comes; nothing is overwritten here, and what you deleted stays deleted. If a conversation
    went on here as well, the end there keeps the name, and what was said here goes on in a conversation named
    after this machine.

    \b
    Examples:
      chatmgr pull postgresql://me@server/chatmgr
      chatmgr pull
      chatmgr pull --dry-run
    """
    found, opened = exchange_view.open_exchange(url)
    with opened as exchange:
        if dry_run:
            report = exchange.foresee(exchange.to_pull(), push=False)
        else:
            report = exchange_view.stopping(lambda: exchange.pull(ProgressBar("Receiving", "conversations")))
            exchange_view.keep(found)
    if as_json:
        print_json(exchange_view.as_json(report, found, dry_run=dry_run))
    else:
        exchange_view.show(report, found, dry_run=dry_run)
