"""Dates and times as users type them: ``2026-03-01``, ``3d``, ``yesterday``, ``last week``.

A day, week, month or year is a span: ``--since`` takes its start and ``--until`` its end, so that
``--since "last week" --until "last week"`` is that week. Days start at local midnight.
"""

import re
from collections.abc import Callable
from datetime import datetime, timedelta

from chatmgr.domain.errors import UsageFault

_HINT = "Examples: 2026-03-01, 2026-03-01T18:30, 3d, 12h, yesterday, monday, last week, this month"
_AGO = re.compile(r"(?P<count>\d{1,6})\s*(?P<unit>[a-z]+)(\s+ago)?")
_UNITS = {
    "min": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
    "m": timedelta(days=30),
    "y": timedelta(days=365),
}
_UNIT_NAMES = {"minute": "min", "hour": "h", "day": "d", "week": "w", "month": "m", "year": "y"}
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DATE = re.compile(r"\d{4}(-\d{2}){0,2}")
Span = tuple[datetime, datetime]


def parse_moment(text: str, now: datetime, *, end: bool) -> datetime:
    """The moment that ``text`` means at ``now``; of a span, the last instant if ``end``.

    Raises UsageFault if the text is not understood.
    """
    words = " ".join(text.lower().split())
    try:
        start, next_start = _span(words, now.astimezone())
    except (ValueError, OverflowError):
        raise UsageFault(f"“{text}” is not a date or time that chatmgr understands.", _HINT) from None
    return next_start - timedelta(microseconds=1) if end and next_start > start else start


def _span(words: str, now: datetime) -> Span:
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    if words == "now":
        return now, now
    if match := _AGO.fullmatch(words):
        moment = now - int(match["count"]) * _UNITS[_short_unit(match["unit"])]
        return moment, moment
    if words in {"today", "yesterday"}:
        day = _local(midnight - timedelta(days=words == "yesterday"))
        return day, _local(day + timedelta(days=1))
    qualifier, _, unit = words.partition(" ")
    if qualifier in {"last", "this"} and unit in _SPAN_OF:
        start, next_start = _SPAN_OF[unit](midnight)
        return (
            (start, next_start) if qualifier == "this" else _SPAN_OF[unit](_local(start - timedelta(days=1)))
        )
    name = unit if qualifier == "last" else words
    if name in _WEEKDAYS:
        days_back = (midnight.weekday() - _WEEKDAYS.index(name)) % 7 or 7 * (qualifier == "last")
        day = _local(midnight - timedelta(days=days_back))
        return day, _local(day + timedelta(days=1))
    return _parse_iso(words)


def _short_unit(word: str) -> str:
    """The short form of a unit, which may be in the plural."""
    short = word if word in _UNITS else _UNIT_NAMES.get(word.removesuffix("s"), "")
    if not short:
        raise ValueError(word)
    return short


def _parse_iso(words: str) -> Span:
    """A year, a month, a day, or a moment in ISO 8601."""
    if not _DATE.fullmatch(words):
        moment = datetime.fromisoformat(words.upper())
        moment = moment.astimezone() if moment.tzinfo is None else moment
        return moment, moment
    parts = [int(part) for part in words.split("-")]
    start = _local(datetime(parts[0], parts[1] if parts[1:] else 1, parts[2] if parts[2:] else 1))  # noqa: DTZ001
    return _SPAN_OF[("year", "month", "day")[len(parts) - 1]](start)


def _local(moment: datetime) -> datetime:
    """A wall-clock time with the UTC offset of that time: summer time may have started in between."""
    return moment.replace(tzinfo=None).astimezone()


def _day(moment: datetime) -> Span:
    return moment, _local(moment + timedelta(days=1))


def _week(moment: datetime) -> Span:
    start = _local(moment - timedelta(days=moment.weekday()))
    return start, _local(start + timedelta(weeks=1))


def _month(moment: datetime) -> Span:
    start = _local(moment.replace(day=1))
    return start, _local((start + timedelta(days=32)).replace(day=1))


def _year(moment: datetime) -> Span:
    start = _local(moment.replace(month=1, day=1))
    return start, _local(start.replace(year=start.year + 1))


_SPAN_OF: dict[str, Callable[[datetime], Span]] = {"day": _day, "week": _week, "month": _month, "year": _year}
