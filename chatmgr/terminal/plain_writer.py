"""The streaming answer as plain text: cleaned, and written as it arrives."""

import os
import select
import sys
from collections.abc import Callable

from chatmgr.domain.interrupts import interrupts
from chatmgr.terminal.console import Console, shared_output
from chatmgr.terminal.sanitize import clean

_PIECE = 1024  # characters, at most 4096 bytes: a pipe with any room takes them without blocking


class PlainWriter:
    """Writes pieces of an answer to stdout and ends it with exactly one line feed of its own.

    If stdout fails (a full disk), the rest is dropped and ``finish`` raises the error: a turn that is being
    paid for still finishes and is saved.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._held_cr = ""
        self._in_line = False
        self._error: OSError | None = None
        self._shared = shared_output()
        self._poller: select.poll | None = None
        if os.name == "posix":
            self._poller = select.poll()
            self._poller.register(sys.stdout.fileno(), select.POLLOUT)
        self._held_back: list[Callable[[], None]] = []

    def write(self, text: str) -> None:
        """Write one piece. A final carriage return is held back: it may be half of a line ending."""
        text = self._held_cr + text
        self._held_cr = "\r" if text.endswith("\r") else ""
        if self._held_cr:
            text = text[:-1]
        if self._held_back and "\n" in text:
            line, _, text = text.partition("\n")
            self._print(clean(f"{line}\n"))
            self._in_line = False
            self._write_held_back()
        if text:
            self._print(clean(text))
            self._in_line = not text.endswith("\n")

    def draw(self) -> None:
        """End the line at a terminal that other output shares with the answer, which goes on in the next."""
        if self._in_line and self._shared == "terminal":
            self._print("\n")
            self._in_line = False

    def freeze(self) -> None:
        """As ``draw``: plain text never changes once it is written."""
        self.draw()

    def beside(self, write: Callable[[], None]) -> None:
        """Let other output be written: at once, or after the end of the line if it would go into one file."""
        self.draw()
        if self._in_line and self._shared == "file":
            self._held_back.append(write)
        else:
            write()

    def finish(self) -> None:
        """End the last line. Raises OSError if not everything could be written."""
        if self._held_cr:
            self._print(clean(self._held_cr))
            self._held_cr, self._in_line = "", True
        if self._in_line:
            self._print("\n")
            self._in_line = False
        self._write_held_back()
        if self._error:
            raise self._error

    def _has_room(self) -> bool:
        """Whether stdout takes something at once."""
        if self._poller is None:
            return True
        return bool(self._poller.poll(0))

    def _write_held_back(self) -> None:
        held_back, self._held_back = self._held_back, []
        for write in held_back:
            write()

    def _print(self, text: str) -> None:
        for start in range(0, len(text), _PIECE):
            if self._error:
                return
            if not self._has_room():  # its reader does not read; Ctrl-C ends the wait for it
                interrupts.wait(sys.stdout.fileno(), writing=True)
            try:
                self._console.write(text[start : start + _PIECE])
            except OSError as error:
                self._error = error
