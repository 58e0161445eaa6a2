"""The files of a SQLite database: who may read them, how they are copied, what a read-only folder allows."""

import os
import re
import sqlite3
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from chatmgr.domain.errors import DatabaseUnreachable, UsageFault
from chatmgr.store import locks, migrate
from chatmgr.store.connection import SqliteSource, open_source
from chatmgr.store.location import sqlite_path
from tests.support.store import Store, connected, query

# What is imported or read of the package comes before the rights are given up: neither its files nor the
# interpreter's own need be open to everyone.
READER = """
import os, sys, urllib.parse
from chatmgr.domain.errors import ChatmgrError
from chatmgr.store.reader import Reader
from chatmgr.store.statements import statement
reader = Reader(sys.argv[1])
reader.conversations, reader.turns
statement("conversations.by_name", "sqlite"), statement("turns.list", "sqlite")
if os.geteuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
try:
    with reader:
        print([turn.answer for turn in reader.turns.list(reader.conversations.get("plan"))])
except ChatmgrError as error:
    print(error.exit_code, error.message)
"""


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def _path(url: str) -> Path:
    path = sqlite_path(url)
    assert path is not None
    return path


@pytest.fixture
def open_umask() -> Iterator[None]:
    """The least careful umask there is."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.fixture
def shown() -> Iterator[Path]:
    """A folder outside pytest's own, which nobody else may enter."""
    with tempfile.TemporaryDirectory(prefix="chatmgr-ro-") as name:
        folder = Path(name)
        yield folder
        folder.chmod(0o755)


def _read_without_rights(folder: Path) -> str:
    """What a process sees that may read the folder's files and write nothing."""
    for path in folder.iterdir():
        path.chmod(0o444)
    folder.chmod(0o555)
    url = f"sqlite:///{folder / 'chatmgr.db'}"
    done = subprocess.run([sys.executable, "-c", READER, url], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return done.stdout.strip()


@pytest.mark.usefixtures("open_umask")
def test_only_the_owner_can_read(sqlite_url: str) -> None:
    store = Store(sqlite_url)
    store.answer("hello", "hi")
    hold = locks.acquire(sqlite_url, 1, wait=False)
    copy = migrate.backup(sqlite_url)
    folder = _path(sqlite_url).parent
    assert {path.name: oct(_mode(path)) for path in folder.iterdir()} == {
        "chatmgr.db": "0o600",
        "chatmgr.db-wal": "0o600",
        "chatmgr.db-shm": "0o600",
        "chatmgr.db.lock": "0o600",
        "backups": "0o700",
    }
    assert (_mode(folder), _mode(copy)) == (0o700, 0o600)
    hold.release()
    store.close()


def test_a_database_that_others_could_read_is_closed_to_them(sqlite_url: str) -> None:
    Store(sqlite_url).close()
    _path(sqlite_url).chmod(0o644)
    Store(sqlite_url).close()
    assert _mode(_path(sqlite_url)) == 0o600


def test_a_database_in_use_is_copied_as_it_was_last_committed(sqlite_url: str) -> None:
    store = Store(sqlite_url)
    store.answer("kept", "yes")
    turns = store.reader.turns.list(store.now())
    with connected(sqlite_url) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("UPDATE messages SET content = 'not yet'")
        copy = migrate.backup(sqlite_url, "mine")
        other.execute("ROLLBACK")
    assert re.fullmatch(r"chatmgr-mine-\d{8}T\d{12}Z\.db", copy.name)
    assert [turn.user for turn in turns] == ["kept"]
    store.close()
    assert query(f"sqlite:///{copy}", "SELECT content FROM messages ORDER BY id") == [("kept",), ("yes",)]
    assert query(f"sqlite:///{copy}", "PRAGMA integrity_check") == [("ok",)]
    Store(f"sqlite:///{copy}").close()


def test_a_backup_goes_where_it_is_told_but_over_nothing(sqlite_url: str, tmp_path: Path) -> None:
    target = tmp_path / "copy.db"
    with pytest.raises(DatabaseUnreachable, match="There is no database"):
        migrate.backup(sqlite_url, target=target)
    assert not target.exists()
    Store(sqlite_url).close()
    with pytest.raises(UsageFault, match="cannot be written"):
        migrate.backup(sqlite_url, target=tmp_path / "deep" / "copy.db")
    assert not (tmp_path / "deep").exists()
    assert migrate.backup(sqlite_url, target=target) == target
    before = target.read_bytes()
    with pytest.raises(UsageFault, match="exists already"):
        migrate.backup(sqlite_url, target=target)
    assert target.read_bytes() == before


def test_postgresql_is_backed_up_by_its_own_tools() -> None:
    with pytest.raises(DatabaseUnreachable) as caught:
        migrate.backup("postgresql://me:secret@host/chats")
    assert "pg_dump" in caught.value.hint


def test_a_read_only_folder_can_be_read(shown: Path) -> None:
    store = Store(f"sqlite:///{shown / 'chatmgr.db'}")
    store.answer("hello", "hi")
    store.close()
    before = {path.name: path.read_bytes() for path in shown.iterdir()}
    assert _read_without_rights(shown) == "['hi']"
    assert {path.name: path.read_bytes() for path in shown.iterdir()} == before


def test_a_read_only_folder_can_be_read_while_another_process_writes(shown: Path) -> None:
    store = Store(f"sqlite:///{shown / 'chatmgr.db'}")
    store.answer("hello", "hi")
    assert _read_without_rights(shown) == "['hi']"
    store.close()


def test_a_torn_off_log_is_not_overlooked(shown: Path) -> None:
    """Commits that only the log holds cannot be read without rights: better nothing than the past."""
    store = Store(f"sqlite:///{shown / 'chatmgr.db'}")
    store.answer("hello", "hi")
    kept = {path.name: path.read_bytes() for path in shown.iterdir()}
    store.close()
    for name in ("chatmgr.db", "chatmgr.db-wal"):
        (shown / name).write_bytes(kept[name])
    assert _read_without_rights(shown).startswith("3 The database ")


def test_reading_never_writes(sqlite_url: str) -> None:
    Store(sqlite_url).close()
    source = SqliteSource(_path(sqlite_url))
    with closing(source), pytest.raises(DatabaseUnreachable, match="readonly"):
        source.ask("DELETE FROM meta")
    assert len(query(sqlite_url, "SELECT * FROM meta")) == 1


def test_the_lock_of_another_program_is_no_missing_right(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A locked file must be waited for, not read as if nobody wrote."""
    path = _path(sqlite_url)
    path.parent.mkdir()
    monkeypatch.setattr("chatmgr.store.connection.BUSY_SECONDS", 0)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("CREATE TABLE notes (id)")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(DatabaseUnreachable, match="locked") as caught:
            open_source(sqlite_url)
    assert "Another program holds it" in caught.value.hint


def test_a_writer_says_who_is_in_its_way(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chatmgr.store.engine.BUSY_SECONDS", 0)
    store = Store(sqlite_url)
    store.conversation()
    with connected(sqlite_url) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseUnreachable, match="locked") as caught:
            store.writer.conversations.set_title(store.now().pk, "Plan")
        assert "Another program holds it" in caught.value.hint
        other.execute("ROLLBACK")
    assert store.open().position == 1
    store.close()
