"""Turns, tokens and cost under one set of filters: the total, and its parts as they are asked for."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from itertools import groupby
from operator import attrgetter
from typing import get_args

from chatmgr.domain import periods
from chatmgr.domain.fast_dataclass import dataclass
from chatmgr.domain.filters import ALWAYS, Filters
from chatmgr.domain.totals import Ranking, Unit, UsageTotals, known_cost
from chatmgr.store.reader import Reader
from chatmgr.store.reader.stats import Usage

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
    one_pass: "OnePass | None" = None

    def rows(self, by: str, count: int = 0) -> Iterable[UsageTotals]:
        """One table's rows: the newest periods, or the values with the most turns; 0 for all."""
        for unit in UNITS:
            if unit == by:
                counts = list(self.reader.stats.periods(unit, self.filters, self.total).values())
                return counts[-count:] if count else counts
        [ranking] = (ranking for ranking in RANKINGS if ranking == by)
        if self.one_pass is not None:
            return self.one_pass.rows(ranking, count)
        return self.reader.stats.ranking(ranking, self.filters, count)

    def over_time(self, periods_shown: int) -> tuple[Unit, list[date], list[UsageTotals | None]]:
        """What to plot in at most so many periods: their unit, their first days, and their counts."""
        first, last = self._span()
        unit, days = periods.finest_unit(first, last, periods_shown)
        since = max(self.filters.since, datetime.combine(days[0], time()).astimezone())
        counts = self.reader.stats.periods(unit, replace(self.filters, since=since), self.total)
        return unit, days, [counts.get(periods.period_name(unit, day)) for day in days]

    def _span(self) -> tuple[date, date]:
        """The days that a plot shows: from the first turn to the last, thirty unless a filter says more."""
        last = periods.day_of(int(self.total.last_at.timestamp()))
        begin = max(self.filters.since, self.total.first_at)
        first = periods.day_of(int(begin.timestamp()))
        if self.filters.since == ALWAYS:
            first = max(first, last - timedelta(days=_PLOTTED_DAYS - 1))
        return first, last


def statistics(reader: Reader, filters: Filters, *, moments: bool = True) -> Statistics | None:
    """Count what the filters match, archived or not; None where that is nothing.

    Without ``moments``, the rows of rankings need not tell when their first and last turns were, and give
    those of the total. Then one pass over an index is enough, unless filters choose runs or times.
    """
    filters = replace(filters, archived=filters.archived or None)
    if not moments and not _chooses_runs(filters):
        return _in_one_pass(reader, filters)
    total = reader.stats.total(filters)
    return Statistics(reader, filters, *total) if total else None


def _chooses_runs(filters: Filters) -> bool:
    """Whether filters leave out runs or turns of the conversations that they choose."""
    of_conversations = Filters(
        assistant=filters.assistant, tag=filters.tag, folder=filters.folder, archived=filters.archived
    )
    return filters != of_conversations


def _in_one_pass(reader: Reader, filters: Filters) -> Statistics | None:
    rows = reader.stats.usage(filters)
    if not rows:
        return None
    one_pass = OnePass(reader, rows, reader.stats.span(filters))
    return Statistics(reader, filters, one_pass.total(), len(one_pass.conversations), one_pass)


class OnePass:
    """The total and all rankings, from one row for each conversation, model and provider.

    A conversation's turns count once each, for it and its assistant. They count for its model and provider
    as well, unless it has several: then the database is asked how many turns each had a run of.
    """

    def __init__(self, reader: Reader, rows: list[Usage], span: tuple[datetime, datetime]) -> None:
        self._span = span
        self.conversations = [list(parts) for _, parts in groupby(rows, attrgetter("pk"))]
        self._rows = rows
        self._turns: dict[Ranking, Counter[str]] = {ranking: Counter() for ranking in RANKINGS}
        models, providers = self._turns["model"], self._turns["provider"]
        for parts in self.conversations:
            first = parts[0]
            self._turns["assistant"][first.assistant] += first.turns
            if len(parts) == 1:
                models[first.model] += first.turns
                providers[first.provider] += first.turns
            else:
                models.update(reader.stats.turns_by_model(first.pk))
                providers.update(reader.stats.turns_by_provider(first.pk))

    def total(self) -> UsageTotals:
        """The sums over everything."""
        return self._totals("", self._turns["assistant"].total(), self._rows)

    def rows(self, ranking: Ranking, count: int) -> list[UsageTotals]:
        """The values with the most turns, equals by name; 0 for all."""
        if ranking == "conversation":
            ranked = sorted(self.conversations, key=lambda parts: (-parts[0].turns, parts[0].conversation))
            chosen = ranked[:count] if count else ranked
            return [self._totals(parts[0].conversation, parts[0].turns, parts) for parts in chosen]
        rows_of: dict[str, list[Usage]] = defaultdict(list)
        for row in self._rows:
            rows_of[getattr(row, ranking)].append(row)
        turns = self._turns[ranking]
        keys = sorted(turns, key=lambda key: (-turns[key], key))
        return [self._totals(key, turns[key], rows_of[key]) for key in (keys[:count] if count else keys)]

    def _totals(self, key: str, turns: int, rows: Sequence[Usage]) -> UsageTotals:
        unpriced = sum([row.unpriced for row in rows])
        return UsageTotals(
            key,
            turns,
            sum([row.runs for row in rows]),
            _known_sum([row.input_tokens for row in rows]),
            _known_sum([row.output_tokens for row in rows]),
            _known_sum([row.cached_tokens for row in rows]),
            _known_sum([row.reasoning_tokens for row in rows]),
            known_cost(_known_sum([row.cost for row in rows]), unpriced),
            unpriced,
            *self._span,
        )


def _known_sum(counts: Iterable[int | None]) -> int | None:
    """The sum of what is known, None where nothing is; PostgreSQL gives big sums as decimals."""
    known = [count for count in counts if count is not None]
    return int(sum(known)) if known else None
