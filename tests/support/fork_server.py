"""A process that has the heavy third-party imports behind it, and forks once for every command.

Most of what ``python -m chatmgr`` costs is importing OpenAI's SDK and SQLAlchemy. Here they are
imported once; each command is then a child of its own, with its own streams, environment and folder,
which imports chatmgr itself from the start. One thing is not as in a real start, and is tested with
real ones: what a command imports (``test_startup_imports.py``).

Its standard input is a socket. A command comes as the length of its description with three file
descriptors, and the description in JSON; back go two lines, the child's number and then its status.
"""

import gc
import io
import json
import os
import runpy
import socket
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

HEAVY = (
    "alembic.command",
    "click.shell_completion",
    "email.policy",
    "httpcore2",
    "importlib.metadata",
    "openai",
    "platformdirs",
    "sqlalchemy.orm",
    "sqlalchemy.dialects.sqlite",
    "tomlkit",
    "tomllib",
)
ROOT = Path(__file__).parents[2]


def main() -> None:
    """Serve until the other end closes; return in a child, which then runs its command."""
    for name in HEAVY:
        import_module(name)
    gc.freeze()
    line = socket.socket(fileno=os.dup(0))
    while True:
        length, streams, _, _ = socket.recv_fds(line, 10, 3)
        if not length:
            sys.exit()
        wanted = json.loads(line.recv(int(length), socket.MSG_WAITALL))
        child = os.fork()
        if not child:
            line.close()
            _become(wanted, streams)
            return
        for stream in streams:
            os.close(stream)
        line.sendall(b"%d\n" % child)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        line.sendall(b"%d\n" % status)


def _become(wanted: dict[str, Any], streams: list[int]) -> None:
    """Make this process look like one that was just started."""
    for target, stream in enumerate(streams):
        os.dup2(stream, target)
        os.close(stream)
    os.environ.clear()
    os.environ.update(wanted["env"])
    os.chdir(wanted["cwd"])
    sys.path[0] = str(ROOT)
    sys.argv = ["chatmgr", *wanted["args"]]
    sys.stdin = io.TextIOWrapper(io.BufferedReader(io.FileIO(0, closefd=False)), "utf-8")
    sys.stdout = io.TextIOWrapper(io.BufferedWriter(io.FileIO(1, "w", closefd=False)), "utf-8")
    err = io.BufferedWriter(io.FileIO(2, "w", closefd=False))
    sys.stderr = io.TextIOWrapper(err, "utf-8", "backslashreplace", line_buffering=True)


def _run() -> int:
    """Run chatmgr to its end; its exit code as the interpreter would make it."""
    try:
        runpy.run_module("chatmgr", run_name="__main__", alter_sys=True)
    except SystemExit as stop:
        code = stop.code
    else:
        code = 0
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        return 120
    return code if isinstance(code, int) else int(code is not None)


if __name__ == "__main__":
    main()
    os._exit(_run())
