"""Asking the terminal something, and reading its answer from among what a person types.

A terminal answers in the stream of its keys. The question ends with one that every terminal answers (its
primary attributes), so that silence about the others is noticed at once. What is typed meanwhile is given
back. An answer that comes too late is dropped by the parser of the chat's keys.
"""

import os
import re
import select
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from chatmgr.terminal.typeahead import keep_typed, keeps_typed, reading_paused

SECONDS = 1.0  # for the last answer; terminals take milliseconds, and a slow connection perhaps half of this
_MOST = 65_536  # bytes to read of whatever comes instead of an answer
_FENCE = b"\x1b[c"
_FENCE_ANSWER = re.compile(rb"\x1b\[\?[\d;]*c")
_ANSWER = re.compile(
    rb"\x1b\[\?[\d;]*c"  # primary attributes
    rb"|\x1b\[\?[\d;]*\$y"  # whether a mode is known
    rb"|\x1b\[[468];\d+;\d+t"  # sizes
    rb"|\x1b(?:_G|P[>\d])[^\x1b\x07]{0,4096}(?:\x1b\\|\x07)"  # kitty's graphics, name and version
)
_UNFINISHED = re.compile(rb"\x1b(?:\[[\d;?$]*|(?:_|P)[^\x1b\x07]{0,4096}\x1b?)?\Z")
_UNFIT = frozenset({"", "dumb", "unknown", "linux", "eterm-color"})


def can_be_asked() -> bool:
    """Whether stdout is a terminal that answers for itself: none inside tmux or screen.

    Terminal.app of macOS prints questions that it does not know.
    """
    environment = os.environ
    term = environment.get("TERM", "")
    return (
        os.name == "posix"
        and sys.stdout.isatty()
        and term not in _UNFIT
        and not term.startswith(("tmux", "screen"))
        and not (environment.get("TMUX") or environment.get("STY"))
        and environment.get("TERM_PROGRAM") != "Apple_Terminal"
    )


def ask_terminal(question: bytes) -> list[bytes]:
    """The terminal's answers to a question, as it sent them; empty where it gives none in time."""
    with _keyboard() as keyboard:
        if keyboard < 0 or not _in_foreground(keyboard):
            return []
        with reading_paused(), _delivering_keys(keyboard):
            if not keeps_typed() and select.select([keyboard], [], [], 0)[0]:
                return []  # typed ahead for whatever comes after this process
            sys.stdout.flush()
            os.write(sys.stdout.fileno(), question + _FENCE)
            received = _read_answers(keyboard)
            _give_back(keyboard, _ANSWER.sub(b"", received))
    return _ANSWER.findall(received)


def _read_answers(keyboard: int) -> bytes:
    """What comes up to the last answer, or within the time for it."""
    received = b""
    deadline = time.monotonic() + SECONDS
    while not _FENCE_ANSWER.search(received) and len(received) < _MOST:
        seconds = deadline - time.monotonic()
        if seconds <= 0 or not select.select([keyboard], [], [], seconds)[0]:
            break
        chunk = os.read(keyboard, 4096)
        if not chunk:
            break
        received += chunk
    return received


def _give_back(keyboard: int, typed: bytes) -> None:
    """Keep what was typed: for the chat's next lines, else as if it were typed now, for whoever reads next.

    Many systems forbid the latter; then the keys pressed in these milliseconds are lost. The beginning of an
    answer is only kept for the chat, which drops the whole of it when its end has come.
    """
    if not typed or keep_typed(typed):
        return
    import fcntl
    import termios

    with suppress(OSError):
        for byte in _UNFINISHED.sub(b"", typed):
            fcntl.ioctl(keyboard, termios.TIOCSTI, bytes([byte]))


@contextmanager
def _keyboard() -> Iterator[int]:
    """Where the terminal's keys and answers are read: standard input, else its own device; -1 for none."""
    if sys.stdin.isatty():
        yield sys.stdin.fileno()
        return
    try:
        descriptor = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        yield -1
        return
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _in_foreground(keyboard: int) -> bool:
    """Whether the terminal listens to this process: one in the background would be stopped."""
    with suppress(OSError):
        return os.tcgetpgrp(keyboard) == os.getpgrp()
    return False


@contextmanager
def _delivering_keys(keyboard: int) -> Iterator[None]:
    """Within this block the terminal delivers each key at once and echoes none; Ctrl-C still interrupts."""
    import termios

    saved = termios.tcgetattr(keyboard)
    mode = termios.tcgetattr(keyboard)
    mode[3] &= ~(termios.ECHO | termios.ICANON)
    mode[6][termios.VMIN], mode[6][termios.VTIME] = 1, 0
    termios.tcsetattr(keyboard, termios.TCSANOW, mode)
    try:
        yield
    finally:
        termios.tcsetattr(keyboard, termios.TCSANOW, saved)
