"""What was counted under one set of filters, as text, JSON and pages show it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import get_args

from chatmgr.domain import periods
from chatmgr.domain.filters import ALWAYS, Filters
from chatmgr.domain.totals import Ranking, Unit, UsageTotals
from chatmgr.ui.context import app

UNITS: tuple[Unit, ...] = get_args(Unit)
RANKINGS: tuple[Ranking, ...] = get_args(Ranking)
OVERVIEW: tuple[Ranking, ...] = ("model", "assistant", "conversation")
_DAYS = 30


@dataclass(frozen=True, slots=True)
class Counted:
    """The total of what the filters leave, and the way to its parts."""

    filters: Filters
    total: UsageTotals
    conversations: int

    def rows(self, by: str, count: int = 0) -> Iterable[UsageTotals]:
        """One table's rows: of periods the newest, else those with the most turns; 0 for all."""
        for unit in UNITS:
            if unit == by:
                found = list(app().reader.stats.periods(unit, self.filters, self.total).values())
                return found[-count:] if count else found
        [ranking] = (one for one in RANKINGS if one == by)
        return app().reader.stats.ranking(ranking, self.filters, count)

    def over_time(self, places: int) -> tuple[Unit, list[date], list[UsageTotals | None]]:
        """The periods of a plot with so many places: a unit, their first days, and what was said then."""
        first, last = self._span()
        unit, days = periods.finest_unit(first, last, places)
        since = max(self.filters.since, datetime.combine(days[0], time()).astimezone())
        found = app().reader.stats.periods(unit, replace(self.filters, since=since), self.total)
        return unit, days, [found.get(periods.period_name(unit, day)) for day in days]

    def _span(self) -> tuple[date, date]:
        """The days that a plot shows: those of the filters, else the last thirty."""
        end = max(min(self.filters.until, datetime.now(UTC)), self.total.last_at)
        last = periods.day_of(int(end.timestamp()))
        if self.filters.since == ALWAYS:
            return last - timedelta(days=_DAYS - 1), last
        begin = max(self.filters.since, self.total.first_at)
        return periods.day_of(int(begin.timestamp())), last


def counted(filters: Filters) -> Counted | None:
    """What the filters leave, archived or not; None where that is nothing."""
    filters = replace(filters, archived=filters.archived or None)
    found = app().reader.stats.total(filters)
    return Counted(filters, *found) if found else None
