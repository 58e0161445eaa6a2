"""A backup or an export that is killed leaves no half file under its name, and in the end no other file."""

import random
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from chatmgr.domain import scratch_files
from chatmgr.formats.atomic_write import write_file
from chatmgr.store import migrate
from chatmgr.store.location import sqlite_path
from tests.support.sample_stores import fill_long
from tests.support.store_processes import OtherProcess

SEED = 20261126
KILLS = [6, pytest.param(40, marks=pytest.mark.campaign)]
TURNS, TEXT = 400, "a sentence that is said again and again, " * 100
PIECES, PIECE = 4_000, "a line of an export\n" * 50


def back_up(url: str, pipe: Connection) -> None:
    """Make copies for ever, and tell when each begins and is done."""
    while True:
        pipe.send("begun")
        pipe.send(str(migrate.backup(url)))


def export(folder: str, pipe: Connection) -> None:
    """Write the same file for ever."""

    def pieces() -> Iterator[str]:
        for number in range(PIECES):
            if number == 1:
                pipe.send("begun")
            yield PIECE

    while True:
        write_file(Path(folder) / "export.txt", pieces(), force=True)
        pipe.send("done")


def _kill_in_the_middle(act: Callable[[str, Connection], None], where: str, numbers: random.Random) -> None:
    """Kill a process while it copies, at any moment up to what a whole copy takes."""
    other = OtherProcess(act, where)
    assert other.pipe.recv() == "begun"
    began = time.monotonic()
    other.pipe.recv()
    whole = time.monotonic() - began
    time.sleep(numbers.uniform(0, 2 * whole))  # not to wait for anything: to meet it within a copy
    other.kill()
    other.close()


@pytest.mark.parametrize("kills", KILLS)
def test_backups(sqlite_url: str, kills: int) -> None:
    fill_long(sqlite_url, TURNS, TEXT)
    path = sqlite_path(sqlite_url)
    assert path is not None
    folder = path.parent / "backups"
    numbers = random.Random(SEED)
    for _ in range(kills):
        _kill_in_the_middle(back_up, sqlite_url, numbers)
        for copy in folder.glob("chatmgr-*.db"):
            with closing(sqlite3.connect(copy)) as db:
                assert db.execute("PRAGMA quick_check").fetchall() == [("ok",)]
                assert db.execute("SELECT count(*) FROM turns").fetchall() == [(TURNS,)]
            copy.unlink()
    last = migrate.backup(sqlite_url)
    assert list(folder.iterdir()) == [last]


@pytest.mark.parametrize("kills", KILLS)
@pytest.mark.parametrize("named", [False, True], ids=["unnamed", "named"])
def test_exports(tmp_path: Path, kills: int, named: bool) -> None:
    """Where files need a name, what is left over is removed by the next export."""
    target = tmp_path / "export.txt"
    numbers = random.Random(SEED)
    for _ in range(kills):
        _kill_in_the_middle(export_named if named else export, str(tmp_path), numbers)
        if target.exists():
            assert target.stat().st_size == PIECES * len(PIECE)
    if not named:
        assert {path.name for path in tmp_path.iterdir()} <= {"export.txt"}
    scratch_files.sweep(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} <= {"export.txt"}


def export_named(folder: str, pipe: Connection) -> None:
    """As ``export``, where no file can be without a name."""
    scratch_files._unnamed = _no_unnamed_files
    export(folder, pipe)


def _no_unnamed_files(folder: Path) -> int:
    return -1


def test_what_is_being_written_is_not_swept(tmp_path: Path) -> None:
    scratch = scratch_files.ScratchFile(tmp_path, named=True)
    own = tmp_path / ".chatmgr-partial-notes"
    own.write_text("a file of the user's")
    scratch_files.sweep(tmp_path)
    assert len(list(tmp_path.iterdir())) == 2
    scratch.publish(tmp_path / "copy.db", replace=False)
    assert {path.name for path in tmp_path.iterdir()} == {"copy.db", own.name}
