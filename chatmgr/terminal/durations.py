"""Durations in words: how long ago something was, and how much later."""

from datetime import datetime

from chatmgr.domain.text import counted
from chatmgr.terminal.theme import styled

_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400
# (seconds from which a unit is used, its length in seconds, its name); less than an hour is not mentioned.
_UNITS = (
    (730 * _DAY, 365 * _DAY, "year"),
    (60 * _DAY, 30 * _DAY, "month"),
    (14 * _DAY, 7 * _DAY, "week"),
    (_DAY, _DAY, "day"),
    (_HOUR, _HOUR, "hour"),
)
_AGES = ((_DAY, "day"), (_HOUR, "hour"), (_MINUTE, "minute"))
_DAYS_COUNTED = 7  # from then on, the day is named
_DAYS_NAMED = 300  # from then on, the month and the year: a day could be meant of this year or the last
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


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


def time_taken(begun: datetime | None, ended: datetime | None) -> str:
    """``4.2 s``, ``3 min 5 s`` or ``2 h 10 min``; empty if either time is unknown."""
    if begun is None or ended is None:
        return ""
    seconds = max((ended - begun).total_seconds(), 0)
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def time_left(seconds: float) -> str:
    """``20 s``, ``3 min`` or ``2 h 10 min``: as exactly as it can be known."""
    if seconds < _MINUTE:
        return f"{max(round(seconds / 5) * 5, 5)} s"
    minutes = round(seconds / _MINUTE)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def divider(label: str, *, terminal: bool) -> str:
    """A dim rule with words in it, between two turns."""
    return styled(f"─── {label} ───", "fact", terminal)


def age(moment: datetime, now: datetime) -> str:
    """How long ago, or when: ``now``, ``5 minutes``, ``2 days``, ``12 March``, ``May 2024``."""
    seconds = int((now - moment).total_seconds())
    if seconds < _MINUTE:
        return "now"
    if seconds >= _DAYS_COUNTED * _DAY:
        day = moment.astimezone()
        month = _MONTHS[day.month - 1]
        return f"{day.day} {month}" if seconds < _DAYS_NAMED * _DAY else f"{month} {day.year}"
    size, unit = next((size, unit) for size, unit in _AGES if seconds >= size)
    return counted(seconds // size, unit)
