"""An answer as it streams: plain text, cleaned, written as it comes."""

from contextlib import AbstractContextManager, nullcontext

from chatmgr.terminal.console import Console
from chatmgr.terminal.sanitize import clean


class AnswerWriter:
    """Writes deltas to stdout and ends with exactly one line feed of its own.

    Where stdout fails (a full disk), the rest is not written, and that is said at the end: a turn that
    is being paid for is finished and kept all the same.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._held = ""
        self._open_line = False
        self._failed: OSError | None = None

    def write(self, text: str) -> None:
        """One piece. A carriage return at its end waits for the next: it may be half of a line end."""
        text = self._held + text
        self._held = "\r" if text.endswith("\r") else ""
        if self._held:
            text = text[:-1]
        if text:
            self._put(clean(text))
            self._open_line = not text.endswith("\n")

    def draw(self) -> None:
        """All that came is on the screen already."""

    def settle(self) -> None:
        """It stays as it is, too."""

    def aside(self) -> AbstractContextManager[None]:
        """Something else is written meanwhile, where the text stands."""
        return nullcontext()

    def finish(self) -> None:
        """End the last line; raises OSError where not everything could be written."""
        if self._held:
            self._put(clean(self._held))
            self._held, self._open_line = "", True
        if self._open_line:
            self._put("\n")
            self._open_line = False
        if self._failed:
            raise self._failed

    def _put(self, text: str) -> None:
        if self._failed:
            return
        try:
            self._console.out(text, end="")
        except OSError as error:
            self._failed = error
