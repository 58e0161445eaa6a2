"""The reader's own statements in SQLite's shell: what a query costs without chatmgr around it."""

import re
import shutil
from datetime import datetime
from pathlib import Path

from benchmarks.meter import Command
from chatmgr.store.statements import statement

SHELL = "sqlite3 shell"
MISSING = "not installed (Debian package sqlite3)"


def shell(database: Path, name: str, /, **values: object) -> Command | None:
    """A statement with its values written in; None where there is no shell."""
    if not shutil.which("sqlite3"):
        return None
    sql = re.sub(r":(\w+)", lambda match: _literal(values[match[1]]), statement(name, "sqlite"))
    return Command(["sqlite3", "-readonly", str(database), sql])


def _literal(value: object) -> str:
    if isinstance(value, datetime):
        value = value.strftime("%Y-%m-%d %H:%M:%S.%f").rjust(26, "0")
    return str(value) if isinstance(value, int) else "'{}'".format(str(value).replace("'", "''"))
