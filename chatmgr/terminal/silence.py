"""Says what is waited for where standard input stays open and nothing comes.

A script, a cron job or ``docker run -i`` leaves it open without meaning to, and a command that reads it to
its end would hang there without a word.
"""

import sys

from chatmgr.domain.interrupts import interrupts
from chatmgr.terminal.console import console

_SECONDS = 2.0
_CHUNK = 1 << 20  # bytes


def told_if_silent(what: str) -> bool:
    """Wait for standard input, two seconds at most, and then say so; returns whether anything was said.

    ``what`` is what is expected there: “a message”. Call it only while nothing is buffered.
    """
    try:
        ready = interrupts.wait(sys.stdin.fileno(), _SECONDS)
    except (OSError, ValueError):
        return True  # it cannot be watched
    if not ready:
        console.note(
            f"Waiting for {what} on standard input, which is open and silent. It ends with Ctrl-D, or with "
            "the program that feeds it; without it: </dev/null"
        )
    return not ready


def read_all(what: str) -> bytes:
    """Everything on standard input, up to its end."""
    chunks: list[bytes] = []
    told = False
    while True:
        told = told or told_if_silent(what)
        chunk = interrupts.read(sys.stdin.fileno(), _CHUNK)
        if not chunk:
            return b"".join(chunks)
        chunks.append(chunk)
