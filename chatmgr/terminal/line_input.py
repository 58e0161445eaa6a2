"""Lines and keys read from a terminal or a pipe, without a line editor.

What is read is waited for in ``interrupts``. So a Ctrl-C between a question's text and its answer counts.
``input`` would lose it: a signal that comes just before its read neither interrupts that nor is looked at
until the next key.
"""

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from chatmgr.domain.interrupts import interrupts

_SEQUENCE = r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]P_][^\x1b\x07]*(?:\x07|\x1b\\))"
_unread: dict[int, bytes] = {}


def read_line(descriptor: int) -> bytes:
    """The next line with its end; empty at the end of the input. KeyboardInterrupt on Ctrl-C."""
    content = _unread.pop(descriptor, b"")
    while b"\n" not in content:
        chunk = interrupts.read(descriptor)
        if not chunk:
            return content
        content += chunk
    line, end, rest = content.partition(b"\n")
    if rest:
        _unread[descriptor] = rest
    return line + end


def without_sequences(line: str) -> str:
    """A line without what a terminal put into it unasked: reports of its focus, answers to queries."""
    return re.sub(_SEQUENCE, "", line) if "\x1b" in line else line


def ask_line(question: str) -> str:
    """Write a question to stderr and read its answer. EOFError at the end, KeyboardInterrupt on Ctrl-C."""
    sys.stderr.write(question)
    sys.stderr.flush()
    line = read_line(sys.stdin.fileno())
    if not line:
        raise EOFError
    return without_sequences(line.decode("utf-8", "replace").rstrip("\r\n"))


def ask_secret(question: str) -> str:
    """As ``ask_line`` at the controlling terminal, whose echo is off before the question is shown."""
    if os.name != "posix":
        from getpass import getpass

        return getpass(question)
    with _controlling_terminal() as descriptor, _without_echo(descriptor):
        os.write(descriptor, question.encode())
        try:
            line = read_line(descriptor)
        finally:
            os.write(descriptor, b"\n")
    if not line:
        raise EOFError
    return line.decode("utf-8", "replace").rstrip("\r\n")


def ask_keystroke(question: str) -> str:
    """Write a question to stderr and read one key, which is not echoed; empty at the end of the input."""
    if os.name != "posix":
        from click import echo, getchar

        echo(question, nl=False, err=True)
        return getchar()
    with _without_echo(sys.stdin.fileno(), whole_lines=False):
        sys.stderr.write(question)
        sys.stderr.flush()
        return interrupts.read(sys.stdin.fileno()).decode("utf-8", "replace")


@contextmanager
def _controlling_terminal() -> Iterator[int]:
    """The terminal itself, wherever the standard streams lead; standard input where there is none."""
    try:
        descriptor = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY)
    except OSError:
        yield sys.stdin.fileno()
        return
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _without_echo(descriptor: int, *, whole_lines: bool = True) -> Iterator[None]:
    import termios

    try:
        saved = termios.tcgetattr(descriptor)
    except termios.error:  # not a terminal
        yield
        return
    mode = termios.tcgetattr(descriptor)
    mode[3] &= ~(termios.ECHO | (0 if whole_lines else termios.ICANON))
    termios.tcsetattr(descriptor, termios.TCSADRAIN, mode)
    try:
        yield
    finally:
        with suppress(termios.error):
            termios.tcsetattr(descriptor, termios.TCSADRAIN, saved)
