"""Durations in words: how long ago something was, and how much later."""

from datetime import datetime

from chatmgr.terminal.theme import styled

_DAY = 86_400
# (seconds from which a unit is used, its length in seconds, its name); less than an hour is not mentioned.
_UNITS = (
    (730 * _DAY, 365 * _DAY, "year"),
    (60 * _DAY, 30 * _DAY, "month"),
    (14 * _DAY, 7 * _DAY, "week"),
    (_DAY, _DAY, "day"),
    (3_600, 3_600, "hour"),
)
_AGE_UNITS = ((31_557_600, "y"), (604_800 * 2, "w"), (_DAY, "d"), (3_600, "h"), (60, "min"))


def time_later(before: datetime | None, after: datetime | None) -> str:
    """``3 days later``; empty for less than an hour, or if either time is unknown."""
    if before is None or after is None:
        return ""
    seconds = int((after - before).total_seconds())
    for threshold, size, unit in _UNITS:
        if seconds >= threshold:
            count = seconds // size
            return f"{count:,} {unit}{'' if count == 1 else 's'} later"
    return ""


def divider(label: str, *, terminal: bool) -> str:
    """A dim rule with words in it, between two turns."""
    return styled(f"─── {label} ───", "fact", terminal)


def age(moment: datetime, now: datetime) -> str:
    """How long ago, in the largest unit that fits: ``now``, ``5 min``, ``3 h``, ``2 d``, ``7 w``, ``3 y``."""
    seconds = max(0, int((now - moment).total_seconds()))
    for unit_seconds, unit in (
        (31_557_600, "y"),
        (604_800 * 2, "w"),
        (86_400, "d"),
        (3_600, "h"),
        (60, "min"),
    ):
        if seconds >= unit_seconds:
            return f"{seconds // (604_800 if unit == 'w' else unit_seconds)} {unit}"
    return "now"
