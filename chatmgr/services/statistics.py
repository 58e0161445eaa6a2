"""Turns, tokens and cost under one set of filters: the total, and its parts as they are asked for."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import get_args

from chatmgr.domain import periods
from chatmgr.domain.fast_dataclass import dataclass
from chatmgr.domain.filters import ALWAYS, Filters
from chatmgr.domain.totals import Ranking, Unit, UsageTotals
from chatmgr.store.reader import Reader

UNITS: tuple[Unit, ...] = get_args(Unit)
RANKINGS: tuple[Ranking, ...] = get_args(Ranking)
OVERVIEW: tuple[Ranking, ...] = ("model", "assistant", "conversation")
_PLOTTED_DAYS = 30


@dataclass(frozen=True, slots=True)
class Statistics:
    """The total of what the filters match, and the tables and plots that it can be broken down into."""

    reader: Reader
    filters: Filters
    total: UsageTotals
    conversations: int

    def rows(self, by: str, count: int = 0) -> Iterable[UsageTotals]:
        """One table's rows: the newest periods, or the values with the most turns; 0 for all."""
        for unit in UNITS:
            if unit == by:
                counts = list(self.reader.stats.periods(unit, self.filters, self.total).values())
                return counts[-count:] if count else counts
        [ranking] = (ranking for ranking in RANKINGS if ranking == by)
        return self.reader.stats.ranking(ranking, self.filters, count)

    def over_time(self, periods_shown: int) -> tuple[Unit, list[date], list[UsageTotals | None]]:
        """What to plot in at most so many periods: their unit, their first days, and their counts."""
        first, last = self._span()
        unit, days = periods.finest_unit(first, last, periods_shown)
        since = max(self.filters.since, datetime.combine(days[0], time()).astimezone())
        counts = self.reader.stats.periods(unit, replace(self.filters, since=since), self.total)
        return unit, days, [counts.get(periods.period_name(unit, day)) for day in days]

    def _span(self) -> tuple[date, date]:
        """The days that a plot shows: those of the filters, else the last thirty."""
        end = max(min(self.filters.until, datetime.now(UTC)), self.total.last_at)
        last = periods.day_of(int(end.timestamp()))
        if self.filters.since == ALWAYS:
            return last - timedelta(days=_PLOTTED_DAYS - 1), last
        begin = max(self.filters.since, self.total.first_at)
        return periods.day_of(int(begin.timestamp())), last


def statistics(reader: Reader, filters: Filters) -> Statistics | None:
    """Count what the filters match, archived or not; None where that is nothing."""
    filters = replace(filters, archived=filters.archived or None)
    total = reader.stats.total(filters)
    return Statistics(reader, filters, *total) if total else None
