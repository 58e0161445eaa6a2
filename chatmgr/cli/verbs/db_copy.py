"""``chatmgr db copy``: a whole database into another one, on the same or on another kind of server."""

from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

import click

from chatmgr.cli.params import json_option
from chatmgr.domain.redaction import safe_url
from chatmgr.domain.text import counted
from chatmgr.terminal.console import console
from chatmgr.terminal.sanitize import clean
from chatmgr.terminal.status import ProgressBar
from chatmgr.ui.context import app
from chatmgr.ui.json_output import print_json

if TYPE_CHECKING:
    from chatmgr.store.copy.database_copy import CopyReport

_HERE = "."


@click.command("copy")
@click.argument(
    "source", metavar="FROM", help="A SQLite file, a postgresql:// URL, or . for the database in use."
)
@click.argument("target", metavar="TO", help="The same, and empty; or an unfinished copy of FROM.")
@click.option("--verify", is_flag=True, help="Only compare the two, row by row, and write nothing.")
@json_option
def command(source: str, target: str, verify: bool, as_json: bool) -> None:
    """Copy a whole database: from SQLite to PostgreSQL, back, or to another of its kind.

    Every row is copied as it is, and both sides are compared in the end. A copy that was stopped, or killed,
    goes on with the same command. The target must be empty: for two databases that are both in use, see push
    and pull. Passwords belong into ~/.pgpass or PGPASSWORD, not into the command.

    \b
    Examples:
      chatmgr db copy . postgresql://me@server/chats
      chatmgr db copy postgresql://me@server/chats chats.db
      chatmgr db copy . postgresql://me@server/chats --verify
    """
    from chatmgr.store.copy.database_copy import copy_database

    origin, copy = _url(source), _url(target)
    try:
        report = copy_database(
            origin,
            copy,
            ProgressBar("Comparing" if verify else "Copying", "rows"),
            ProgressBar("Indexing", "documents"),
            verify_only=verify,
        )
    except KeyboardInterrupt:
        if not verify:
            console.note("Stopped. To go on, give the same command again.", "attention")
        raise
    if as_json:
        print_json({"rows": report.rows, "written": report.written, "digest": report.digest})
        return
    _tell(report, verify=verify)
    if not verify and source == _HERE:
        address = safe_url(copy)
        console.note(f"To use the copy from now on: export CHATMGR_DATABASE_URL={quote(clean(address))}")


def _url(place: str) -> str:
    """The URL of a database that was named on the command line."""
    if place == _HERE:
        return app().url
    if "://" in place:
        return place
    return f"sqlite:///{Path(place).expanduser().absolute()}"


def _tell(report: "CopyReport", *, verify: bool) -> None:
    total = sum(report.rows.values())
    if verify:
        console.note(f"Both are equal: {counted(total, 'row')}, hash {report.digest}.")
        return
    before = total - report.written
    there = f" {before:,} of them were there already." if before else ""
    console.note(f"Copied {counted(total, 'row')}; both sides are equal, hash {report.digest}.{there}")
