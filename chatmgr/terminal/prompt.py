"""Asking a person: the chat's input line, and short questions."""

import sys
from collections.abc import Callable, Iterable

Ask = Callable[[], str]


def chat_prompt(earlier: Iterable[str]) -> Ask:
    """A line editor that knows what was said before; reads plain lines where there is no terminal.

    The returned function raises EOFError at the end and KeyboardInterrupt on Ctrl-C.
    """
    if not sys.stdin.isatty():
        return _plain_line
    from prompt_toolkit import PromptSession
    from prompt_toolkit.history import InMemoryHistory

    session: PromptSession[str] = PromptSession(history=InMemoryHistory(list(earlier)))
    return lambda: session.prompt("❯ ")


def _plain_line() -> str:
    line = sys.stdin.buffer.readline()
    if not line:
        raise EOFError
    return line.decode("utf-8", "surrogateescape").rstrip("\r\n")
