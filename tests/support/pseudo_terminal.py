"""A process at a pseudo-terminal of its own: what is typed goes in, what it draws comes out."""

import codecs
import fcntl
import os
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support.forked import SERVER, TIMEOUT, ForkedProcess


class TerminalProcess:
    """Python with these arguments, its three streams a terminal of `size` (rows, columns).

    ``-m chatmgr`` is forked unless it is to be `fresh`; anything else gets an interpreter of its own.
    """

    def __init__(
        self,
        args: Sequence[str],
        env: dict[str, str],
        cwd: Path,
        *,
        size: tuple[int, int],
        fresh: bool = False,
    ) -> None:
        self._controller, self.terminal = os.openpty()
        self._unread = ""
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.resize(*size)
        self._process: ForkedProcess | subprocess.Popen[bytes]
        if list(args[:2]) == ["-m", "chatmgr"] and not fresh:
            self._process = SERVER.start(args[2:], env, cwd, [self.terminal] * 3, terminal=True)
        else:
            self._process = subprocess.Popen(
                [sys.executable, *args],
                env=env,
                cwd=cwd,
                stdin=self.terminal,
                stdout=self.terminal,
                stderr=self.terminal,
                start_new_session=True,
                preexec_fn=_take_terminal,  # noqa: PLW1509 - no other way to a controlling terminal
            )
        self.pid = self._process.pid
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def resize(self, rows: int, columns: int) -> None:
        """Drag the window's edge."""
        termios.tcsetwinsize(self.terminal, (rows, columns))

    def send(self, text: str) -> None:
        """Press keys."""
        content = text.encode()
        while content:
            content = content[os.write(self._controller, content) :]

    def read(self, timeout: float = 0.05) -> str | None:
        """What it has drawn since; None once it has ended and all is read."""
        # Whether it has ended is asked first: what it wrote before its end is there by then.
        ended = self._process.poll() is not None
        if select.select([self._controller], [], [], 0 if ended else timeout)[0]:
            return self._decoder.decode(os.read(self._controller, 65536))
        return None if ended else ""

    def read_until(self, wanted: str | None) -> str:
        """Read until the text is there (None: to the end); returns all up to it.

        What came with it is kept for the next call: two texts may arrive in one piece.
        """
        deadline = time.monotonic() + TIMEOUT
        seen, self._unread = self._unread, ""
        while wanted is None or wanted not in seen:
            piece = self.read()
            if piece is None:
                assert wanted is None, f"it ended without {wanted!r}:\n{seen}"
                return seen
            seen += piece
            assert time.monotonic() < deadline, f"waited in vain for {wanted!r}:\n{seen}"
        end = seen.index(wanted) + len(wanted)
        self._unread = seen[end:]
        return seen[:end]

    def wait(self) -> int:
        """Wait for its end; returns its exit code."""
        return self._process.wait(TIMEOUT)

    def close(self) -> None:
        """End it if it still runs."""
        if not self._closed:
            self._closed = True
            if self._process.poll() is None:
                self._process.send_signal(signal.SIGKILL)
            self._process.wait(TIMEOUT)
            os.close(self._controller)
            os.close(self.terminal)


def _take_terminal() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
