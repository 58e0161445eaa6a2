"""A limit for regular expressions, some of which would go on for years on an unlucky text."""

import re
import signal
import threading
from types import FrameType

from chatmgr.domain.errors import UsageFault
from chatmgr.domain.secret_matches import Match, Matcher

_SECONDS = 5.0  # for one text, and for each million characters of it
_MILLION = 1_000_000
_REPEAT_IN_REPEAT = re.compile(r"(?<!\\)\((?:\?:)?[^()]*[^\\()][*+](?:\)|[^()]*\))[*+{]")


class TimeLimited:
    """A matcher that gives up on a text that takes too long, with a UsageFault.

    The limit is a timer of the system, which interrupts Python's own search. Where there is none, and outside
    the main thread, only ``refuse_nested_repeats`` protects.
    """

    def __init__(self, matcher: Matcher, seconds: float = _SECONDS) -> None:
        self._matcher = matcher
        self._seconds = seconds

    def find(self, text: str) -> list[Match]:
        """See ``Matcher``."""
        if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
            return self._matcher.find(text)
        before = signal.signal(signal.SIGALRM, _give_up)
        signal.setitimer(signal.ITIMER_REAL, self._seconds * (1 + len(text) / _MILLION))
        try:
            return self._matcher.find(text)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)


def _give_up(_number: int, _frame: FrameType | None) -> None:
    raise UsageFault(
        "The pattern takes too long on one of the texts. Nothing was changed by that.",
        "Use a simpler one: without a repeat inside a repeat, as in (a+)+.",
    )


def refuse_nested_repeats(pattern: str) -> None:
    """Raise UsageFault for a repeat inside a repeat, which can take exponential time."""
    if _REPEAT_IN_REPEAT.search(pattern):
        raise UsageFault(
            "The pattern repeats a repeat, as in (a+)+, which can take for ever.",
            "Write it without: a+ matches the same.",
        )
