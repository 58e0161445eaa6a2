"""``chatmgr db``: status, upgrade, backup, copy, check and reindex of the database."""

import sys
from collections.abc import Callable
from typing import Any

import click

from chatmgr.cli.params import json_option
from chatmgr.cli.verbs import db_backup, db_copy
from chatmgr.domain.errors import DatabaseUnreachable
from chatmgr.store import migrate
from chatmgr.store.connection import open_source
from chatmgr.store.integrity import damage, damaged
from chatmgr.store.location import sqlite_path
from chatmgr.store.revision_check import revision
from chatmgr.terminal.console import console
from chatmgr.terminal.sanitize import clean
from chatmgr.terminal.status import ProgressBar, Status
from chatmgr.ui.context import app
from chatmgr.ui.json_output import print_json


@click.group("db", short_help="Manage the database: status, upgrade, backup, copy, check, reindex.")
def command() -> None:
    """The database: SQLite, or PostgreSQL with CHATMGR_DATABASE_URL.

    \b
    Examples:
      chatmgr db status
      chatmgr db backup
    """


command.add_command(db_backup.command)
command.add_command(db_copy.command)


@command.command("status")
@json_option
def status(as_json: bool) -> None:
    """Show the database's location, schema and size.

    \b
    Examples:
      chatmgr db status
      chatmgr db status --json
    """
    url = app().url
    path = sqlite_path(url)
    source = open_source(url)
    schema = revision(source) if source else ""
    if source:
        source.close()
    readable = schema == migrate.HEAD
    assistants, conversations, turns = app().reader.meta.counts() if readable else (None, None, None)
    facts: dict[str, Any] = {
        "kind": "sqlite" if path else "postgresql",
        "path": str(path) if path else None,
        "schema": schema or None,
        "newest_schema": migrate.HEAD,
        "bytes": path.stat().st_size if path and path.exists() else None,
        "assistants": assistants,
        "conversations": conversations,
        "turns": turns,
    }
    if as_json:
        print_json(facts)
        return
    for key, value in facts.items():
        shown = "—" if value is None else f"{value:,}" if isinstance(value, int) else value
        console.out(f"{key.replace('_', ' ')}: {clean(shown)}")


@command.command("upgrade")
def upgrade() -> None:
    """Upgrade the database to this version's schema. SQLite is backed up first.

    \b
    Example:
      chatmgr db upgrade
    """
    schema, copy = migrate.upgrade(app().url)
    if schema == migrate.HEAD:
        console.note(f"The database has schema {schema} already.")
        return
    kept = f" The old one is kept in {copy}." if copy else ""
    console.note(f"The database was upgraded from schema {schema or 'none'} to {migrate.HEAD}.{kept}")


@command.command("check")
@click.option("--quick", is_flag=True, help="Check only pages and counts, in seconds instead of minutes.")
def check(quick: bool) -> None:
    """Check the database: its pages, references, values, counts and search index.

    At a terminal, a line on stderr says what is being checked.

    \b
    Examples:
      chatmgr db check
      chatmgr db check --quick
    """
    status = Status(sys.stderr)
    try:
        intact = _check(quick, lambda subject: status.waiting_for(f"checking the {subject}"))
    finally:
        status.clear()
    if intact:
        console.out(f"{intact} intact.")
    else:
        console.note("There is no database yet.")


def _check(quick: bool, progress: Callable[[str], None]) -> str:
    """What was found intact, as the beginning of a sentence; empty where there is no database."""
    problems = damage(app().url, quick=quick, progress=progress)
    if problems is None:
        return ""
    if problems:
        raise damaged(problems)
    if quick:
        return "The pages and counts of the database are"
    if app().reader.search.is_incomplete():
        raise DatabaseUnreachable(
            "The search index is incomplete: a rebuilding of it is under way, or was cut off. "
            "The conversations are intact.",
            "If none is under way, rebuild it: chatmgr db reindex",
        )
    progress("search index")
    if not migrate.check_search(app().url):
        raise DatabaseUnreachable(
            "The search index does not match the conversations, which are intact.",
            "Rebuild it: chatmgr db reindex",
        )
    return "The database is"


@command.command("reindex")
def reindex() -> None:
    """Rebuild the search index, even while the database is in use. Nothing else changes.

    Until this is done, a search on SQLite finds the newest turns only, and says so. At a terminal, a bar on
    stderr shows how far it is.

    \b
    Example:
      chatmgr db reindex
    """
    if open_source(app().url) is None:
        console.note("There is no database yet.")
        return
    app().writer.search_index.rebuild(ProgressBar("Indexing", "documents"))
    console.note("The search index is rebuilt.")
