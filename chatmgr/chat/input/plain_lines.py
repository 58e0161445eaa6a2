"""The chat's lines where no line editor can run: read as they come, from a pipe or a dumb terminal."""

import sys
from contextlib import AbstractContextManager, nullcontext

from chatmgr.chat.slash import Typed
from chatmgr.domain.errors import ChatmgrError
from chatmgr.terminal.console import console
from chatmgr.terminal.line_input import read_line, without_sequences
from chatmgr.terminal.sanitize import clean
from chatmgr.terminal.silence import told_if_silent

PROMPT = "❯ "


class PlainLines:
    """Lines from standard input, with a prompt if a person is typing them."""

    def __init__(self) -> None:
        self._told = sys.stdin.isatty()

    @property
    def leaving(self) -> bool:
        """Always False: Ctrl-C is not counted here."""
        return False

    def ask(self) -> Typed:
        """Read the next line. Raises EOFError at the end."""
        if sys.stdin.isatty() and sys.stdout.isatty():
            console.out(PROMPT, end="")
        if not self._told:  # later lines may be buffered already
            self._told = True
            told_if_silent("messages")
        line = read_line(sys.stdin.fileno())
        if not line:
            raise EOFError
        text = line.decode("utf-8", "surrogateescape").rstrip("\r\n")
        return Typed(without_sequences(text) if sys.stdin.isatty() else text)

    def show(self, text: str) -> str:
        """Show a message after a prompt, where a person is looking."""
        if sys.stdin.isatty() and sys.stdout.isatty():
            console.out(f"{PROMPT}{clean(text)}")
        return text

    def ahead(self) -> AbstractContextManager[None]:
        """The terminal itself buffers what is typed."""
        return nullcontext()

    def hold_back(self) -> None:
        """Does nothing: what the terminal buffers cannot be held back."""

    def put(self, text: str) -> None:
        """Raises ChatmgrError: there is no input line that could hold the text."""
        raise ChatmgrError("This terminal cannot edit a line.", "Type the message instead.")

    def switched(self) -> None:
        """Does nothing: there is no history."""

    def renew_facts(self) -> None:
        """Does nothing: there is no toolbar."""
