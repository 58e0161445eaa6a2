"""The streaming answer as plain text: cleaned, and written as it arrives."""

from contextlib import AbstractContextManager, nullcontext

from chatmgr.terminal.console import Console
from chatmgr.terminal.sanitize import clean


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

    def write(self, text: str) -> None:
        """Write one piece. A final carriage return is held back: it may be half of a line ending."""
        text = self._held_cr + text
        self._held_cr = "\r" if text.endswith("\r") else ""
        if self._held_cr:
            text = text[:-1]
        if text:
            self._print(clean(text))
            self._in_line = not text.endswith("\n")

    def draw(self) -> None:
        """Does nothing: everything is on the screen already."""

    def freeze(self) -> None:
        """Does nothing: plain text never changes once it is written."""

    def suspended(self) -> AbstractContextManager[None]:
        """Other output may be written within this block."""
        return nullcontext()

    def finish(self) -> None:
        """End the last line. Raises OSError if not everything could be written."""
        if self._held_cr:
            self._print(clean(self._held_cr))
            self._held_cr, self._in_line = "", True
        if self._in_line:
            self._print("\n")
            self._in_line = False
        if self._error:
            raise self._error

    def _print(self, text: str) -> None:
        if self._error:
            return
        try:
            self._console.write(text)
        except OSError as error:
            self._error = error
