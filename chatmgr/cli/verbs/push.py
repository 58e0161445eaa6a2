"""``chatmgr push``: sends what is new here to another database."""

import click

from chatmgr.cli.params import dry_run_option, json_option
from chatmgr.domain.text import counted
from chatmgr.terminal.console import console
from chatmgr.terminal.sanitize import one_line
from chatmgr.terminal.status import ProgressBar
from chatmgr.ui import exchange_view
from chatmgr.ui.context import app
from chatmgr.ui.json_output import print_json
from chatmgr.ui.prompts import confirm

_SHOWN = 10  # names of conversations whose deletion is sent


@click.command("push", short_help="Send what is new here to another database.")
@click.argument("url", required=False, default="", help="The database. Default: the one used last.")
@click.option("--deletions", is_flag=True, help="Also move there to the trash what is deleted here.")
@click.option("--yes", is_flag=True, help="Do not ask before sending deletions.")
@dry_run_option
@json_option
def command(url: str, deletions: bool, yes: bool, dry_run: bool, as_json: bool) -> None:
    """Send conversations to another database, usually a PostgreSQL server that several machines share.

    Only what is new goes over; nothing is overwritten or deleted there. If a conversation went on there as
    well, the end there keeps the name, and what was said here goes on in a conversation named after this
    machine. The database is remembered without its password, which CHATMGR_REMOTE_PASSWORD or the keyring
    holds.

    \b
    Examples:
      chatmgr push postgresql://me@server/chatmgr
      chatmgr push
      chatmgr push --deletions
    """
    found, opened = exchange_view.open_exchange(url)
    with opened as exchange:
        if dry_run:
            report = exchange.foresee(exchange.to_push(), push=True)
        else:
            report = exchange_view.stopping(lambda: exchange.push(ProgressBar("Sending", "conversations")))
            exchange_view.keep(found)
        gone = exchange.deletions() if deletions else []
        if gone and not dry_run:
            names = ", ".join(f"“{one_line(state.name)}”" for state in gone[:_SHOWN])
            more = f" and {len(gone) - _SHOWN:,} others" if len(gone) > _SHOWN else ""
            what = f"{counted(len(gone), 'conversation')} there to the trash"
            app().reader.close()
            confirm(f"Move {what}: {names}{more}?", f"Moving {what}", yes=yes)
            exchange.send_deletions()
    if as_json:
        print_json(exchange_view.as_json(report, found, dry_run=dry_run) | {"deletions": len(gone)})
        return
    exchange_view.show(report, found, dry_run=dry_run)
    if gone:
        verb = "Would move" if dry_run else "Moved"
        console.note(f"{verb} {counted(len(gone), 'conversation')} there to the trash.")
