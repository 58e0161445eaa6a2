"""``chatmgr stats``: turns, tokens and cost, in all and per day, model, assistant, conversation…"""

import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from chatmgr.cli.params import json_option
from chatmgr.cli.selection import filter_options
from chatmgr.domain import periods
from chatmgr.domain.errors import UsageFault
from chatmgr.domain.filters import Filters
from chatmgr.domain.money import price
from chatmgr.domain.totals import UsageTotals
from chatmgr.formats.atomic_write import write_file
from chatmgr.services.statistics import OVERVIEW, RANKINGS, UNITS, Statistics, statistics
from chatmgr.terminal import plots
from chatmgr.terminal.console import console
from chatmgr.terminal.region import stdout_size
from chatmgr.terminal.theme import styled
from chatmgr.ui.context import app, empty_suffix
from chatmgr.ui.json_output import dollars_json, print_json

if TYPE_CHECKING:
    from chatmgr.formats.stats_html import StatsPage

_OVERVIEW_ROWS, _TABLE_ROWS = 5, 20
_PIPED_PERIODS = 31  # in a pipe there is no plot whose width would decide
_SMALL_PRICE_WIDTH = len("$0.000001")
_PAGE_PERIODS = 92  # bars that can be told apart on a screen: a quarter of a year in days
_PAGE_ROWS = 25


@click.command("stats", short_help="Count turns, tokens and cost, with plots.")
@click.option(
    "--by",
    type=click.Choice([*UNITS, *RANKINGS]),
    help="Show one complete table: a row for each day, week, month, model, provider, …",
)
@click.option(
    "-n",
    "--count",
    type=click.IntRange(min=0),
    help="How many rows (default: 5 of each table, 20 with --by; all days; all in JSON). The newest days, "
    "otherwise those with the most turns. 0 means all.",
)
@click.option(
    "--html", metavar="FILE", help="Write an HTML page with plots to FILE; - means standard output."
)
@click.option("--force", is_flag=True, help="Let --html replace a file that chatmgr did not write.")
@json_option
@filter_options
def command(
    by: str | None, count: int | None, html: str | None, force: bool, as_json: bool, filters: Filters
) -> None:
    """Count turns, tokens and cost: in all, per day, and by model, assistant and conversation.

    Each turn counts once. Its tokens and cost include all of its runs, even retries. An unknown price is not
    zero: such runs are counted separately. Filters apply to single turns: their time, model and provider.
    Archived conversations count; those in the trash do not. Days begin at midnight in your time zone.

    \b
    Examples:
      chatmgr stats
      chatmgr stats --by model --since "this month"
      chatmgr stats --by conversation -n 0 --json
      chatmgr stats --html stats.html
    """
    if html is not None and as_json:
        raise UsageFault("--html and --json cannot be combined.", "Leave one of them out.")
    if force and not html:
        raise UsageFault("--force goes with --html FILE.")
    stats = statistics(app().reader, filters, moments=as_json)
    if stats is None:
        console.note(
            "No turns to count." if filters.any else f"No turns {empty_suffix()}. Begin: chatmgr new"
        )
    elif html is not None:
        _write_page(html, stats, by, count, force=force)
    elif as_json:
        _print_json(stats, by, count or 0)
    else:
        _print(stats, by, count)


# JSON


def _print_json(stats: Statistics, by: str | None, count: int) -> None:
    """One table, or the total and then the tables of the overview."""
    if by is None:
        print_json(_facts("total", None, stats.total))
    for table in (by,) if by else ("day", *OVERVIEW):
        for row in stats.rows(table, count):
            print_json(_facts(table, row.key, row))
            if console.stdout_closed:
                return


def _facts(by: str, key: str | None, count: UsageTotals) -> dict[str, Any]:
    """The documented shape of a count; what is unknown is null."""
    return {
        "by": by,
        "key": key,
        "turns": count.turns,
        "runs": count.runs,
        "input_tokens": count.input_tokens,
        "output_tokens": count.output_tokens,
        "cached_tokens": count.cached_tokens,
        "reasoning_tokens": count.reasoning_tokens,
        "cost": dollars_json(count.cost),
        "unpriced_runs": count.unpriced,
        "first_at": count.first_at,
        "last_at": count.last_at,
    }


# The terminal


def _print(stats: Statistics, by: str | None, count: int | None) -> None:
    width = stdout_size()[0] if sys.stdout.isatty() else 0
    for line in _lines(stats, by, count, width):
        console.out(line)
        if console.stdout_closed:
            return


def _lines(stats: Statistics, by: str | None, count: int | None, width: int) -> Iterator[str]:
    if by:
        rows = count if count is not None else 0 if by in UNITS else _TABLE_ROWS
        yield from _table(by, stats.rows(by, rows), stats.total, width)
        return
    yield from plots.totals_lines(stats.total, stats.conversations, width=width)
    yield ""
    yield from _over_time(stats, width)
    for ranking in OVERVIEW:
        yield ""
        rows = _OVERVIEW_ROWS if count is None else count
        yield from _table(ranking, stats.rows(ranking, rows), stats.total, width)


def _table(by: str, rows: Iterable[UsageTotals], total: UsageTotals, width: int) -> Iterator[str]:
    name_width = maximum = 0
    if by in UNITS:
        rows = list(rows)
        name_width, maximum = len("2026-03-29"), max((row.turns for row in rows), default=0)
    return plots.totals_table(
        rows, total, by.upper(), width=width, name_width=name_width, maximum=maximum, terminal=width > 0
    )


def _over_time(stats: Statistics, width: int) -> Iterator[str]:
    """A plot over time; in a pipe the same periods as a table."""
    label_width = len(f"{stats.total.turns:,}")
    if stats.total.cost:  # both plots begin in one column
        label_width = max(label_width, len(price(stats.total.cost, stats.total.cost)), _SMALL_PRICE_WIDTH)
    capacity = plots.chart_capacity(width, " " * label_width) if width else _PIPED_PERIODS
    unit, days, counts = stats.over_time(capacity)
    counted = [count for count in counts if count]
    if not width:
        yield from _table(unit, counted, stats.total, width)
        return
    newest = stats.total.last_at.astimezone()
    until = "" if newest.date() == datetime.now(UTC).astimezone().date() else f" to {newest:%Y-%m-%d}"
    yield styled(f"Turns per {unit}, from {days[0].isoformat()}{until}", "strong", True)
    if not counted:
        yield styled(f"None; the newest turn is of {newest:%Y-%m-%d}.", "fact", True)
        return
    ticks = [periods.tick_label(unit, day) for day in days]
    turns = [count.turns if count else 0 for count in counts]
    costs = [count.cost or 0 if count else 0 for count in counts]
    labels = [f"{max(turns):,}", *([price(max(costs), max(costs))] if any(costs) else [])]
    turns_label, *cost_label = (label.rjust(max(map(len, labels))) for label in labels)
    yield from plots.column_chart(turns, ticks, turns_label, width=width, terminal=True)
    for label in cost_label:
        yield ""
        yield styled(f"Cost per {unit}", "strong", True)
        yield from plots.column_chart(costs, ticks, label, width=width, height=3, terminal=True)


# The page


def _write_page(path: str, stats: Statistics, by: str | None, count: int | None, *, force: bool) -> None:
    """Write the page to a file that only its owner can read, or to standard output."""
    from chatmgr.formats import stats_html

    page = stats_html.stats_page(_page(stats, by, count))
    if path == "-":
        for piece in page:
            console.write(piece)
        return
    target = Path(path).expanduser()
    write_file(target, page, force=force)
    console.note(f"Written: {target}")


def _page(stats: Statistics, by: str | None, count: int | None) -> "StatsPage":
    from chatmgr.formats import stats_html

    unit, days, counts = stats.over_time(_PAGE_PERIODS)
    bars = [
        stats_html.PeriodTotals(periods.period_name(unit, day), _tick(unit, day), period)
        for day, period in zip(days, counts, strict=True)
    ]
    tables = []
    for table in (by,) if by else OVERVIEW:
        rows: Iterable[UsageTotals] = stats.rows(
            table, count if count is not None else 0 if table in UNITS else _PAGE_ROWS
        )
        most = 0
        if table in UNITS:
            rows = list(rows)
            most = max((row.turns for row in rows), default=0)
        tables.append(stats_html.RankingTable(f"By {table}", rows, most))
    made = f"{datetime.now(UTC).astimezone():%Y-%m-%d %H:%M %Z}"
    filtered = replace(stats.filters, archived=None).any or stats.filters.archived
    remark = f"Counted {made}{', under filters' if filtered else ''}."
    return stats_html.StatsPage("chatmgr stats", stats.total, stats.conversations, unit, bars, tables, remark)


def _tick(unit: str, day: date) -> str:
    return f"{day.day} {day:%b}" if unit == "day" else f"{day:%b %Y}"
