"""A disk without room: said plainly, nothing half written, and all well once there is room again."""

import os
import resource
import signal
from collections import namedtuple
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from chatmgr.domain.errors import ChatmgrError, DatabaseUnreachable
from chatmgr.domain.states import RunState
from chatmgr.store import migrate
from chatmgr.store.location import check_room, sqlite_path, unreachable
from chatmgr.store.reader import Reader
from chatmgr.store.writer import RunOutcome
from tests.support.store import Store, query, snapshot
from tests.support.store_processes import OtherProcess

BIG = "x" * 600_000


def _limited(url: str, what: str, size: int) -> str:
    """What a process says that may not make a file larger than ``size``: it cannot take that back."""
    other = OtherProcess(_try_within_limit, url)
    report = str(other.ask(what, size))
    assert other.join() == 0
    other.close()
    return report


def _try_within_limit(url: str, pipe: Connection) -> None:
    what, size = pipe.recv()
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    try:
        if what == "backup":
            migrate.backup(url)
        elif what == "read":
            with Reader(url) as reader:
                conversation = reader.conversations.get("plan")
                pipe.send(" ".join(turn.answer for turn in reader.turns.list(conversation)))
            return
        else:
            Store(url).answer(BIG, "hi")
        pipe.send("done")
    except ChatmgrError as error:
        pipe.send(f"{error.exit_code} {error.message}")


def _no_more_pages(store: Store) -> None:
    """From here on the writer's connection may not let the database grow."""
    with store.writer.database.engine.connect() as connection:
        [[pages]] = connection.connection.cursor().execute("PRAGMA page_count")
        connection.connection.cursor().execute(f"PRAGMA max_page_count={pages}")


def test_a_full_disk_leaves_no_half_turn(sqlite_url: str) -> None:
    store = Store(sqlite_url)
    store.answer("hello", "hi")
    before = snapshot(sqlite_url)
    _no_more_pages(store)
    with pytest.raises(DatabaseUnreachable, match="full") as caught:
        store.open(BIG)
    assert caught.value.exit_code == 3
    assert caught.value.hint.startswith("Free some room")
    store.reader.close()
    assert snapshot(sqlite_url) == before
    store.close()
    again = Store(sqlite_url)
    assert again.answer(BIG, "hi").position == 2
    again.close()


def test_an_answer_without_room_keeps_what_had_come(sqlite_url: str) -> None:
    store = Store(sqlite_url)
    run = store.open()
    store.writer.runs.checkpoint(run, "So far")
    _no_more_pages(store)
    for attempt in range(2):
        with pytest.raises(DatabaseUnreachable, match="full"):
            store.writer.runs.checkpoint(run, BIG)
        with pytest.raises(DatabaseUnreachable, match="full"):
            store.writer.runs.close(run, RunOutcome(RunState.COMPLETED, BIG))
        turn = store.reader.turns.get(store.now(), 1)
        assert (turn.answer, turn.state) == ("So far", "pending"), attempt
    store.writer.runs.close(run, RunOutcome(RunState.INTERRUPTED, ""))
    assert store.reader.turns.get(store.now(), 1).state == "interrupted"
    store.close()
    assert query(sqlite_url, "PRAGMA integrity_check") == [("ok",)]


def test_the_systems_own_limit_is_understood(sqlite_url: str) -> None:
    store = Store(sqlite_url)
    store.answer("hello", "hi")
    store.close()
    before = snapshot(sqlite_url)
    report = _limited(sqlite_url, "answer", 300_000)
    assert report.startswith("3 The database ")
    assert snapshot(sqlite_url) == before
    assert query(sqlite_url, "PRAGMA integrity_check") == [("ok",)]


@pytest.mark.parametrize("size", [0, 1_000, 20_000, 60_000])
def test_a_database_that_cannot_be_made_is_made_later(sqlite_url: str, size: int) -> None:
    assert _limited(sqlite_url, "answer", size).startswith("3 The database ")
    store = Store(sqlite_url)
    store.answer("hello", "hi")
    store.close()
    assert query(sqlite_url, "PRAGMA integrity_check") == [("ok",)]


def test_a_backup_without_room_leaves_no_file(sqlite_url: str) -> None:
    store = Store(sqlite_url)
    store.answer(BIG, "hi")
    store.close()
    assert _limited(sqlite_url, "backup", 300_000).startswith("3 The database ")
    path = sqlite_path(sqlite_url)
    assert path is not None
    assert list((path.parent / "backups").iterdir()) == []
    assert migrate.backup(sqlite_url).stat().st_size == path.stat().st_size


def test_a_turn_is_not_begun_on_a_full_disk(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(sqlite_url)
    store.answer("hello", "hi")
    disk_space = namedtuple("disk_space", "f_bavail f_frsize")
    free = {"blocks": 255}
    monkeypatch.setattr(os, "statvfs", lambda _folder: disk_space(free["blocks"], 4096))
    with pytest.raises(DatabaseUnreachable, match=r"is full: 1020 KiB are free\. Nothing was sent") as caught:
        store.open("more")
    assert caught.value.exit_code == 3
    assert store.now().turns == 1
    free["blocks"] = 256
    assert store.open("more").position == 2
    store.close()


@pytest.mark.parametrize("log", ["no log", "empty log", "log"])
def test_reading_needs_no_room(sqlite_url: str, tmp_path: Path, log: str) -> None:
    """Not even for the file that SQLite's processes share, which holds no data."""
    store = Store(sqlite_url)
    store.answer("hello", "hi")
    path = sqlite_path(sqlite_url)
    assert path is not None
    if log != "log":
        store.close()
    copy = tmp_path / "full" / "chatmgr.db"
    copy.parent.mkdir()
    copy.write_bytes(path.read_bytes())
    if log != "no log":
        wal = path.with_name(f"{path.name}-wal")
        content = wal.read_bytes() if log == "log" else b""
        assert bool(content) == (log == "log")
        copy.with_name(f"{copy.name}-wal").write_bytes(content)
    assert _limited(f"sqlite:///{copy}", "read", 100) == "hi"
    store.close()


def test_an_error_of_a_full_disk_is_about_room(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = sqlite_path(sqlite_url)
    assert path is not None
    failed = OSError("disk I/O error")
    assert "owner and rights" in unreachable(path.parent.parent / path.name, failed).hint
    disk_space = namedtuple("disk_space", "f_bavail f_frsize")
    monkeypatch.setattr(os, "statvfs", lambda _folder: disk_space(0, 4096))
    error = unreachable(path, failed)
    assert "its disk is full" in error.message
    assert "Free some room" in error.hint


def test_room_is_not_asked_for_where_it_cannot_be_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "statvfs")
    check_room(tmp_path / "chatmgr.db")


def _close_without_room(url: str, pipe: Connection) -> None:
    pipe.recv()
    store = Store(url)
    store.writer.database.expect_close()
    store.answer("hello", "x" * 500_000)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    path = sqlite_path(url)
    assert path is not None
    size = path.stat().st_size + 4096
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    try:
        store.writer.close()
        pipe.send("closed")
    except Exception as error:
        pipe.send(repr(error))


def test_a_disk_that_is_full_when_the_database_is_closed_is_no_fault(sqlite_url: str) -> None:
    Store(sqlite_url).close()
    other = OtherProcess(_close_without_room, sqlite_url)
    assert other.ask("close") == "closed"
    other.close()
