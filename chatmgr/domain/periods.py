"""Days, weeks and months as the user's calendar has them, and a grid that a database can count by.

A database should not be asked what day a moment falls into: neither knows the user's time zone with
its summer times the way this process does. It counts instead by stretches of equal length, chosen so
that no stretch lies in two local days, and the stretches are then put together here.
"""

import time
from collections.abc import Iterator
from datetime import date, timedelta
from math import gcd

from chatmgr.domain.totals import Unit
from chatmgr.domain.values import dataclass

DAY = 86_400
DAYS_OF_WEEK = 7
_YEAR_ONE = 719_162 * DAY  # so that no number is negative: databases divide towards zero


@dataclass(frozen=True, slots=True)
class Grid:
    """Stretches of ``step`` seconds; a moment lies in number ``(second + shift) // step``."""

    shift: int
    step: int

    def begin(self, number: int) -> int:
        """The second that a stretch begins with."""
        return number * self.step - self.shift


def grid(first: int, last: int) -> Grid:
    """The coarsest grid between two seconds of which every stretch lies within one local day.

    Whole days where the clocks are never changed, hours in most other zones.
    """
    offset = known = _offset(first)
    step, at = DAY, first
    while at < last:
        then = min(at + DAY, last)
        found = _offset(then)
        if found != known:
            step = gcd(step, found - offset, _change(at, then) + offset)
        at, known = then, found
    return Grid(offset + _YEAR_ONE, step)


def _offset(second: int) -> int:
    return time.localtime(second).tm_gmtoff


def _change(before: int, after: int) -> int:
    """The second at which the clocks were changed between two."""
    old = _offset(before)
    while after - before > 1:
        middle = (before + after) // 2
        before, after = (middle, after) if _offset(middle) == old else (before, middle)
    return after


def day_of(second: int) -> date:
    """The local day of a moment."""
    return date(*time.localtime(second)[:3])


def begin(unit: Unit, day: date) -> date:
    """The first day of the period that a day belongs to; weeks begin on Monday."""
    if unit == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if unit == "month" else day


def key(unit: Unit, first: date) -> str:
    """A period's name: ``2026-03-29``, ``2026-W13``, ``2026-03``."""
    if unit == "week":
        year, week, _ = first.isocalendar()
        return f"{year}-W{week:02}"
    return f"{first:%Y-%m}" if unit == "month" else first.isoformat()


def periods(unit: Unit, first: date, last: date) -> Iterator[date]:
    """The first days of all periods from one day's to another's."""
    at = begin(unit, first)
    while at <= last:
        yield at
        at = begin(unit, at + timedelta(days={"day": 1, "week": DAYS_OF_WEEK, "month": 31}[unit]))


def fitting(first: date, last: date, places: int) -> tuple[Unit, list[date]]:
    """The finest unit of which a span has no more than ``places`` periods; of months, the newest that fit."""
    for unit in ("day", "week", "month"):
        found = list(periods(unit, first, last))
        if len(found) <= places or unit == "month":
            return unit, found[-places:]
    raise AssertionError


def tick(unit: Unit, first: date) -> str:
    """What stands under a period in a plot; nothing under most."""
    if unit == "day":
        return "" if first.weekday() else f"{first.day} {first:%b}"
    if unit == "week":
        return f"{first:%b}" if first.day <= DAYS_OF_WEEK else ""
    return f"{first:%Y}" if first.month == 1 else f"{first:%b}"
