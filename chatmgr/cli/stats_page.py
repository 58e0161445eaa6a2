"""``chatmgr stats --html``: the page, and the file it is written to."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

from chatmgr.cli.stats_totals import OVERVIEW, UNITS, Counted
from chatmgr.domain import periods
from chatmgr.domain.totals import UsageTotals
from chatmgr.formats import atomic_write
from chatmgr.formats.stats_html import PeriodTotals, RankingTable, StatsPage, stats_page
from chatmgr.terminal.console import console

_PLACES = 92  # bars that can be told from each other on a screen: a quarter of a year in days
_ROWS = 25


def write(path: str, found: Counted, by: str | None, count: int | None, *, force: bool) -> None:
    """Write the page to a file of the owner's alone, or to standard output."""
    pieces = stats_page(_page(found, by, count))
    if path == "-":
        for piece in pieces:
            console.out(piece, end="")
        return
    target = Path(path).expanduser()
    atomic_write.write_file(target, pieces, force=force)
    console.note(f"Written: {target}")


def _page(found: Counted, by: str | None, count: int | None) -> StatsPage:
    unit, days, counts = found.over_time(_PLACES)
    places = [
        PeriodTotals(periods.period_name(unit, day), _tick(unit, day), one)
        for day, one in zip(days, counts, strict=True)
    ]
    wanted = _ROWS if count is None else count
    tables = []
    for one in (by,) if by else OVERVIEW:
        rows: Iterable[UsageTotals] = found.rows(one, 0 if one in UNITS and count is None else wanted)
        most = 0
        if one in UNITS:
            rows = list(rows)
            most = max((row.turns for row in rows), default=0)
        tables.append(RankingTable(f"By {one}", rows, most))
    made = f"{datetime.now(UTC).astimezone():%Y-%m-%d %H:%M %Z}"
    only = replace(found.filters, archived=None).any or found.filters.archived
    remark = f"Counted {made}{', under filters' if only else ''}."
    return StatsPage("chatmgr stats", found.total, found.conversations, unit, places, tables, remark)


def _tick(unit: str, day: date) -> str:
    return f"{day.day} {day:%b}" if unit == "day" else f"{day:%b %Y}"
