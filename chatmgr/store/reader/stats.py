"""Pages of sums: what was said and what it took, in all, per period, and per model or whatever else."""

from collections.abc import Iterator
from dataclasses import replace
from math import floor

from chatmgr.domain import periods
from chatmgr.domain.filters import Filters
from chatmgr.domain.totals import Ranking, Unit, UsageTotals
from chatmgr.store.reader import values
from chatmgr.store.reader.base import Pages


class StatsPages(Pages):
    """Sums over the runs that filters leave, of conversations that are not in the trash."""

    def total(self, filters: Filters) -> tuple[UsageTotals, int] | None:
        """The sums over all of them, and in how many conversations they are; None where there are none."""
        row = self._first("count_all", **filters.values())
        return (values.count(row, ""), int(row[0])) if row and row[2] else None

    def total_of(self, conversation: int) -> UsageTotals | None:
        """The sums over all runs of one conversation; None before the first."""
        row = self._first("count_of", conversation=conversation, **Filters(archived=None).values())
        return values.count(row, "") if row and row[2] else None

    def ranking(self, by: Ranking, filters: Filters, count: int = 0) -> Iterator[UsageTotals]:
        """One row for each model, provider, assistant or conversation, most turns first; 0 for all."""
        rows = self._rows(f"count_by_{by}", limit=self._limit(count), **filters.values())
        return (values.count(row, str(row[0])) for row in rows)

    def periods(self, unit: Unit, filters: Filters, total: UsageTotals) -> dict[str, UsageTotals]:
        """The user's days, weeks or months in which something was said, oldest first, by their names.

        ``total`` says between which moments that was.
        """
        first = floor(max(filters.since, total.first_at).timestamp())
        grid = periods.day_grid(first, floor(total.last_at.timestamp()))
        found: dict[str, UsageTotals] = {}
        rows = self._rows("count_by_stretch", shift=grid.shift, step=grid.step, **filters.values())
        for row in rows:
            day = periods.day_of(grid.interval_start(int(row[0])))
            key = periods.period_name(unit, periods.period_start(unit, day))
            one = values.count(row, key)
            found[key] = found[key].combined(one) if key in found else one
        return {key: replace(found[key], key=key) for key in sorted(found)}
