"""Where words go: the answer and data to stdout, everything else to stderr.

A pipe whose reader has left is no error: what is written to it is dropped, so that a turn that is
being paid for is still finished and kept.
"""

import os
import sys
from datetime import datetime
from typing import TextIO

from chatmgr.terminal.sanitize import clean, wrap

_CODES = {"dim": "2", "bold": "1", "red": "31", "green": "32", "yellow": "33", "cyan": "36", "match": "1;33"}


class Console:
    """Both streams of one process."""

    def __init__(self) -> None:
        self._deaf = False

    def out(self, text: str, end: str = "\n") -> None:
        """Data, as it is: the caller has cleaned it, or means it for a program."""
        if self._deaf:
            return
        try:
            sys.stdout.write(text + end)
            sys.stdout.flush()
        except BrokenPipeError:
            self._deaf = True
            self._silence()

    def _silence(self) -> None:
        """Keep the interpreter from failing once more when it flushes stdout at exit."""
        sink = os.open(os.devnull, os.O_WRONLY)
        os.dup2(sink, sys.stdout.fileno())
        os.close(sink)

    @property
    def deaf(self) -> bool:
        """Whether the reader of stdout has left."""
        return self._deaf

    def note(self, text: str, style: str = "dim") -> None:
        """One line for the person, on stderr; a terminal's width breaks it between words."""
        try:
            sys.stderr.write(styled(for_stderr(clean(text)), style, sys.stderr.isatty()) + "\n")
            sys.stderr.flush()
        except OSError:
            return


def for_stderr(text: str) -> str:
    """A text, wrapped at words where stderr is a terminal; elsewhere as it is."""
    if not sys.stderr.isatty():
        return text
    from chatmgr.terminal.region import size_of

    return wrap(text, size_of(sys.stderr.fileno())[0])


def moves(stream: TextIO) -> bool:
    """Whether the cursor can be moved there: at a terminal that is not a dumb one."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def colour(stream_is_terminal: bool) -> bool:
    """Whether colour is wanted there: not in a pipe, not with NO_COLOR, not on a dumb terminal."""
    return stream_is_terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def styled(text: str, style: str, terminal: bool) -> str:
    """Text in a style, where styles are shown."""
    return f"\x1b[{_CODES[style]}m{text}\x1b[0m" if style and colour(terminal) else text


def age(moment: datetime, now: datetime) -> str:
    """How long ago, in the largest unit that fits: ``now``, ``5 min``, ``3 h``, ``2 d``, ``7 w``, ``3 y``."""
    seconds = max(0, int((now - moment).total_seconds()))
    for size, unit in ((31_557_600, "y"), (604_800 * 2, "w"), (86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // (604_800 if unit == 'w' else size)} {unit}"
    return "now"


console = Console()
