"""``chatmgr stats``: turns, tokens and cost, in all and per day, model, assistant, conversation…"""

import sys
from collections.abc import Iterable, Iterator
from typing import Any

import click

from chatmgr.cli.filters import filter_options
from chatmgr.cli.stats_totals import OVERVIEW, RANKINGS, UNITS, Counted, counted
from chatmgr.domain.errors import UsageFault
from chatmgr.domain.filters import Filters
from chatmgr.domain.money import NANODOLLARS, price
from chatmgr.domain.periods import tick_label
from chatmgr.domain.totals import UsageTotals
from chatmgr.terminal import plots
from chatmgr.terminal.console import console, styled
from chatmgr.terminal.region import stdout_size
from chatmgr.ui.context import empty_suffix, json_option
from chatmgr.ui.json_output import print_json

_TOP, _ROWS = 5, 20
_PIPED = 31  # periods in a pipe, where there is no plot to fit


@click.command("stats", short_help="Count turns, tokens and cost, with plots.")
@click.option(
    "--by",
    type=click.Choice([*UNITS, *RANKINGS]),
    help="Show one table whole: a row for each day, week, month, model, provider, …",
)
@click.option(
    "-n",
    "--count",
    type=click.IntRange(min=0),
    help="How many rows (default 5 of each, 20 with --by, all days, all of JSON): days the newest, "
    "else those with the most turns. 0: all.",
)
@click.option("--html", metavar="FILE", help="Write a page with plots instead; - for standard output.")
@click.option("--force", is_flag=True, help="Let --html replace a file that chatmgr did not write.")
@json_option
@filter_options
def command(
    by: str | None, count: int | None, html: str | None, force: bool, as_json: bool, filters: Filters
) -> None:
    """Count turns, tokens and cost: in all, per day, and by model, assistant and conversation.

    A turn counts once; its tokens and its cost are those of all its runs, retries too. A price that
    nobody knows is unknown, not zero: such runs are counted apart. Filters are of single turns: when
    they were said, the model and provider that were asked. What is archived counts too, what is in the
    trash does not. Days begin at midnight in your time zone.

    \b
    Examples:
      chatmgr stats
      chatmgr stats --by model --since "this month"
      chatmgr stats --by conversation -n 0 --json
      chatmgr stats --html stats.html
    """
    if html is not None and as_json:
        raise UsageFault("--html and --json are two answers to one question.", "Leave one of them out.")
    if force and not html:
        raise UsageFault("--force is for --html FILE.")
    found = counted(filters)
    if found is None:
        console.note(
            "No turns to count." if filters.any else f"No turns {empty_suffix()}. Begin: chatmgr new"
        )
        return
    if html is not None:
        from chatmgr.cli.stats_page import write

        write(html, found, by, count, force=force)
        return
    if as_json:
        for fact in _facts(by, count or 0, found):
            print_json(fact)
            if console.stdout_closed:
                return
        return
    width = stdout_size()[0] if sys.stdout.isatty() else 0
    for line in _shown(by, count, found, width):
        console.out(line)
        if console.stdout_closed:
            return


# JSON


def _facts(by: str | None, count: int, found: Counted) -> Iterator[dict[str, Any]]:
    """One table, or the total and then those of the overview."""
    if by is None:
        yield _fact("total", None, found.total)
    for one in (by,) if by else ("day", *OVERVIEW):
        for row in found.rows(one, count):
            yield _fact(one, row.key, row)


def _fact(by: str, key: str | None, one: UsageTotals) -> dict[str, Any]:
    """The documented shape of a count; what is unknown is null."""
    return {
        "by": by,
        "key": key,
        "turns": one.turns,
        "runs": one.runs,
        "input_tokens": one.input_tokens,
        "output_tokens": one.output_tokens,
        "cached_tokens": one.cached_tokens,
        "reasoning_tokens": one.reasoning_tokens,
        "cost": None if one.cost is None else one.cost / NANODOLLARS,
        "unpriced_runs": one.unpriced,
        "first_at": one.first_at,
        "last_at": one.last_at,
    }


# The terminal


def _shown(by: str | None, count: int | None, found: Counted, width: int) -> Iterator[str]:
    if by:
        wanted = count if count is not None else 0 if by in UNITS else _ROWS
        yield from _table(by, found.rows(by, wanted), found.total, width)
        return
    yield from plots.totals_lines(found.total, found.conversations, width=width)
    yield ""
    yield from _over_time(found, width)
    for one in OVERVIEW:
        yield ""
        yield from _table(one, found.rows(one, _TOP if count is None else count), found.total, width)


def _table(by: str, rows: Iterable[UsageTotals], total: UsageTotals, width: int) -> Iterator[str]:
    name = most = 0
    if by in UNITS:
        rows = list(rows)
        name, most = len("2026-03-29"), max((one.turns for one in rows), default=0)
    return plots.totals_table(
        rows, total, by.upper(), width=width, name_width=name, maximum=most, terminal=width > 0
    )


def _over_time(found: Counted, width: int) -> Iterator[str]:
    """A plot over time; in a pipe the same periods as a table."""
    wide = f"{found.total.turns:,}"
    unit, days, counts = found.over_time(plots.chart_capacity(width, wide) if width else _PIPED)
    said = [one for one in counts if one]
    if not width:
        yield from _table(unit, said, found.total, width)
        return
    yield styled(f"Turns per {unit}, from {days[0].isoformat()}", "bold", True)
    if not said:
        yield styled(
            f"None; the newest was said on {found.total.last_at.astimezone():%Y-%m-%d}.", "dim", True
        )
        return
    ticks = [tick_label(unit, day) for day in days]
    turns = [one.turns if one else 0 for one in counts]
    costs = [one.cost or 0 if one else 0 for one in counts]
    yield from plots.column_chart(
        turns, ticks, f"{max(turns):,}".rjust(len(wide)), width=width, terminal=True
    )
    if any(costs):
        yield styled(f"Cost per {unit}", "bold", True)
        top = price(max(costs), max(costs)).rjust(len(wide))
        yield from plots.column_chart(costs, ticks, top, width=width, height=3, terminal=True)
