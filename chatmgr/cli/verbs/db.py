"""``chatmgr db``: looking after the database."""

from pathlib import Path
from typing import Any

import click

from chatmgr.domain.errors import DatabaseUnreachable
from chatmgr.store import migrate
from chatmgr.store.connection import open_source
from chatmgr.store.location import sqlite_path
from chatmgr.terminal.console import console
from chatmgr.ui.context import app, json_option
from chatmgr.ui.json_output import print_json


@click.group("db", short_help="Look after the database: status, upgrade, backup, check, reindex.")
def command() -> None:
    """The database that everything is kept in: SQLite, or PostgreSQL by CHATMGR_DATABASE_URL.

    \b
    Examples:
      chatmgr db status
      chatmgr db backup
    """


@command.command("status")
@json_option
def status(as_json: bool) -> None:
    """Show where the database is, its schema and how much it holds.

    \b
    Examples:
      chatmgr db status
      chatmgr db status --json
    """
    url = app().url
    path = sqlite_path(url)
    source = open_source(url)
    found = migrate.revision(source) if source else ""
    if source:
        source.close()
    known = found == migrate.HEAD
    assistants, conversations, turns = app().reader.meta.counts() if known else (None, None, None)
    facts: dict[str, Any] = {
        "kind": "sqlite" if path else "postgresql",
        "path": str(path) if path else None,
        "schema": found or None,
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
        console.out(f"{key.replace('_', ' ')}: {shown}")


@command.command("upgrade")
def upgrade() -> None:
    """Bring the database to this version's schema; SQLite is backed up first.

    \b
    Example:
      chatmgr db upgrade
    """
    found, copy = migrate.upgrade(app().url)
    if found == migrate.HEAD:
        console.note(f"The database has schema {found} already.")
        return
    kept = f" The old one is kept in {copy}." if copy else ""
    console.note(f"The database went from schema {found or 'none'} to {migrate.HEAD}.{kept}")


@command.command("backup")
@click.argument(
    "file",
    required=False,
    type=click.Path(path_type=Path),
    help="Where to; a dated file in the data folder if left out.",
)
def backup(file: Path | None) -> None:
    """Copy the SQLite database whole, even while it is in use; prints the copy's path.

    \b
    Examples:
      chatmgr db backup
      chatmgr db backup /mnt/disk/chatmgr.db
    """
    console.out(str(migrate.backup(app().url, target=file)))


@command.command("check")
def check() -> None:
    """Check that the database is whole: its pages, its references, its counts, its search index.

    \b
    Example:
      chatmgr db check
    """
    url = app().url
    path = sqlite_path(url)
    source = open_source(url)
    if source is None:
        console.note("There is no database yet.")
        return
    if migrate.revision(source) != migrate.HEAD:
        source.close()
        migrate.ready_to_read(url)
        source = open_source(url)
    if source is None:
        return
    problems = [str(row[0]) for row in source.ask("PRAGMA integrity_check")] if path else []
    problems = [one for one in problems if one != "ok"]
    if path:
        problems += [
            f"a row of {row[0]} has no parent in {row[2]}" for row in source.ask("PRAGMA foreign_key_check")
        ]
    source.close()
    with app().reader as reader:
        problems += reader.meta.faults()
    if problems:
        more = f" and {len(problems) - 3} more" if len(problems) > 3 else ""
        raise DatabaseUnreachable(
            f"The database is damaged: {'; '.join(problems[:3])}{more}.",
            "Restore a backup; see: chatmgr config path",
        )
    if not migrate.check_search(url):
        raise DatabaseUnreachable(
            "The search index is not in step with what was said, which is whole.",
            "Make it anew: chatmgr db reindex",
        )
    console.out("The database is whole.")


@command.command("reindex")
def reindex() -> None:
    """Make the search index anew from what was said; nothing else is touched.

    \b
    Example:
      chatmgr db reindex
    """
    if open_source(app().url) is None:
        console.note("There is no database yet.")
        return
    migrate.check_search(app().url, rebuild=True)
    console.note("The search index is made anew.")
