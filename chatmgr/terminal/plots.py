"""Usage totals as charts and tables of text; the caller prints them.

At a terminal there are bars, precise to an eighth of a character; in a pipe only the numbers. Every number
is part of a known total, so a column's width is known before its first row arrives.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from chatmgr.domain.money import price
from chatmgr.domain.totals import UsageTotals
from chatmgr.terminal.sanitize import display_width, one_line
from chatmgr.terminal.theme import styled

_BAR_EIGHTHS = " ▏▎▍▌▋▊▉"
_COLUMN_EIGHTHS = " ▁▂▃▄▅▆▇"
_FULL = "█"
_GAP = "  "
_PIPED_NAME_WIDTH = 32
_NAME_WIDTHS = (12, 64)
_BAR_WIDTHS = (6, 48)


def horizontal_bar(value: int, maximum: int, width: int) -> str:
    """A horizontal bar; any value above zero is visible."""
    eighths = _eighths(value, maximum, width)
    return (_FULL * (eighths // 8) + _BAR_EIGHTHS[eighths % 8].strip()).ljust(width)


def _eighths(value: int, maximum: int, cells: int) -> int:
    if value <= 0 or maximum <= 0:
        return 0
    return max(1, round(min(value, maximum) * cells * 8 / maximum))


def chart_capacity(width: int, top_label: str) -> int:
    """How many columns of a chart fit into ``width``, each with a gap."""
    return max(1, (width - _gutter(top_label)) // 2)


def _gutter(top_label: str) -> int:
    return display_width(top_label) + 2


def column_chart(
    values: Sequence[int],
    ticks: Sequence[str],
    top_label: str,
    *,
    width: int,
    height: int = 6,
    terminal: bool,
) -> Iterator[str]:
    """A chart of vertical columns over an axis with tick labels; the tallest fills the chart's height.

    ``top_label`` is the label of the tallest column.
    """
    gutter, maximum = _gutter(top_label), max(values, default=0)
    column_width = max(2, min(6, (width - gutter) // max(1, len(values))))
    heights = [_eighths(value, maximum, height) for value in values]
    for row in reversed(range(height)):
        fills = (eighths - 8 * row for eighths in heights)
        cells = (_COLUMN_EIGHTHS[max(0, fill)] if fill < 8 else _FULL for fill in fills)
        drawn = "".join(cell * (column_width - 1) + " " for cell in cells).rstrip()
        label = top_label if row == height - 1 else ""
        yield f"{styled(f'{label:>{gutter - 2}} │', 'fact', terminal)}{styled(drawn, 'accent', terminal)}"
    yield styled(f"{'0':>{gutter - 2}} └{'─' * (column_width * len(values))}", "fact", terminal)
    tick_line = ""
    for index, tick in enumerate(ticks):
        offset = index * column_width
        if tick and (not tick_line or len(tick_line) < offset) and gutter + offset + len(tick) <= width:
            tick_line = tick_line.ljust(offset) + tick
    if tick_line:
        yield styled(" " * gutter + tick_line, "fact", terminal)


def totals_lines(total: UsageTotals, conversations: int, *, width: int = 0) -> Iterator[str]:
    """All totals, one a line, with a remark where it fits into ``width`` (0: no limit)."""
    retries, unpriced = total.runs - total.turns, total.unpriced
    rows = (
        ("Conversations", f"{conversations:,}", ""),
        ("Turns", f"{total.turns:,}", f"plus {_retries(retries)}" if retries > 0 else ""),
        ("Tokens in", _number(total.input_tokens), _of_which(total.cached_tokens, "cached")),
        ("Tokens out", _number(total.output_tokens), _of_which(total.reasoning_tokens, "reasoning")),
        (
            "Cost",
            "unknown" if total.cost is None else price(total.cost, total.cost),
            f"excluding {_runs(unpriced)} of unknown price" if unpriced else "",
        ),
    )
    value_width = max(len(value) for _, value, _ in rows)
    for label, value, remark in rows:
        line = f"{label:<13}{_GAP}{value:>{value_width}}"
        with_remark = f"{line}{_GAP}{remark}" if remark else line
        yield line if 0 < width < len(with_remark) else with_remark


def _retries(count: int) -> str:
    return "1 retry" if count == 1 else f"{count:,} retries"


def _runs(count: int) -> str:
    return "1 run" if count == 1 else f"{count:,} runs"


def _of_which(count: int | None, kind: str) -> str:
    return f"{count:,} of them {kind}" if count else ""


def _number(count: int | None) -> str:
    return "—" if count is None else f"{count:,}"


@dataclass(frozen=True, slots=True)
class _Column:
    """A column of numbers: its heading, the text of a row's cell, and its width."""

    heading: str
    cell: Callable[[UsageTotals], str]
    width: int


def _columns(total: UsageTotals, *, include_empty: bool) -> list[_Column]:
    """The columns in order: all of them, or only those that have values."""
    candidates: tuple[tuple[str, Callable[[UsageTotals], str], bool], ...] = (
        ("TURNS", lambda totals: f"{totals.turns:,}", True),
        ("RUNS", lambda totals: f"{totals.runs:,}", False),
        ("IN", lambda totals: _number(totals.input_tokens), True),
        ("CACHED", lambda totals: _number(totals.cached_tokens), bool(total.cached_tokens)),
        ("OUT", lambda totals: _number(totals.output_tokens), True),
        ("REASONING", lambda totals: _number(totals.reasoning_tokens), bool(total.reasoning_tokens)),
        ("COST", lambda totals: price(totals.cost, total.cost), True),
        ("UNPRICED", lambda totals: f"{totals.unpriced:,}", bool(total.unpriced)),
    )
    return [
        _Column(heading, cell, max(len(heading), len(cell(total))))
        for heading, cell, has_values in candidates
        if include_empty or has_values
    ]


_OPTIONAL_COLUMNS = ("REASONING", "CACHED", "UNPRICED")
_LAST_RESORT = ("OUT", "IN", "COST")
_COMFORTABLE_WIDTH = 32  # columns for a name and its bar before optional columns are shown


@dataclass(frozen=True, slots=True)
class _Layout:
    """How a row's width is divided; a ``bar_width`` of 0 means no bar."""

    name_width: int
    bar_width: int
    columns: list[_Column]


def _layout(total: UsageTotals, width: int, name_width: int) -> _Layout:
    """The layout with as many columns as leave room for a name and, if possible, a bar."""
    columns = _columns(total, include_empty=False)

    def room() -> int:
        return width - sum(len(_GAP) + column.width for column in columns)

    for heading in (*_OPTIONAL_COLUMNS, *_LAST_RESORT):
        narrowest = _NAME_WIDTHS[0] + len(_GAP) + _BAR_WIDTHS[0]
        if room() >= (_COMFORTABLE_WIDTH if heading in _OPTIONAL_COLUMNS else narrowest):
            continue
        if heading == "UNPRICED" and total.unpriced:
            columns = [
                _with_plus(column, total) if column.heading == "COST" else column for column in columns
            ]
        columns = [column for column in columns if column.heading != heading]
    name_width = min(name_width or max(_NAME_WIDTHS[0], min(_NAME_WIDTHS[1], room() // 2)), max(1, room()))
    bar_width = min(_BAR_WIDTHS[1], room() - name_width - len(_GAP))
    return _Layout(name_width, bar_width if bar_width >= _BAR_WIDTHS[0] else 0, columns)


def _with_plus(cost_column: _Column, total: UsageTotals) -> _Column:
    """The cost column with a plus where runs of unknown price come on top."""
    return _Column(
        cost_column.heading,
        lambda totals: (
            cost_column.cell(totals) + (" " if totals.cost is None or not totals.unpriced else "+")
        ),
        len(cost_column.cell(total)) + 1,
    )


def totals_table(
    rows: Iterable[UsageTotals],
    total: UsageTotals,
    heading: str,
    *,
    width: int = 0,
    name_width: int = 0,
    maximum: int = 0,
    terminal: bool,
) -> Iterator[str]:
    """One row for each of ``rows``, in their order; a ``width`` of 0 is for a pipe: no bars, full names.

    ``name_width`` is the width of the names, if known. ``maximum`` is the number of turns that fills a bar,
    else the first row's.
    """
    remaining = iter(rows)
    first = next(remaining, None)
    if first is None:
        return
    if width:
        layout = _layout(total, width, name_width)
    else:
        layout = _Layout(name_width or _PIPED_NAME_WIDTH, 0, _columns(total, include_empty=True))
    bar_width = layout.bar_width
    headings = "".join(_GAP + column.heading.rjust(column.width) for column in layout.columns)
    bar_gap = _GAP + " " * bar_width if bar_width else ""
    yield styled(f"{_padded(heading, layout.name_width)}{bar_gap}{headings}", "fact", terminal)
    for totals in chain([first], remaining):
        name = one_line(totals.key, layout.name_width if width else 0) or "—"
        drawn = (
            styled(horizontal_bar(totals.turns, maximum or first.turns, bar_width), "accent", terminal)
            if bar_width
            else ""
        )
        numbers = "".join(_GAP + column.cell(totals).rjust(column.width) for column in layout.columns)
        yield f"{_padded(name, layout.name_width)}{_GAP + drawn if drawn else ''}{numbers}"


def _padded(text: str, width: int) -> str:
    return text + " " * (width - display_width(text))
