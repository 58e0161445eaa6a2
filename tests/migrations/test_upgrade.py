"""Databases of another revision, of another program, or no database at all."""

import hashlib
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from multiprocessing.connection import Connection
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config

from chatmgr import __version__
from chatmgr.domain.errors import ChatmgrError, DatabaseUnreachable, SchemaMismatch
from chatmgr.store import migrate
from chatmgr.store.location import sqlite_path
from chatmgr.store.reader import Reader
from chatmgr.store.writer import Writer
from tests.migrations import future_revision as migrating
from tests.support.processes import Home
from tests.support.store import Store, execute, query, snapshot
from tests.support.store_processes import OtherProcess

PRESSED_AT_THE_END = """
import os, signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from chatmgr.store import migrate
record_version = migrate._record_version
def pressed(connection):
    os.kill(os.getpid(), signal.SIGINT)
    record_version(connection)
migrate._record_version = pressed
from chatmgr.__main__ import main
main()
"""


def _file(url: str) -> Path:
    path = sqlite_path(url)
    assert path is not None
    return path


def _filled(url: str) -> str:
    """A database with two turns, closed."""
    store = Store(url)
    store.answer("hello", "hi")
    store.answer("more", "yes")
    store.close()
    return url


def _dump(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as db:
        return list(db.iterdump())


def _state(folder: Path) -> dict[str, str]:
    """Every file below a folder, and what is in it."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def _read(url: str) -> None:
    with Reader(url) as reader:
        reader.meta.counts()


def _write(url: str) -> None:
    Writer(url).close()


def _refused(url: str, kind: type[ChatmgrError]) -> ChatmgrError:
    """Reading, writing and upgrading all refuse alike, and change nothing."""
    before = _state(_file(url).parent) if sqlite_path(url) else {}
    names = set()
    for attempt in (_read, _write, migrate.upgrade):
        with pytest.raises(kind) as caught:
            attempt(url)
        names.add(caught.value.message)
    assert len(names) == 1
    if sqlite_path(url):
        assert _state(_file(url).parent) == before
    return caught.value


@pytest.mark.parametrize("attempt", [_read, _write])
def test_an_older_sqlite_database_is_backed_up_then_upgraded(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, attempt: Callable[[str], None]
) -> None:
    _filled(sqlite_url)
    execute(sqlite_url, "UPDATE meta SET value = '0.0.1'")
    before = _dump(_file(sqlite_url))
    migrating.give_a_later_schema(tmp_path, monkeypatch, migrating.ADD_A_COLUMN)
    attempt(sqlite_url)
    assert query(sqlite_url, "SELECT version_num FROM alembic_version") == [(migrating.LATER,)]
    assert query(sqlite_url, "SELECT value FROM meta") == [(__version__,)]
    assert query(sqlite_url, "SELECT note FROM conversations") == [(None,)]
    [copy] = (_file(sqlite_url).parent / "backups").iterdir()
    assert copy.name.startswith(f"chatmgr-schema-{migrating.TODAY}-")
    assert _dump(copy) == before
    attempt(sqlite_url)
    assert len(list(copy.parent.iterdir())) == 1


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (migrating.BREAK_HALF_WAY, DatabaseUnreachable),
        (migrating.CRASH_HALF_WAY, RuntimeError),
        (migrating.ORPHAN, SchemaMismatch),
    ],
)
def test_a_failing_migration_leaves_the_database_as_it_was(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str, kind: type[Exception]
) -> None:
    _filled(sqlite_url)
    before = _dump(_file(sqlite_url))
    migrating.give_a_later_schema(tmp_path, monkeypatch, body)
    with pytest.raises(kind):
        _write(sqlite_url)
    assert _dump(_file(sqlite_url)) == before
    [copy] = (_file(sqlite_url).parent / "backups").iterdir()
    assert _dump(copy) == before


def test_a_failing_migration_leaves_postgresql_as_it_was(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = snapshot(_filled(postgres_url))
    migrating.give_a_later_schema(tmp_path, monkeypatch, migrating.BREAK_HALF_WAY)
    with pytest.raises(DatabaseUnreachable, match=r'relation "nowhere" does not exist\.$') as caught:
        migrate.upgrade(postgres_url)
    assert "\n" not in caught.value.message
    assert snapshot(postgres_url) == before
    assert query(postgres_url, "SELECT version_num FROM alembic_version") == [(migrating.TODAY,)]


def test_rebuilding_a_table_keeps_its_children_and_indexes(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With foreign keys on, dropping the old table would cascade to every turn (measured)."""
    _filled(sqlite_url)
    before = snapshot(sqlite_url)
    indexes = "SELECT sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL ORDER BY name"
    before_indexes = query(sqlite_url, indexes)
    migrating.give_a_later_schema(tmp_path, monkeypatch, migrating.REBUILD)
    store = Store(sqlite_url)
    assert snapshot(sqlite_url) == before
    assert query(sqlite_url, indexes) == before_indexes
    assert query(sqlite_url, "PRAGMA foreign_key_check") == []
    store.answer("still", "here")
    store.close()


def test_an_older_postgresql_is_upgraded_only_when_asked(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _filled(postgres_url)
    migrating.give_a_later_schema(tmp_path, monkeypatch, migrating.ADD_A_COLUMN)
    for attempt in (_read, _write):
        with pytest.raises(
            SchemaMismatch, match=f"has schema {migrating.TODAY}; this version needs {migrating.LATER}"
        ) as caught:
            attempt(postgres_url)
        assert caught.value.exit_code == 4
        assert caught.value.hint.endswith("chatmgr db upgrade")
    assert query(postgres_url, "SELECT version_num FROM alembic_version") == [(migrating.TODAY,)]
    assert migrate.upgrade(postgres_url) == (migrating.TODAY, None)
    assert query(postgres_url, "SELECT note FROM conversations") == [(None,)]
    _write(postgres_url)


def test_a_newer_database_is_refused_and_names_its_writer(url: str) -> None:
    _filled(url)
    execute(url, "UPDATE alembic_version SET version_num = '0099'", "UPDATE meta SET value = '9.9.9'")
    error = _refused(url, SchemaMismatch)
    assert error.exit_code == 4
    assert (
        f"schema 0099, written by chatmgr 9.9.9; chatmgr {__version__} knows up to {migrating.TODAY}"
        in error.message
    )
    execute(url, "DROP TABLE meta")
    assert "written by another version of chatmgr" in _refused(url, SchemaMismatch).message


@pytest.mark.parametrize("table", ["conversations", "notes"])
def test_another_programs_sqlite_database_is_refused(sqlite_url: str, table: str) -> None:
    _file(sqlite_url).parent.mkdir()
    execute(sqlite_url, f"CREATE TABLE {table} (id INTEGER)", f"INSERT INTO {table} VALUES (1)")
    assert _refused(sqlite_url, SchemaMismatch).exit_code == 4


def test_another_programs_postgresql_is_refused_only_where_tables_clash(postgres_url: str) -> None:
    execute(postgres_url, "CREATE TABLE notes (id INTEGER)")
    _filled(postgres_url)
    execute(postgres_url, "DROP TABLE alembic_version")
    assert _refused(postgres_url, SchemaMismatch).exit_code == 4


@pytest.mark.parametrize(
    "content", [b"Dear diary, today I wrote no database.\n" * 99, b"hello\n", b"\0" * 4096]
)
def test_a_file_that_is_no_database_is_left_alone(sqlite_url: str, content: bytes) -> None:
    path = _file(sqlite_url)
    path.parent.mkdir()
    path.write_bytes(content)
    error = _refused(sqlite_url, DatabaseUnreachable)
    assert error.exit_code == 3
    assert str(path) in error.message
    assert "Move the file away" in error.hint
    with pytest.raises(DatabaseUnreachable):
        migrate.backup(sqlite_url)
    assert path.read_bytes() == content
    assert not list(path.parent.glob("backups/*"))


def test_an_empty_file_is_none_of_ours(sqlite_url: str) -> None:
    """It may be what a failing disk left of a database: “no conversations yet” would be a lie."""
    _file(sqlite_url).parent.mkdir()
    _file(sqlite_url).touch()
    error = _refused(sqlite_url, SchemaMismatch)
    assert (error.exit_code, "is an empty file" in error.message) == (4, True)
    _file(sqlite_url).unlink()
    _filled(sqlite_url)
    names = {path.name for path in _file(sqlite_url).parent.glob("*.db*")}
    assert names == {"chatmgr.db", "chatmgr.db.lock"}


def test_a_folder_that_cannot_be_made_is_said_plainly(home: Path) -> None:
    home.write_text("a file", encoding="utf-8")
    with pytest.raises(DatabaseUnreachable, match="cannot be used") as caught:
        _write(f"sqlite:///{home / 'chatmgr.db'}")
    assert caught.value.exit_code == 3


def test_a_server_that_is_away_is_said_without_the_password(tmp_path: Path) -> None:
    away = f"postgresql://me:secret@/chats?host={tmp_path}"
    for attempt in (_read, _write, migrate.upgrade):
        with pytest.raises(DatabaseUnreachable, match="PostgreSQL database cannot be used") as caught:
            attempt(away)
        assert caught.value.exit_code == 3
        assert "secret" not in str(caught.value) + caught.value.hint


@pytest.mark.parametrize("folder", ["a ?b=c", "100%", "#1", "ünïcode 🦊", ":memory:"])
def test_any_folder_will_do(home: Path, folder: str) -> None:
    path = home / folder / "chatmgr.db"
    _filled(f"sqlite:///{path}")
    assert path.stat().st_size > 0
    assert {this_path.name for this_path in path.parent.iterdir()} == {"chatmgr.db", "chatmgr.db.lock"}


def test_a_path_may_begin_where_one_is(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home.mkdir()
    monkeypatch.chdir(home)
    for name in ("chats.db", ":memory:"):
        _filled(f"sqlite:///{name}")
        assert (home / name).stat().st_size > 0


def _begin_when_told(url: str, pipe: Connection) -> None:
    import alembic.command  # noqa: F401 - not to be late by importing it

    pipe.send("ready")
    pipe.recv()
    Writer(url).close()


def test_many_processes_may_make_the_database_at_once(url: str) -> None:
    others = [OtherProcess(_begin_when_told, url) for _ in range(3)]
    for other in others:
        assert other.pipe.recv() == "ready"
    for other in others:
        other.pipe.send("now")
    assert [other.join() for other in others] == [0, 0, 0]
    for other in others:
        other.close()
    assert query(url, "SELECT version_num FROM alembic_version") == [(migrate.HEAD,)]


def test_a_developers_own_alembic_keeps_the_children_too(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = snapshot(_filled(sqlite_url))
    migrating.give_a_later_schema(tmp_path, monkeypatch, migrating.REBUILD)
    config = Config()
    config.set_main_option("script_location", str(migrate.scripts()))
    command.upgrade(config, "head")
    assert snapshot(sqlite_url) == before
    assert query(sqlite_url, "SELECT version_num FROM alembic_version") == [(migrating.LATER,)]


def test_ctrl_c_takes_an_upgrade_back(place: Home) -> None:
    """Also within a turn, whose other writes are not stopped; here, it comes with the last statement."""
    past = Path(__file__).with_name("past") / "0003.sql"
    with closing(sqlite3.connect(place.folder / "chatmgr.db")) as old:
        old.executescript(past.read_text(encoding="utf-8"))
    process = subprocess.run(
        [sys.executable, "-c", PRESSED_AT_THE_END, "send", "demo", "hello"],
        env=place.env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (process.returncode, process.stdout, process.stderr) == (130, "", "chatmgr: Interrupted.\n")
    assert place.value("SELECT version_num FROM alembic_version") == "0003"
    assert place.value("PRAGMA integrity_check") == "ok"
    assert not list((place.folder / "backups").iterdir())
