"""Usage totals as one HTML page: charts in SVG and tables, with nothing fetched and no scripts.

Everything from outside, names above all, is escaped, and unprintable characters are replaced. The page's
policy allows only its own style sheet, so no element has inline styles: sizes are SVG attributes in per
cent, which makes charts as wide as the screen while their text stays readable.
"""

from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from html import escape
from itertools import chain
from pathlib import Path

from chatmgr.domain.lossless_columns import HTML_HEAD
from chatmgr.domain.money import price
from chatmgr.domain.text import JOINERS
from chatmgr.domain.totals import UsageTotals

_HEIGHT, _LABEL_HEIGHT, _TICKS_HEIGHT = 190, 22, 22  # pixels: a chart, its label above, its ticks below
_MAX_TICKS = 6
_LAST_TICK_PERCENT = 88  # per cent; a tick further right would be cut off

_STYLE = Path(__file__).with_name("stats.css").read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True)
class PeriodTotals:
    """One period of a chart: its name and tick label, and its totals, if there were any turns."""

    name: str
    tick: str
    totals: UsageTotals | None


@dataclass(frozen=True, slots=True)
class RankingTable:
    """A table of totals, read as it is written. The longest bar is ``maximum`` turns, or the first row's."""

    title: str
    rows: Iterable[UsageTotals]
    maximum: int = 0


@dataclass(frozen=True, slots=True)
class StatsPage:
    """The contents of the statistics page."""

    title: str
    total: UsageTotals
    conversations: int
    unit: str
    periods: Sequence[PeriodTotals]
    tables: Sequence[RankingTable]
    remark: str = ""


def stats_page(page: StatsPage) -> Iterator[str]:
    """The page in pieces."""
    digest = b64encode(sha256(_STYLE.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    yield (
        f'{HTML_HEAD}<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{_escape_text(page.title)}</title>\n<style>{_STYLE}</style>\n<body>\n"
        f"<h1>{_escape_text(page.title)}</h1>\n"
    )
    days = [f"{moment.astimezone():%Y-%m-%d}" for moment in (page.total.first_at, page.total.last_at)]
    yield f"<p>{_escape_text(' to '.join(dict.fromkeys(days)))}</p>\n"
    if page.remark:
        yield f"<p>{_escape_text(page.remark)}</p>\n"
    yield from _tiles(page.total, page.conversations)
    if any(period.totals for period in page.periods):
        yield from _charts(page)
    for table in page.tables:
        yield from _table(table, page.total)
    yield "</body>\n</html>\n"


def _escape_text(text: str) -> str:
    """Escaped text; control characters and direction overrides are replaced."""
    return escape("".join(char if char.isprintable() or char in JOINERS else "\ufffd" for char in text))


def _number(count: int | None) -> str:
    return "—" if count is None else f"{count:,}"


def _unpriced_runs(totals: UsageTotals) -> str:
    return (
        f"{totals.unpriced:,} {'run' if totals.unpriced == 1 else 'runs'} of unknown price"
        if totals.unpriced
        else ""
    )


def _tiles(total: UsageTotals, conversations: int) -> Iterator[str]:
    retries = total.runs - total.turns
    tiles = (
        ("Conversations", f"{conversations:,}", ""),
        ("Turns", f"{total.turns:,}", f"{total.runs:,} runs, including retries" if retries > 0 else ""),
        (
            "Tokens in",
            _number(total.input_tokens),
            f"{total.cached_tokens:,} cached" if total.cached_tokens else "",
        ),
        (
            "Tokens out",
            _number(total.output_tokens),
            f"{total.reasoning_tokens:,} reasoning" if total.reasoning_tokens else "",
        ),
        (
            "Cost",
            "unknown" if total.cost is None else price(total.cost, total.cost),
            f"excluding {_unpriced_runs(total)}" if total.unpriced else "",
        ),
    )
    yield "<dl>\n"
    for name, value, remark in tiles:
        remark_html = f"<dd>{remark}</dd>" if remark else ""
        yield f"<div><dt>{name}</dt><dd>{value}</dd>{remark_html}</div>\n"
    yield "</dl>\n"


def _charts(page: StatsPage) -> Iterator[str]:
    """Charts of turns, tokens and, if any is known, cost."""
    period_totals = [period.totals for period in page.periods if period.totals]
    yield from _chart(f"Turns per {page.unit}", page, (lambda totals: totals.turns,), lambda top: f"{top:,}")
    if any(totals.input_tokens or totals.output_tokens for totals in period_totals):
        yield from _chart(
            f'Tokens per {page.unit}<small><span class="one">in</span><span class="two">out</span></small>',
            page,
            (lambda totals: totals.input_tokens or 0, lambda totals: totals.output_tokens or 0),
            lambda top: f"{top:,}",
        )
    if any(totals.cost for totals in period_totals):
        yield from _chart(
            f"Cost per {page.unit}", page, (lambda totals: totals.cost or 0,), lambda top: price(top, top)
        )


def _chart(
    title: str, page: StatsPage, series: Sequence[Callable[[UsageTotals], int]], label: Callable[[int], str]
) -> Iterator[str]:
    """Bars side by side, with their parts stacked; pointing at one shows its numbers."""
    stacks = [
        [value_of(period.totals) if period.totals else 0 for value_of in series] for period in page.periods
    ]
    top = max(1, *(sum(stack) for stack in stacks))
    baseline, bar_percent = _HEIGHT - _TICKS_HEIGHT, 100 / len(stacks)
    plot_height = baseline - _LABEL_HEIGHT
    name = title.partition("<")[0]
    yield f'<section><h2>{title}</h2><svg height="{_HEIGHT}" role="img" aria-label="{name}">\n'
    for fraction in (1.0, 0.5, 0.0):
        y = baseline - plot_height * fraction
        yield f'<line x1="0" x2="100%" y1="{y:.1f}" y2="{y:.1f}"/>'
        if fraction == 1.0:
            yield f'<text x="0" y="{y - 6:.1f}">{_escape_text(label(top))}</text>'
    yield "\n"
    tick_stride = -(-sum(1 for period in page.periods if period.tick) // _MAX_TICKS) or 1
    ticks = 0
    for number, (period, stack) in enumerate(zip(page.periods, stacks, strict=True)):
        x, y = number * bar_percent, float(baseline)
        area = f'y="{_LABEL_HEIGHT}" height="{plot_height}"'
        bars = f'<rect class="all" x="{x:.3f}%" width="{bar_percent:.3f}%" {area}/>'
        for value, series_class in zip(stack, ("one", "two"), strict=False):
            height = max(1.0, plot_height * value / top) if value else 0.0
            y -= height
            bars += _bar(series_class, x, bar_percent, y, height) if value else ""
        yield f"<g><title>{_escape_text(_bar_title(period))}</title>{bars}</g>\n"
        if period.tick:
            if ticks % tick_stride == 0 and x < _LAST_TICK_PERCENT:
                tick_x = x + bar_percent * 0.1
                yield f'<text x="{tick_x:.3f}%" y="{_HEIGHT - 5}">{_escape_text(period.tick)}</text>\n'
            ticks += 1
    yield "</svg></section>\n"


def _bar(series_class: str, x: float, width: float, y: float, height: float) -> str:
    """A bar; ``x`` and ``width`` in per cent of the chart, with a gap, ``y`` and ``height`` in pixels."""
    horizontal = f'x="{x + width * 0.1:.3f}%" width="{width * 0.8:.3f}%"'
    return f'<rect class="{series_class}" {horizontal} y="{y:.1f}" height="{height:.1f}" rx="1.5"/>'


def _bar_title(period: PeriodTotals) -> str:
    """What a bar stands for, in words."""
    totals = period.totals
    if totals is None:
        return f"{period.name}: no turns"
    cost = "cost unknown" if totals.cost is None else price(totals.cost, totals.cost)
    facts = (
        f"{totals.turns:,} {'turn' if totals.turns == 1 else 'turns'}",
        f"{_number(totals.input_tokens)} tokens in",
        f"{_number(totals.output_tokens)} tokens out",
        f"{cost} excluding {_unpriced_runs(totals)}" if totals.unpriced and totals.cost is not None else cost,
    )
    return f"{period.name}: {' · '.join(facts)}"


@dataclass(frozen=True, slots=True)
class _Column:
    """A column of numbers; a ``minor`` one is hidden on a narrow screen."""

    heading: str
    cell: Callable[[UsageTotals], str]
    minor: bool = False

    def cell_html(self, totals: UsageTotals) -> str:
        return f"<td{self.class_attribute}>{escape(self.cell(totals))}</td>"

    @property
    def class_attribute(self) -> str:
        return ' class="minor"' if self.minor else ""


def _columns(total: UsageTotals) -> Iterator[_Column]:
    """The columns that have values."""
    yield _Column("Turns", lambda totals: _number(totals.turns))
    if total.runs > total.turns:
        yield _Column("Runs", lambda totals: _number(totals.runs), minor=True)
    yield _Column("Tokens in", lambda totals: _number(totals.input_tokens))
    if total.cached_tokens:
        yield _Column("Cached", lambda totals: _number(totals.cached_tokens), minor=True)
    yield _Column("Tokens out", lambda totals: _number(totals.output_tokens))
    if total.reasoning_tokens:
        yield _Column("Reasoning", lambda totals: _number(totals.reasoning_tokens), minor=True)
    yield _Column("Cost", lambda totals: price(totals.cost, total.cost))
    if total.unpriced:
        yield _Column("Unpriced", lambda totals: _number(totals.unpriced), minor=True)


def _table(table: RankingTable, total: UsageTotals) -> Iterator[str]:
    remaining = iter(table.rows)
    first = next(remaining, None)
    if first is None:
        return
    maximum, columns = max(1, table.maximum or first.turns), list(_columns(total))
    headings = "".join(f'<th scope="col"{row.class_attribute}>{row.heading}</th>' for row in columns)
    yield f"<section><h2>{_escape_text(table.title)}</h2>\n<table><thead><tr>"
    yield f'<th scope="col"></th><td class="bar"></td>{headings}</tr></thead>\n<tbody>\n'
    for row in chain([first], remaining):
        percent = 100 * min(1.0, row.turns / maximum)
        fill = f'<rect class="one" width="{percent:.1f}%" height="10" rx="2"/>'
        bar_cell = f'<td class="bar"><svg height="10" aria-hidden="true">{fill}</svg></td>'
        numbers = "".join(column.cell_html(row) for column in columns)
        yield f'<tr><th scope="row"><bdi>{_escape_text(row.key) or "—"}</bdi></th>{bar_cell}{numbers}</tr>\n'
    yield "</tbody></table></section>\n"
