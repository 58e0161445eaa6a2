"""Days, weeks and months in the user's calendar, and a grid that a database can group by.

A database cannot tell which local day a moment is in: it does not know the user's time zone and its summer
times as this process does. Instead it groups moments by intervals of equal length, chosen so that no
interval spans two local days; the intervals are combined here.
"""

import time
from collections.abc import Iterator
from datetime import date, timedelta
from math import gcd

from chatmgr.domain.fast_dataclass import dataclass
from chatmgr.domain.totals import Unit

DAY = 86_400
DAYS_OF_WEEK = 7
_YEAR_ONE = 719_162 * DAY  # keeps numbers positive: databases round integer division towards zero


@dataclass(frozen=True, slots=True)
class Grid:
    """Intervals of ``step`` seconds; a moment is in interval number ``(second + shift) // step``."""

    shift: int
    step: int

    def interval_start(self, number: int) -> int:
        """The second at which an interval starts."""
        return number * self.step - self.shift


def day_grid(first: int, last: int) -> Grid:
    """The coarsest grid between two seconds whose intervals each lie within one local day.

    Whole days if the clocks are never changed; hours in most other zones.
    """
    offset = offset_before = _offset(first)
    step, day_start = DAY, first
    while day_start < last:
        day_end = min(day_start + DAY, last)
        new_offset = _offset(day_end)
        if new_offset != offset_before:
            step = gcd(step, new_offset - offset, _find_change(day_start, day_end) + offset)
        day_start, offset_before = day_end, new_offset
    return Grid(offset + _YEAR_ONE, step)


def _offset(second: int) -> int:
    return time.localtime(second).tm_gmtoff


def _find_change(before: int, after: int) -> int:
    """The second at which the clocks were changed between two moments."""
    old_offset = _offset(before)
    while after - before > 1:
        middle = (before + after) // 2
        before, after = (middle, after) if _offset(middle) == old_offset else (before, middle)
    return after


def day_of(second: int) -> date:
    """The local date of a moment."""
    return date(*time.localtime(second)[:3])


def period_start(unit: Unit, day: date) -> date:
    """The first day of the period that contains a day; weeks start on Monday."""
    if unit == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if unit == "month" else day


def period_name(unit: Unit, first: date) -> str:
    """A period's name: ``2026-03-29``, ``2026-W13``, ``2026-03``."""
    if unit == "week":
        year, week, _ = first.isocalendar()
        return f"{year}-W{week:02}"
    return f"{first:%Y-%m}" if unit == "month" else first.isoformat()


def period_starts(unit: Unit, first: date, last: date) -> Iterator[date]:
    """The first days of all periods from the one of ``first`` to the one of ``last``."""
    start = period_start(unit, first)
    while start <= last:
        yield start
        start = period_start(
            unit, start + timedelta(days={"day": 1, "week": DAYS_OF_WEEK, "month": 31}[unit])
        )


def finest_unit(first: date, last: date, limit: int) -> tuple[Unit, list[date]]:
    """The finest unit that divides a span into at most ``limit`` periods; of months, the newest that fit."""
    for unit in ("day", "week", "month"):
        starts = list(period_starts(unit, first, last))
        if len(starts) <= limit or unit == "month":
            return unit, starts[-limit:]
    raise AssertionError


def tick_label(unit: Unit, first: date) -> str:
    """The label under a period in a chart; most have none."""
    if unit == "day":
        return "" if first.weekday() else f"{first.day} {first:%b}"
    if unit == "week":
        return f"{first:%b}" if first.day <= DAYS_OF_WEEK else ""
    return f"{first:%Y}" if first.month == 1 else f"{first:%b}"
