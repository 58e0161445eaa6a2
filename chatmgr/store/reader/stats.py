"""Reads sums: what was said and what it took, in all, per period, and per model or whatever else."""

from collections.abc import Iterator
from datetime import datetime
from math import floor
from typing import NamedTuple

from chatmgr.domain import periods
from chatmgr.domain.filters import ALWAYS, Filters
from chatmgr.domain.totals import Ranking, Unit, UsageTotals, known_cost
from chatmgr.store.reader.query_session import QuerySession
from chatmgr.store.shapes import Row, as_dict, into, moment

_NEAR = 1_000  # turns at either end, among which the first or last is looked for


class Usage(NamedTuple):
    """The sums of one conversation's runs with one model at one provider; ``turns`` are all of its turns."""

    pk: int
    conversation: str
    turns: int
    assistant: str
    model: str
    provider: str
    runs: int
    input_tokens: int | None
    output_tokens: int | None
    cached_tokens: int | None
    reasoning_tokens: int | None
    cost: int | None
    unpriced: int


class Stats:
    """Sums over the runs that filters leave, of conversations that are not in the trash."""

    def __init__(self, session: QuerySession) -> None:
        self._session = session

    def usage(self, filters: Filters) -> list[Usage]:
        """The sums by conversation, model and provider, in a pass; filters of runs and times are ignored."""
        return list(self._session.rows("stats.usage", into(Usage), **filters.values()))

    def turns_by_model(self, conversation: int) -> dict[str, int]:
        """How many turns of a conversation each model had a run of."""
        return self._turns("stats.turns_by_model", conversation)

    def turns_by_provider(self, conversation: int) -> dict[str, int]:
        """How many turns of a conversation each provider had a run of."""
        return self._turns("stats.turns_by_provider", conversation)

    def _turns(self, statement: str, conversation: int) -> dict[str, int]:
        rows = self._session.rows(statement, as_dict, conversation=conversation)
        return {row["key"]: int(row["turns"]) for row in rows}

    def span(self, filters: Filters) -> tuple[datetime, datetime]:
        """When the first and the last turn was, of conversations that filters leave; there must be one."""
        values = {**filters.values(), "limit": _NEAR}
        first = min(map(moment, self._session.column("stats.first_times", **values)))
        return first, max(map(moment, self._session.column("stats.last_times", **values)))

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
        since = 0 if filters.since <= ALWAYS else floor(filters.since.timestamp())
        values = {**filters.values(), "first": since, "shift": grid.shift, "step": grid.step}
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
    row["cost"] = known_cost(row["cost"], row["unpriced"])
    row["first_at"], row["last_at"] = moment(row["first_at"]), moment(row["last_at"])
    return UsageTotals(**row)
