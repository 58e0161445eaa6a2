"""A file system whose locks do not work: said so, with what to do; never “another program holds it”.

A library of one function stands between the process and the system, and answers every lock as such a file
system does. It is built with the C compiler that this project needs anyway.
"""

import errno
import subprocess
from pathlib import Path

import pytest

from tests.support.commands import Chatmgr

SOURCE = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>

static int refused(int command) {
    return command == F_SETLK || command == F_SETLKW || command == F_OFD_SETLK || command == F_OFD_SETLKW;
}

#define WRAP(name)                                                    \\
    int name(int file, int command, ...) {                            \\
        va_list rest;                                                 \\
        va_start(rest, command);                                      \\
        void *argument = va_arg(rest, void *);                        \\
        va_end(rest);                                                 \\
        if (refused(command)) {                                       \\
            errno = atoi(getenv("REFUSED_LOCKS"));                    \\
            return -1;                                                \\
        }                                                             \\
        int (*real)(int, int, ...) = dlsym(RTLD_NEXT, #name);         \\
        return real(file, command, argument);                         \\
    }

WRAP(fcntl)
WRAP(fcntl64)
"""
FAULTS = (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS, errno.EINVAL)


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library."""
    folder = tmp_path_factory.mktemp("shim")
    source, library = folder / "shim.c", folder / "shim.so"
    source.write_text(SOURCE, encoding="ascii")
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    return library


@pytest.fixture
def api() -> str:
    return "completions"


@pytest.mark.parametrize("fault", FAULTS, ids=[errno.errorcode[fault] for fault in FAULTS])
def test_it_is_said(talking: Chatmgr, shim: Path, fault: int) -> None:
    env = {"LD_PRELOAD": str(shim), "REFUSED_LOCKS": str(fault)}
    for words in (("send", "demo", "two"), ("tag", "demo", "+x")):
        done = talking.fresh(*words, env=env, code=3)
        assert done.err.count("\n") == 1
        assert f"The file system of {talking.home}/chatmgr.db" in done.err
        assert "has no working locks" in done.err
        assert "Set CHATMGR_HOME to a folder on a local disk" in done.err
        assert "holds it" not in done.err
    assert talking.said() == ["one"]


@pytest.mark.parametrize("fault", FAULTS, ids=[errno.errorcode[fault] for fault in FAULTS])
def test_reading_works_or_says_it(talking: Chatmgr, shim: Path, fault: int) -> None:
    """A database that nobody writes to can be read without locks, unless SQLite takes that for a busy one."""
    env = {"LD_PRELOAD": str(shim), "REFUSED_LOCKS": str(fault)}
    if fault == errno.ENOLCK:
        assert "has no working locks" in talking.fresh("history", env=env, code=3).err
    else:
        assert "demo" in talking.fresh("history", env=env).out


def test_a_database_that_is_only_busy_is_still_called_so(talking: Chatmgr) -> None:
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(talking.home / "chatmgr.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        error = talking.refused(3, "tag", "demo", "+x")
    assert "Another program holds it" in error
