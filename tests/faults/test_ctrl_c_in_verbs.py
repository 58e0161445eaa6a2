"""Ctrl-C at verbs that run no turn: code 130 and one line, no half a file, and a database that is sound."""

import fcntl
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from benchmarks.fill import fill
from chatmgr.domain.scratch_files import PREFIX
from tests.support.commands import ROOT, Running, one_line
from tests.support.processes import PATIENCE, Home, until
from tests.support.sampling import sampled

TURNS = 2_000
LONGEST = 0.5  # seconds after the database is opened
INTERRUPTED = "chatmgr: Interrupted."
VERBS = {
    "list": ("history",),
    "search": ("history", "-q", "the"),
    "export": ("export", "--all", "--format", "jsonl"),
    "export to a file": ("export", "--all", "-o", "out/all.jsonl"),
    "export to a folder": ("export", "--all", "-o", "out/pages/", "--format", "html"),
    "stats": ("stats",),
    "check": ("db", "check"),
    "reindex": ("db", "reindex"),
    "backup": ("db", "backup", "out/copy.db"),
    "tag": ("tag", "--all", "+new"),
    "delete": ("delete", "--all", "--yes"),
    "empty": ("trash", "empty", "--yes"),
}
STUCK = """
import signal, sys, time
from contextlib import nullcontext
from chatmgr.domain.interrupts import interrupts

signal.signal(signal.SIGINT, signal.default_int_handler)
interrupts.install()
interrupts.begin_work()
with interrupts.left_to_others() if "others" in sys.argv else nullcontext():
    print("stuck", flush=True)
    until = time.monotonic() + 600
    while time.monotonic() < until and interrupts._presses < 3:
        time.sleep(0.01)
print("went on", flush=True)
"""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a database of many turns."""
    folder = tmp_path_factory.mktemp("filled")
    fill(folder, TURNS)
    return folder / "chatmgr.db"


@pytest.fixture
def filled_home(store: Path, tmp_path: Path) -> Iterator[Home]:
    """A home with a copy of it."""
    with Home(tmp_path / "home") as home:
        shutil.copy(store, home.folder)
        (home.folder / "out").mkdir()
        yield home


def _has_opened(running: Running, database: Path) -> bool:
    """Whether a process has opened the database, or has ended."""
    if running.over:
        return True
    try:
        descriptors = list(Path(f"/proc/{running.pid}/fd").iterdir())
        return any(descriptor.readlink() == database for descriptor in descriptors)
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("trial", sampled(range(20), lambda trial: trial % 2))
@pytest.mark.parametrize("verb", VERBS)
def test_at_any_moment(filled_home: Home, verb: str, trial: int) -> None:
    if verb == "empty":
        assert filled_home.run("delete", "--all", "--yes").code == 0
    database = filled_home.folder / "chatmgr.db"
    running = filled_home.start(*VERBS[verb])
    until(lambda: _has_opened(running, database), "the database to be opened")
    time.sleep(random.Random(f"{verb} {trial}").uniform(0, LONGEST))
    running.signal(signal.SIGINT)
    done = running.wait()
    assert done.code in {0, 130}
    lines = [line for line in done.err.splitlines() if "--remote" not in line]
    assert done.code == 0 or lines == [INTERRUPTED]
    assert not list(filled_home.folder.rglob(f"{PREFIX}*"))
    for path in (database, filled_home.folder / "out" / "copy.db"):
        if path.exists():
            with closing(sqlite3.connect(path)) as db:
                assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    exported = filled_home.folder / "out" / "all.jsonl"
    assert not (exported.exists() and done.code), "an export that was stopped left a file"


def test_while_nobody_reads(filled_home: Home) -> None:
    """The pipe is full: Ctrl-C ends the wait for its reader, and so does the end of the process."""
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    running = filled_home.start("export", "--all", stdout=writer)
    os.close(writer)
    until(lambda: _unread(reader) == 4096, "a full pipe")
    running.signal(signal.SIGINT)
    done = running.wait()
    os.close(reader)
    assert (done.code, one_line(done)) == (130, INTERRUPTED)


def _unread(pipe: int) -> int:
    return int.from_bytes(fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)), sys.byteorder)


def _stuck(*arguments: str) -> subprocess.Popen[bytes]:
    """A process that does not look at Ctrl-C, and has been told of it once, longer than a second ago."""
    process = subprocess.Popen(
        [sys.executable, "-c", STUCK, *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout
    assert process.stdout.readline() == b"stuck\n"
    process.send_signal(signal.SIGINT)
    time.sleep(1.5)  # what makes the next press the one of somebody who waited in vain
    return process


def test_the_second_press_ends_what_the_first_does_not() -> None:
    process = _stuck()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out, err.decode()) == (130, b"", f"{INTERRUPTED}\n")


def test_presses_in_a_pager_or_an_editor_are_theirs() -> None:
    process = _stuck("others")
    while process.poll() is None:
        process.send_signal(signal.SIGINT)
        time.sleep(0.1)  # two that come at once are one
    out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out, err) == (0, b"went on\n", b"")
