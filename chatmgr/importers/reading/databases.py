"""Opens SQLite files of other programs, for reading only, wherever they lie."""

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from chatmgr.importers.reading.members import DiskFile
from chatmgr.importers.source import Member, Unreadable

MAGIC = b"SQLite format 3\0"
_WAIT = 2.0  # seconds, for a program that holds its database


@contextmanager
def opened(member: Member) -> Iterator[sqlite3.Connection]:
    """A connection to the database in a member; raises ``Unreadable`` where it is damaged or locked."""
    with _path_of(member) as path:
        try:
            with closing(_connection(path)) as db:
                yield db
        except sqlite3.DatabaseError as error:
            raise Unreadable(_why(error)) from None


@contextmanager
def _path_of(member: Member) -> Iterator[Path]:
    """The file itself, or a copy of what is in an archive or came from standard input."""
    if isinstance(member, DiskFile):
        yield member.path
        return
    with tempfile.TemporaryDirectory(prefix="chatmgr-") as folder:
        path = Path(folder) / "database"
        with member.open() as source, os.fdopen(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), "wb") as copy:
            shutil.copyfileobj(source, copy, 1 << 20)
        yield path


def _connection(path: Path) -> sqlite3.Connection:
    """Opened as it is; where its folder cannot be written to, without what was not put into the file yet."""
    quoted = path.absolute().as_uri()
    for options in ("mode=ro", "mode=ro&immutable=1"):
        db = sqlite3.connect(f"{quoted}?{options}", uri=True, timeout=_WAIT)
        db.text_factory = _text
        try:
            db.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except sqlite3.OperationalError as error:
            db.close()
            if "immutable" in options or "unable to open" not in str(error):
                raise
        except BaseException:
            db.close()
            raise
        else:
            return db
    raise AssertionError


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")


def tables_of(db: sqlite3.Connection) -> Mapping[str, frozenset[str]]:
    """The columns of each table, by names in lower case."""
    names = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    columns = "SELECT name FROM pragma_table_info(?)"
    return {
        name.lower(): frozenset(column.lower() for (column,) in db.execute(columns, (name,)))
        for name in names
    }


def _why(error: sqlite3.DatabaseError) -> str:
    words = str(error)
    if "locked" in words or "busy" in words:
        return "another program holds the database; close that, and try again"
    return f"the database is damaged ({words})"
