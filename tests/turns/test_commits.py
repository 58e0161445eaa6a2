"""How often a turn is committed, and how often it waits for the disk, in between and all in all."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.commands import Chatmgr

# Run by a fresh interpreter: a line on stderr for each transaction of its main thread. The thread of the
# checkpoints commits once a second, on a slow machine perhaps here as well.
PROBE = """
import os, runpy, threading
from sqlalchemy import Engine, event
def tell(connection):
    if threading.current_thread() is threading.main_thread():
        os.write(2, b"committed\\n")
event.listen(Engine, "commit", tell)
runpy.run_module("chatmgr", run_name="__main__", alter_sys=True)
"""


# A library before the system: a line in a file for each time the main thread waits for the disk.
SHIM = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define WRAP(name)                                                          \\
    int name(int file) {                                                    \\
        int (*real)(int) = dlsym(RTLD_NEXT, #name);                         \\
        int log = open(getenv("SYNC_LOG"), O_WRONLY | O_APPEND);            \\
        if (gettid() == getpid())                                           \\
            (void)!write(log, #name "\\n", sizeof #name);                   \\
        close(log);                                                         \\
        return real(file);                                                  \\
    }

WRAP(fsync)
WRAP(fdatasync)
"""

# The message, that it leaves, its end; and before that the id of a run that can be asked about after a crash.
COMMITS = {"completions": 3, "responses": 4}


@pytest.fixture
def sync_log(tmp_path: Path) -> dict[str, str]:
    """The environment that puts the library before the system, and names its log."""
    source, shim, log = tmp_path / "shim.c", tmp_path / "shim.so", tmp_path / "log"
    source.write_text(SHIM, encoding="ascii")
    log.touch()
    subprocess.run(["cc", "-shared", "-fPIC", "-o", shim, source, "-ldl"], check=True)
    return {"LD_PRELOAD": str(shim), "SYNC_LOG": str(log)}


@pytest.mark.parametrize("api", list(COMMITS), indirect=True)
def test_a_second_turn(talking: Chatmgr, api: str) -> None:
    second = talking.program([sys.executable, "-c", PROBE, "send", "demo", "two"])
    assert second.code == 0
    assert second.err.count("committed\n") == COMMITS[api]
    assert all(run_id for (run_id,) in talking.rows("SELECT remote_id FROM runs ORDER BY id"))


@pytest.mark.parametrize("api", list(COMMITS), indirect=True)
def test_how_often_a_second_turn_waits_for_the_disk(talking: Chatmgr, sync_log: dict[str, str]) -> None:
    """Two commits before the request leaves; the new log and its folder; at the end both files are folded."""
    talking.fresh("send", "demo", "two", env=sync_log)
    assert len(Path(sync_log["SYNC_LOG"]).read_text("ascii").splitlines()) == 6
    assert [path.name for path in talking.home.glob("chatmgr.db-*")] == []


@pytest.mark.parametrize("api", ["completions"], indirect=True)
def test_an_end_that_did_not_wait_is_on_the_disk_at_exit(talking: Chatmgr, sync_log: dict[str, str]) -> None:
    """Somebody who reads keeps the log from being folded; then the log itself is synced."""
    with closing(sqlite3.connect(talking.home / "chatmgr.db")) as reading:
        reading.execute("BEGIN")
        reading.execute("SELECT count(*) FROM runs").fetchone()
        talking.fresh("send", "demo", "two", env=sync_log)
    assert Path(sync_log["SYNC_LOG"]).read_text("ascii").splitlines()[-1] == "fsync"
    assert talking.said() == ["one", "two"]
