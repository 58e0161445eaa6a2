"""``chatmgr db``: status, upgrade, backup, check and reindex of the database."""

from pathlib import Path
from typing import Any

import click

from chatmgr.cli.params import json_option
from chatmgr.domain.errors import DatabaseUnreachable
from chatmgr.store import migrate
from chatmgr.store.connection import open_source
from chatmgr.store.integrity import damage
from chatmgr.store.location import sqlite_path
from chatmgr.terminal.console import console
from chatmgr.terminal.sanitize import clean
from chatmgr.ui.context import app
from chatmgr.ui.json_output import print_json

_REPORTED = 3  # problems that are named


@click.group("db", short_help="Manage the database: status, upgrade, backup, check, reindex.")
def command() -> None:
    """The database: SQLite, or PostgreSQL with CHATMGR_DATABASE_URL.

    \b
    Examples:
      chatmgr db status
      chatmgr db backup
    """


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
    schema = migrate.revision(source) if source else ""
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


@command.command("backup")
@click.argument(
    "file",
    required=False,
    type=click.Path(path_type=Path),
    help="The copy. Default: a dated file in the data folder.",
)
def backup(file: Path | None) -> None:
    """Copy the SQLite database, even while it is in use, and print the copy's path.

    \b
    Examples:
      chatmgr db backup
      chatmgr db backup /mnt/disk/chatmgr.db
    """
    console.out(clean(str(migrate.backup(app().url, target=file))))


@command.command("check")
def check() -> None:
    """Check the database: its pages, references, counts and search index.

    \b
    Example:
      chatmgr db check
    """
    problems = damage(app().url)
    if problems is None:
        console.note("There is no database yet.")
        return
    if problems:
        more = f" and {len(problems) - _REPORTED} more" if len(problems) > _REPORTED else ""
        raise DatabaseUnreachable(
            f"The database is damaged: {'; '.join(problems[:_REPORTED])}{more}.",
            "Restore a backup; see: chatmgr config path",
        )
    if not migrate.check_search(app().url):
        raise DatabaseUnreachable(
            "The search index does not match the conversations, which are intact.",
            "Rebuild it: chatmgr db reindex",
        )
    console.out("The database is intact.")


@command.command("reindex")
def reindex() -> None:
    """Rebuild the search index. Nothing else changes.

    \b
    Example:
      chatmgr db reindex
    """
    if open_source(app().url) is None:
        console.note("There is no database yet.")
        return
    migrate.check_search(app().url, rebuild=True)
    console.note("The search index is rebuilt.")
