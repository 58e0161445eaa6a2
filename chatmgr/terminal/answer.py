"""An answer as it streams: plain text, cleaned, written as it comes."""

from chatmgr.terminal.console import Console
from chatmgr.terminal.sanitize import clean


class AnswerWriter:
    """Writes deltas to stdout and ends with exactly one line feed of its own."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._held = ""
        self._open_line = False

    def write(self, text: str) -> None:
        """One piece. A carriage return at its end waits for the next: it may be half of a line end."""
        text = self._held + text
        self._held = "\r" if text.endswith("\r") else ""
        if self._held:
            text = text[:-1]
        if text:
            self._console.out(clean(text), end="")
            self._open_line = not text.endswith("\n")

    def finish(self) -> None:
        """End the last line."""
        if self._held:
            self._console.out(clean(self._held), end="")
            self._held, self._open_line = "", True
        if self._open_line:
            self._console.out("")
            self._open_line = False
