"""A process that has every import of a command behind it, and forks once for every command.

Most of what ``python -m chatmgr`` costs is importing: OpenAI's SDK, SQLAlchemy, prompt_toolkit and
chatmgr itself. Here all of that is imported once. Each command is a child of its own, with its own
streams, environment, folder, process group and, if it wants one, terminal. Two things differ from a real
start: what a command imports, which ``test_startup_imports.py`` tests with real ones, and that nobody
reads the world's certificates, since the servers of the tests speak without encryption.

Its standard input is a socket. A command comes as the length of its description with four file
descriptors (the three streams, and a socket for the answer), and the description in JSON. The answer is
two lines: the child's number as soon as it runs, and its exit status when it has ended.
"""

import fcntl
import gc
import io
import json
import os
import pkgutil
import runpy
import select
import signal
import socket
import ssl
import sys
import termios
import time
from importlib import import_module
from pathlib import Path
from typing import Any

import chatmgr

LIBRARIES = (
    "alembic.command",
    "click.shell_completion",
    "email.policy",
    "httpcore2",
    "importlib.metadata",
    "openai.resources.beta",
    "openai.resources.chat",
    "openai.resources.conversations",
    "openai.resources.responses",
    "platformdirs",
    "prompt_toolkit.shortcuts",
    "psycopg",
    "sqlalchemy.dialects.postgresql.psycopg",
    "sqlalchemy.dialects.sqlite",
    "tomlkit",
    "tomllib",
)
ROOT = Path(__file__).parents[2]


def main() -> None:
    """Serve until the other end closes; return in a child, which then runs its command."""
    _preload()
    wake_up, awake = os.pipe()
    for end in (wake_up, awake):
        os.set_blocking(end, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(awake)
    requests = socket.socket(fileno=os.dup(0))
    answers: dict[int, socket.socket] = {}
    while True:
        ready, _, _ = select.select([requests.fileno(), wake_up], [], [])
        if wake_up in ready:
            os.read(wake_up, 4096)
            _reap(answers)
        if requests.fileno() in ready:
            length, received, _, _ = socket.recv_fds(requests, 10, 4)
            if not length:
                _end(answers)
            command = json.loads(requests.recv(int(length), socket.MSG_WAITALL))
            child = os.fork()
            if not child:
                signal.set_wakeup_fd(-1)
                for inherited in (requests, *answers.values()):
                    inherited.detach()
                _become(command, received[:3])
                return
            for stream in received[:3]:
                os.close(stream)
            answers[child] = socket.socket(fileno=received[3])
            answers[child].sendall(b"%d\n" % child)


def _preload() -> None:
    for name in LIBRARIES:
        import_module(name)
    for module in pkgutil.walk_packages(chatmgr.__path__, "chatmgr."):
        if not module.name.endswith("__main__"):
            import_module(module.name)
    ssl.SSLContext.load_verify_locations = lambda *_, **__: None  # type: ignore[method-assign]
    gc.collect()
    gc.freeze()


def _reap(answers: dict[int, socket.socket]) -> None:
    """Tell the status of every child that has ended."""
    while answers:
        child, status = os.waitpid(-1, os.WNOHANG)
        if not child:
            return
        with answers.pop(child) as answer:
            try:
                answer.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))
            except OSError:
                pass  # nobody waits for it any more


def _end(answers: dict[int, socket.socket]) -> None:
    for child in answers:
        os.kill(child, signal.SIGKILL)
    sys.exit()


def _become(command: dict[str, Any], streams: list[int]) -> None:
    """Make this process look like one that was just started."""
    if command["terminal"]:
        os.setsid()
        fcntl.ioctl(streams[0], termios.TIOCSCTTY, 0)
    else:
        os.setpgid(0, 0)
    for target, stream in enumerate(streams):
        os.dup2(stream, target)
    os.closerange(3, 1024)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(command["env"])
    time.tzset()
    os.chdir(command["cwd"])
    sys.path[0] = str(ROOT)
    sys.argv = ["chatmgr", *command["args"]]
    sys.stdin = sys.__stdin__ = io.TextIOWrapper(io.BufferedReader(io.FileIO(0, closefd=False)), "utf-8")  # type: ignore[misc]
    out = io.BufferedWriter(io.FileIO(1, "w", closefd=False))
    sys.stdout = sys.__stdout__ = io.TextIOWrapper(out, "utf-8", line_buffering=os.isatty(1))  # type: ignore[misc]
    err = io.BufferedWriter(io.FileIO(2, "w", closefd=False))
    sys.stderr = sys.__stderr__ = io.TextIOWrapper(err, "utf-8", "backslashreplace", line_buffering=True)  # type: ignore[misc]


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
