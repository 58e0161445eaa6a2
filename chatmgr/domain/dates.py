"""Moments as people type them: ``2026-03-01``, ``3d``, ``yesterday``, ``last week``.

A day, week, month or year is a span: ``--since`` takes its beginning, ``--until`` its end, so that
``--since "last week" --until "last week"`` is that week. Days begin at midnight where the user is.
"""

import re
from collections.abc import Callable
from datetime import datetime, timedelta

from chatmgr.domain.errors import UsageFault

_HINT = "For instance: 2026-03-01, 2026-03-01T18:30, 3d, 12h, yesterday, monday, last week, this month"
_AGO = re.compile(r"(?P<count>\d{1,6})\s*(?P<unit>[a-z]+)(\s+ago)?")
_UNITS = {
    "min": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
    "m": timedelta(days=30),
    "y": timedelta(days=365),
}
_LONG = {"minute": "min", "hour": "h", "day": "d", "week": "w", "month": "m", "year": "y"}
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DATE = re.compile(r"\d{4}(-\d{2}){0,2}")
Span = tuple[datetime, datetime]


def parse_moment(text: str, now: datetime, *, end: bool) -> datetime:
    """What ``text`` means at ``now``; of a span, its last instant if ``end``. Raises UsageFault."""
    words = " ".join(text.lower().split())
    try:
        begin, after = _span(words, now.astimezone())
    except (ValueError, OverflowError):
        raise UsageFault(f"“{text}” is no date or time that chatmgr understands.", _HINT) from None
    return after - timedelta(microseconds=1) if end and after > begin else begin


def _span(words: str, now: datetime) -> Span:
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    if words == "now":
        return now, now
    if found := _AGO.fullmatch(words):
        at = now - int(found["count"]) * _UNITS[_unit(found["unit"])]
        return at, at
    if words in {"today", "yesterday"}:
        day = _local(midnight - timedelta(days=words == "yesterday"))
        return day, _local(day + timedelta(days=1))
    which, _, unit = words.partition(" ")
    if which in {"last", "this"} and unit in _SPANS:
        begin, after = _SPANS[unit](midnight)
        return (begin, after) if which == "this" else _SPANS[unit](_local(begin - timedelta(days=1)))
    name = unit if which == "last" else words
    if name in _DAYS:
        back = (midnight.weekday() - _DAYS.index(name)) % 7 or 7 * (which == "last")
        day = _local(midnight - timedelta(days=back))
        return day, _local(day + timedelta(days=1))
    return _written(words)


def _unit(word: str) -> str:
    """A unit's short form; the plural too."""
    short = word if word in _UNITS else _LONG.get(word.removesuffix("s"), "")
    if not short:
        raise ValueError(word)
    return short


def _written(words: str) -> Span:
    """A year, a month, a day, or a moment in ISO 8601."""
    if not _DATE.fullmatch(words):
        at = datetime.fromisoformat(words.upper())
        at = at.astimezone() if at.tzinfo is None else at
        return at, at
    parts = [int(part) for part in words.split("-")]
    begin = _local(datetime(parts[0], parts[1] if parts[1:] else 1, parts[2] if parts[2:] else 1))  # noqa: DTZ001
    return _SPANS[("year", "month", "day")[len(parts) - 1]](begin)


def _local(moment: datetime) -> datetime:
    """A wall-clock time in the zone it falls into: summer time may have begun between."""
    return moment.replace(tzinfo=None).astimezone()


def _day(at: datetime) -> Span:
    return at, _local(at + timedelta(days=1))


def _week(at: datetime) -> Span:
    begin = _local(at - timedelta(days=at.weekday()))
    return begin, _local(begin + timedelta(weeks=1))


def _month(at: datetime) -> Span:
    begin = _local(at.replace(day=1))
    return begin, _local((begin + timedelta(days=32)).replace(day=1))


def _year(at: datetime) -> Span:
    begin = _local(at.replace(month=1, day=1))
    return begin, _local(begin.replace(year=begin.year + 1))


_SPANS: dict[str, Callable[[datetime], Span]] = {"day": _day, "week": _week, "month": _month, "year": _year}
