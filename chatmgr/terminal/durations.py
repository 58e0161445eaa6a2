"""The time between two things that were said, in words."""

from datetime import datetime

from chatmgr.terminal.console import styled

_DAY = 86_400
# From so many seconds on, time is counted in these; what is less than an hour needs no words.
_UNITS = (
    (730 * _DAY, 365 * _DAY, "year"),
    (60 * _DAY, 30 * _DAY, "month"),
    (14 * _DAY, 7 * _DAY, "week"),
    (_DAY, _DAY, "day"),
    (3_600, 3_600, "hour"),
)


def later(before: datetime | None, after: datetime | None) -> str:
    """``3 days later``; empty for a moment, and where either is unknown."""
    if before is None or after is None:
        return ""
    seconds = int((after - before).total_seconds())
    for least, size, unit in _UNITS:
        if seconds >= least:
            count = seconds // size
            return f"{count:,} {unit}{'' if count == 1 else 's'} later"
    return ""


def rule(words: str, *, terminal: bool) -> str:
    """Words in a dim rule, between two turns."""
    return styled(f"─── {words} ───", "dim", terminal)
