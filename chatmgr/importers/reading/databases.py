"""Opens SQLite files of other programs, for reading only, wherever they lie."""

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast

from chatmgr.importers.reading.cleaning import cleaned
from chatmgr.importers.reading.files import DiskFile, copy_bounded
from chatmgr.importers.reading.limits import LIMITS
from chatmgr.importers.source import Surroundings, Unreadable

MAGIC = b"SQLite format 3\0"
_WAIT = 2.0  # seconds, for a program that holds its database
_KEEPS_A_LOG = 2  # at byte 18 of a database that is written to through a log beside it


@contextmanager
def opened(around: Surroundings) -> Iterator[sqlite3.Connection]:
    """A connection to the database in a member; raises ``Unreadable`` where it is damaged or locked.

    What a write-ahead log beside it holds counts.
    """
    with tempfile.TemporaryDirectory(prefix="chatmgr-") as scratch:
        try:
            with closing(_connection(*_path_of(around, Path(scratch)))) as db:
                yield db
        except sqlite3.Error as error:
            raise Unreadable(why(error)) from None


def _path_of(around: Surroundings, scratch: Path) -> tuple[Path, bool]:
    """The path to open, and whether nobody else writes to the file.

    SQLite makes files beside a database with a log, even to read it. Without the log there is nobody to share
    it with; with a log whose index is not there, a copy of both is read.
    """
    member = around.member
    copy = scratch / "database"
    if isinstance(member, DiskFile):
        log = member.path.with_name(f"{member.path.name}-wal")
        if not log.exists():
            return member.path, _keeps_a_log(member)
        if log.with_name(f"{member.path.name}-shm").exists():
            return member.path, False
        shutil.copyfile(member.path, copy)
        shutil.copyfile(log, scratch / "database-wal")
        return copy, False
    with member.open() as stream, copy.open("wb") as target:
        copy_bounded(stream, cast(BinaryIO, target), LIMITS.database)
    if member.name and (beside := around.file(f"{PurePosixPath(member.name).name}-wal")):
        (scratch / "database-wal").write_bytes(beside[1])
    return copy, False


def _keeps_a_log(member: DiskFile) -> bool:
    with member.open() as stream:
        head = stream.read(20)
    return len(head) == 20 and head[18] == _KEEPS_A_LOG


def _connection(path: Path, is_still: bool) -> sqlite3.Connection:
    options = "mode=ro&immutable=1" if is_still else "mode=ro"
    uri = f"{path.absolute().as_uri()}?{options}"
    db = sqlite3.connect(uri, uri=True, timeout=_WAIT, check_same_thread=False)
    db.text_factory = _text
    for pragma in ("query_only = 1", "trusted_schema = 0", "cell_size_check = 1"):
        db.execute(f"PRAGMA {pragma}")
    return db


def _text(value: bytes) -> str:
    return cleaned(value.decode("utf-8", "replace"))


def tables_of(db: sqlite3.Connection) -> Mapping[str, frozenset[str]]:
    """The columns of each table, by names in lower case."""
    names = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    columns = "SELECT name FROM pragma_table_info(?)"
    return {
        name.lower(): frozenset(column.lower() for (column,) in db.execute(columns, (name,)))
        for name in names
    }


def why(error: sqlite3.Error) -> str:
    """Why a database cannot be read, for a person."""
    words = str(error)
    if "locked" in words or "busy" in words:
        return "another program holds the database: close that, and try again"
    return f"the database is damaged ({words})"
