"""Sums as one page of HTML: plots drawn with SVG, tables, nothing fetched and nothing run.

Whatever comes from outside, names above all, is escaped, and what cannot be printed is replaced. The
page forbids itself everything but its own style, which is why no element has a style of its own: sizes
are attributes of SVG, in per cent, so that plots are as wide as the screen and their text stays readable.
"""

from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from html import escape
from itertools import chain
from pathlib import Path

from chatmgr.domain.export_schema import HTML_HEAD
from chatmgr.domain.totals import UsageTotals, price

_HEIGHT, _HEAD, _FOOT = 190, 22, 22  # pixels: a plot, the room for its label above, its ticks below
_TICKS = 6
_LAST_TICK = 88  # per cent; further right a tick would be cut off

_STYLE = Path(__file__).with_name("stats.css").read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True)
class PeriodCount:
    """One place of a plot: its name, and what was said then, if anything."""

    name: str
    tick: str
    count: UsageTotals | None


@dataclass(frozen=True, slots=True)
class RankingTable:
    """Rows under a heading, read as they are written; the longest bar is ``most``, or the first row's."""

    title: str
    rows: Iterable[UsageTotals]
    most: int = 0


@dataclass(frozen=True, slots=True)
class StatsPage:
    """All of a page."""

    title: str
    total: UsageTotals
    conversations: int
    unit: str
    periods: Sequence[PeriodCount]
    tables: Sequence[RankingTable]
    remark: str = ""


def stats_page(one: StatsPage) -> Iterator[str]:
    """The page, in pieces."""
    digest = b64encode(sha256(_STYLE.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    yield (
        f'{HTML_HEAD}<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{_text(one.title)}</title>\n<style>{_STYLE}</style>\n<body>\n"
        f"<h1>{_text(one.title)}</h1>\n"
    )
    days = [f"{moment.astimezone():%Y-%m-%d}" for moment in (one.total.first_at, one.total.last_at)]
    yield f"<p>{_text(' to '.join(dict.fromkeys(days)))}</p>\n"
    if one.remark:
        yield f"<p>{_text(one.remark)}</p>\n"
    yield from _tiles(one.total, one.conversations)
    if any(period.count for period in one.periods):
        yield from _plots(one)
    for table in one.tables:
        yield from _table(table, one.total)
    yield "</body>\n</html>\n"


def _text(text: str) -> str:
    """Text that stays text in a page: neither markup, nor control characters, nor overrides of direction."""
    return escape("".join(char if char.isprintable() else "\ufffd" for char in text))


def _number(count: int | None) -> str:
    return "—" if count is None else f"{count:,}"


def _unpriced(one: UsageTotals) -> str:
    return (
        f"{one.unpriced:,} {'run' if one.unpriced == 1 else 'runs'} of unknown price" if one.unpriced else ""
    )


def _tiles(total: UsageTotals, conversations: int) -> Iterator[str]:
    more = total.runs - total.turns
    tiles = (
        ("Conversations", f"{conversations:,}", ""),
        ("Turns", f"{total.turns:,}", f"{total.runs:,} runs, retries with them" if more > 0 else ""),
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
            f"without {_unpriced(total)}" if total.unpriced else "",
        ),
    )
    yield "<dl>\n"
    for name, value, remark in tiles:
        more_told = f"<dd>{remark}</dd>" if remark else ""
        yield f"<div><dt>{name}</dt><dd>{value}</dd>{more_told}</div>\n"
    yield "</dl>\n"


def _plots(one: StatsPage) -> Iterator[str]:
    """Turns, tokens and, where any is known, cost."""
    counts = [period.count for period in one.periods if period.count]
    yield from _plot(f"Turns per {one.unit}", one, (lambda count: count.turns,), lambda top: f"{top:,}")
    if any(count.input_tokens or count.output_tokens for count in counts):
        yield from _plot(
            f'Tokens per {one.unit}<small><span class="one">in</span><span class="two">out</span></small>',
            one,
            (lambda count: count.input_tokens or 0, lambda count: count.output_tokens or 0),
            lambda top: f"{top:,}",
        )
    if any(count.cost for count in counts):
        yield from _plot(
            f"Cost per {one.unit}", one, (lambda count: count.cost or 0,), lambda top: price(top, top)
        )


def _plot(
    title: str, one: StatsPage, parts: Sequence[Callable[[UsageTotals], int]], label: Callable[[int], str]
) -> Iterator[str]:
    """Bars side by side, their parts on top of each other; pointing at one shows what it says."""
    stacks = [[part(period.count) if period.count else 0 for part in parts] for period in one.periods]
    top = max(1, *(sum(stack) for stack in stacks))
    room, ground, step = _HEIGHT - _HEAD - _FOOT, _HEIGHT - _FOOT, 100 / len(stacks)
    name = title.partition("<")[0]
    yield f'<section><h2>{title}</h2><svg height="{_HEIGHT}" role="img" aria-label="{name}">\n'
    for share in (1.0, 0.5, 0.0):
        y = ground - room * share
        yield f'<line x1="0" x2="100%" y1="{y:.1f}" y2="{y:.1f}"/>'
        if share == 1.0:
            yield f'<text x="0" y="{y - 6:.1f}">{_text(label(top))}</text>'
    yield "\n"
    every = -(-sum(1 for period in one.periods if period.tick) // _TICKS) or 1
    ticks = 0
    for number, (period, stack) in enumerate(zip(one.periods, stacks, strict=True)):
        x, y = number * step, float(ground)
        drawn = f'<rect class="all" x="{x:.3f}%" width="{step:.3f}%" y="{_HEAD}" height="{room}"/>'
        for value, colour in zip(stack, ("one", "two"), strict=False):
            height = max(1.0, room * value / top) if value else 0.0
            y -= height
            drawn += (
                f'<rect class="{colour}" x="{x + step * 0.1:.3f}%" width="{step * 0.8:.3f}%" '
                f'y="{y:.1f}" height="{height:.1f}" rx="1.5"/>'
                if value
                else ""
            )
        yield f"<g><title>{_text(_told(period))}</title>{drawn}</g>\n"
        if period.tick:
            if ticks % every == 0 and x < _LAST_TICK:
                yield f'<text x="{x + step * 0.1:.3f}%" y="{_HEIGHT - 5}">{_text(period.tick)}</text>\n'
            ticks += 1
    yield "</svg></section>\n"


def _told(period: PeriodCount) -> str:
    """What a bar stands for, in words."""
    one = period.count
    if one is None:
        return f"{period.name}: nothing"
    cost = "cost unknown" if one.cost is None else price(one.cost, one.cost)
    facts = (
        f"{one.turns:,} {'turn' if one.turns == 1 else 'turns'}",
        f"{_number(one.input_tokens)} tokens in",
        f"{_number(one.output_tokens)} tokens out",
        f"{cost} without {_unpriced(one)}" if one.unpriced and one.cost is not None else cost,
    )
    return f"{period.name}: {' · '.join(facts)}"


@dataclass(frozen=True, slots=True)
class _Column:
    """A column of numbers; a ``minor`` one is left out on a narrow screen."""

    head: str
    cell: Callable[[UsageTotals], str]
    minor: bool = False

    def drawn(self, one: UsageTotals) -> str:
        return f"<td{self.kind}>{escape(self.cell(one))}</td>"

    @property
    def kind(self) -> str:
        return ' class="minor"' if self.minor else ""


def _columns(total: UsageTotals) -> Iterator[_Column]:
    """Those that hold something."""
    yield _Column("Turns", lambda one: _number(one.turns))
    if total.runs > total.turns:
        yield _Column("Runs", lambda one: _number(one.runs), minor=True)
    yield _Column("Tokens in", lambda one: _number(one.input_tokens))
    if total.cached_tokens:
        yield _Column("Cached", lambda one: _number(one.cached_tokens), minor=True)
    yield _Column("Tokens out", lambda one: _number(one.output_tokens))
    if total.reasoning_tokens:
        yield _Column("Reasoning", lambda one: _number(one.reasoning_tokens), minor=True)
    yield _Column("Cost", lambda one: price(one.cost, total.cost))
    if total.unpriced:
        yield _Column("Unpriced", lambda one: _number(one.unpriced), minor=True)


def _table(table: RankingTable, total: UsageTotals) -> Iterator[str]:
    coming = iter(table.rows)
    first = next(coming, None)
    if first is None:
        return
    most, columns = max(1, table.most or first.turns), list(_columns(total))
    heads = "".join(f'<th scope="col"{one.kind}>{one.head}</th>' for one in columns)
    yield f"<section><h2>{_text(table.title)}</h2>\n<table><thead><tr>"
    yield f'<th scope="col"></th><td class="bar"></td>{heads}</tr></thead>\n<tbody>\n'
    for one in chain([first], coming):
        share = 100 * min(1.0, one.turns / most)
        fill = f'<rect class="one" width="{share:.1f}%" height="10" rx="2"/>'
        drawn = f'<td class="bar"><svg height="10" aria-hidden="true">{fill}</svg></td>'
        numbers = "".join(column.drawn(one) for column in columns)
        yield f'<tr><th scope="row"><bdi>{_text(one.key) or "—"}</bdi></th>{drawn}{numbers}</tr>\n'
    yield "</tbody></table></section>\n"
