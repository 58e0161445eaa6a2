"""Turns, tokens and cost under one set of filters: the total, and its parts as they are asked for."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from operator import attrgetter
from typing import get_args

from chatmgr.domain import periods
from chatmgr.domain.fast_dataclass import dataclass
from chatmgr.domain.filters import ALWAYS, Filters
from chatmgr.domain.totals import Ranking, Unit, UsageTotals, add_known, known_cost
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
        """The days that a plot shows: those of the filters, else the last thirty."""
        end = max(min(self.filters.until, datetime.now(UTC)), self.total.last_at)
        last = periods.day_of(int(end.timestamp()))
        if self.filters.since == ALWAYS:
            return last - timedelta(days=_PLOTTED_DAYS - 1), last
        begin = max(self.filters.since, self.total.first_at)
        return periods.day_of(int(begin.timestamp())), last


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
        self._sums: dict[tuple[str, str, str], _Sums] = defaultdict(_Sums)
        self._turns: dict[Ranking, Counter[str]] = {ranking: Counter() for ranking in RANKINGS}
        for row in rows:
            self._sums[row.model, row.provider, row.assistant].add(row)
        for parts in self.conversations:
            first = parts[0]
            self._turns["assistant"][first.assistant] += first.turns
            several = len(parts) > 1
            stats = reader.stats
            self._turns["model"].update(
                stats.turns_by_model(first.pk) if several else {first.model: first.turns}
            )
            self._turns["provider"].update(
                stats.turns_by_provider(first.pk) if several else {first.provider: first.turns}
            )

    def total(self) -> UsageTotals:
        """The sums over everything."""
        return self._totals("", self._turns["assistant"].total(), self._sums.values())

    def rows(self, ranking: Ranking, count: int) -> list[UsageTotals]:
        """The values with the most turns, equals by name; 0 for all."""
        if ranking == "conversation":
            ranked = sorted(self.conversations, key=lambda parts: (-parts[0].turns, parts[0].conversation))
            chosen = ranked[:count] if count else ranked
            return [self._totals(parts[0].conversation, parts[0].turns, [_Sums(*parts)]) for parts in chosen]
        place = ("model", "provider", "assistant").index(ranking)
        turns = self._turns[ranking]
        keys = sorted(turns, key=lambda key: (-turns[key], key))
        return [
            self._totals(key, turns[key], [sums for keys, sums in self._sums.items() if keys[place] == key])
            for key in (keys[:count] if count else keys)
        ]

    def _totals(self, key: str, turns: int, parts: Iterable["_Sums"]) -> UsageTotals:
        whole = _Sums()
        for part in parts:
            whole.join(part)
        *tokens, cost = (None if known is None else int(known) for known in whole.known)
        cost = known_cost(cost, whole.unpriced)
        return UsageTotals(key, turns, whole.runs, *tokens, cost, whole.unpriced, *self._span)


class _Sums:
    """Runs, unpriced runs, and what is known of their tokens and cost."""

    def __init__(self, *rows: Usage) -> None:
        self.runs = self.unpriced = 0
        self.known: tuple[int | None, ...] = (None,) * 5
        for row in rows:
            self.add(row)

    def add(self, row: Usage) -> None:
        """Count a row."""
        self._count(
            row.runs,
            row.unpriced,
            (row.input_tokens, row.output_tokens, row.cached_tokens, row.reasoning_tokens, row.cost),
        )

    def join(self, other: "_Sums") -> None:
        """Count what another has counted."""
        self._count(other.runs, other.unpriced, other.known)

    def _count(self, runs: int, unpriced: int, known: tuple[int | None, ...]) -> None:
        self.runs += runs
        self.unpriced += unpriced
        self.known = tuple([add_known(ours, theirs) for ours, theirs in zip(self.known, known, strict=True)])
