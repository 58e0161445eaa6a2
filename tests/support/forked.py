"""Commands of chatmgr as processes that are forked instead of started: see ``fork_server.py``."""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

ROOT = Path(__file__).parents[2]
TIMEOUT = 60.0  # seconds; no command here takes a tenth of it on an idle machine


class ForkedProcess:
    """A command under way, with the part of ``subprocess.Popen`` that tests use."""

    def __init__(self, answer: socket.socket) -> None:
        self._answer = answer
        self._received = b""
        self.returncode: int | None = None
        self.pid = int(self._line(TIMEOUT))

    def _line(self, timeout: float) -> bytes:
        """The next line of the server's answer; empty if it does not come in time."""
        deadline = time.monotonic() + timeout
        while b"\n" not in self._received:
            if not select.select([self._answer], [], [], max(0.0, deadline - time.monotonic()))[0]:
                return b""
            chunk = self._answer.recv(100)
            if not chunk:
                raise RuntimeError("the fork server has ended")
            self._received += chunk
        line, _, self._received = self._received.partition(b"\n")
        return line

    def poll(self) -> int | None:
        """Its exit status, None while it runs."""
        if self.returncode is None and (line := self._line(0)):
            self._ended(line)
        return self.returncode

    def wait(self, timeout: float = TIMEOUT) -> int:
        """Wait for its end; returns its exit status, minus a number if a signal ended it."""
        if self.returncode is None:
            line = self._line(timeout)
            if not line:
                raise subprocess.TimeoutExpired(f"process {self.pid}", timeout)
            self._ended(line)
        assert self.returncode is not None
        return self.returncode

    def _ended(self, line: bytes) -> None:
        self.returncode = int(line)
        self._answer.close()

    def send_signal(self, number: int) -> None:
        """Send it a signal unless it has ended."""
        if self.poll() is None:
            try:
                os.kill(self.pid, number)
            except ProcessLookupError:
                pass  # the server has just reaped it

    def close(self) -> None:
        """End it if it still runs."""
        self.send_signal(signal.SIGKILL)
        self.wait()


class ForkServer:
    """The forking process, seen from the tests. It is started when the first command is run."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process:
            self._requests.close()
            self._process.wait(TIMEOUT)

    def start(
        self,
        args: Sequence[str],
        env: dict[str, str],
        cwd: Path,
        streams: Sequence[int],
        *,
        terminal: bool = False,
    ) -> ForkedProcess:
        """Start a command in a process group of its own; `terminal`: its streams are its terminal."""
        description = {"args": list(args), "env": env, "cwd": str(cwd), "terminal": terminal}
        sent = json.dumps(description).encode()
        ours, theirs = socket.socketpair()
        with theirs, self._lock:
            if self._process is None:
                self._begin()
            socket.send_fds(self._requests, [b"%10d" % len(sent)], [*streams, theirs.fileno()])
            self._requests.sendall(sent)
        return ForkedProcess(ours)

    def _begin(self) -> None:
        self._requests, theirs = socket.socketpair()
        command = [sys.executable, "-m", "tests.support.fork_server"]
        with theirs:
            self._process = subprocess.Popen(command, stdin=theirs.fileno(), cwd=ROOT)


SERVER = ForkServer()
"""The one of this process; the session closes it."""
