"""Reads sums: what was said and what it took, in all, per period, and per model or whatever else."""

from collections.abc import Iterator
from math import floor

from chatmgr.domain import periods
from chatmgr.domain.filters import Filters
from chatmgr.domain.totals import Ranking, Unit, UsageTotals
from chatmgr.store.reader.query_session import QuerySession
from chatmgr.store.shapes import Row, as_dict, moment


class Stats:
    """Sums over the runs that filters leave, of conversations that are not in the trash."""

    def __init__(self, session: QuerySession) -> None:
        self._session = session

    def total(self, filters: Filters) -> tuple[UsageTotals, int] | None:
        """The sums over all of them, and in how many conversations they are; None where there are none."""
        row = self._session.first("stats.total", as_dict, **filters.values())
        if not row or not row["runs"]:
            return None
        conversations = int(row.pop("conversations"))
        return _to_totals(row), conversations

    def total_of(self, conversation: int) -> UsageTotals | None:
        """The sums over all runs of one conversation; None before the first."""
        values = Filters(archived=None).values()
        row = self._session.first("stats.total_of", as_dict, conversation=conversation, **values)
        return _to_totals(row) if row and row["runs"] else None

    def ranking(self, by: Ranking, filters: Filters, count: int = 0) -> Iterator[UsageTotals]:
        """One row for each model, provider, assistant or conversation, most turns first; 0 for all."""
        limit = self._session.limit(count)
        rows = self._session.rows(f"stats.by_{by}", as_dict, limit=limit, **filters.values())
        return map(_to_totals, rows)

    def periods(self, unit: Unit, filters: Filters, total: UsageTotals) -> dict[str, UsageTotals]:
        """The user's days, weeks or months in which something was said, oldest first, by their names.

        ``total`` says between which moments that was.
        """
        first = floor(max(filters.since, total.first_at).timestamp())
        grid = periods.day_grid(first, floor(total.last_at.timestamp()))
        counts: dict[str, UsageTotals] = {}
        values = {**filters.values(), "shift": grid.shift, "step": grid.step}
        for row in self._session.rows("stats.by_cell", as_dict, **values):
            day = periods.day_of(grid.interval_start(int(row.pop("cell"))))
            row["key"] = key = periods.period_name(unit, periods.period_start(unit, day))
            count = _to_totals(row)
            counts[key] = counts[key].combined(count) if key in counts else count
        return {key: counts[key] for key in sorted(counts)}


_SUMS = ("input_tokens", "output_tokens", "cached_tokens", "reasoning_tokens", "cost")


def _to_totals(row: Row) -> UsageTotals:
    """The columns of ``stats.sums``, and a key where there is one; PostgreSQL gives big sums as decimals."""
    row.setdefault("key", "")
    for name in _SUMS:
        row[name] = None if row[name] is None else int(row[name])
    if row["cost"] is None and not row["unpriced"]:
        row["cost"] = 0  # nothing was sent
    row["first_at"], row["last_at"] = moment(row["first_at"]), moment(row["last_at"])
    return UsageTotals(**row)
