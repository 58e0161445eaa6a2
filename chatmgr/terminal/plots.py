"""Sums as plots and tables of text; printing them is somebody else's business.

At a terminal there are bars, as fine as an eighth of a character; in a pipe the numbers alone. Every
number is part of a known whole, so that a column's width is known before its first row has come.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from chatmgr.domain.money import price
from chatmgr.domain.totals import Count
from chatmgr.terminal.console import styled
from chatmgr.terminal.sanitize import display_width, one_line

_ACROSS = " ▏▎▍▌▋▊▉"
_UP = " ▁▂▃▄▅▆▇"
_FULL = "█"
_GAP = "  "
_NAME_PIPED = 32
_NAME = (12, 64)
_BAR = (6, 48)


def bar(value: int, most: int, width: int) -> str:
    """A bar from the left; whatever is more than nothing can be seen."""
    eighths = _eighths(value, most, width)
    return (_FULL * (eighths // 8) + _ACROSS[eighths % 8].strip()).ljust(width)


def _eighths(value: int, most: int, cells: int) -> int:
    if value <= 0 or most <= 0:
        return 0
    return max(1, round(min(value, most) * cells * 8 / most))


def places(width: int, top: str) -> int:
    """How many columns of a plot find room, each with a gap."""
    return max(1, (width - _gutter(top)) // 2)


def _gutter(top: str) -> int:
    return display_width(top) + 2


def columns(
    values: Sequence[int], ticks: Sequence[str], top: str, *, width: int, height: int = 6, terminal: bool
) -> Iterator[str]:
    """Columns side by side, the highest as high as the plot, over an axis with its ticks.

    ``top`` is what the highest one is labelled.
    """
    gutter, most = _gutter(top), max(values, default=0)
    stride = max(2, min(6, (width - gutter) // max(1, len(values))))
    heights = [_eighths(value, most, height) for value in values]
    for row in reversed(range(height)):
        cells = (_UP[max(0, left)] if (left := one - 8 * row) < 8 else _FULL for one in heights)
        drawn = "".join(cell * (stride - 1) + " " for cell in cells).rstrip()
        label = top if row == height - 1 else ""
        yield f"{styled(f'{label:>{gutter - 2}} │', 'dim', terminal)}{styled(drawn, 'cyan', terminal)}"
    yield styled(f"{'0':>{gutter - 2}} └{'─' * (stride * len(values))}", "dim", terminal)
    under = ""
    for number, tick in enumerate(ticks):
        at = number * stride
        if tick and (not under or len(under) < at) and gutter + at + len(tick) <= width:
            under = under.ljust(at) + tick
    yield styled(" " * gutter + under, "dim", terminal) if under else ""


def totals(total: Count, conversations: int, *, width: int = 0) -> Iterator[str]:
    """Everything together, one thing a line, with a remark where there is room for it."""
    more, unpriced = total.runs - total.turns, total.unpriced
    rows = (
        ("Conversations", f"{conversations:,}", ""),
        ("Turns", f"{total.turns:,}", f"and {_many(more, 'run')} more, retries" if more > 0 else ""),
        ("Tokens in", _number(total.input_tokens), _part(total.cached_tokens, "cached")),
        ("Tokens out", _number(total.output_tokens), _part(total.reasoning_tokens, "reasoning")),
        (
            "Cost",
            "unknown" if total.cost is None else price(total.cost, total.cost),
            f"without {_many(unpriced, 'run')} of unknown price" if unpriced else "",
        ),
    )
    wide = max(len(value) for _, value, _ in rows)
    for label, value, remark in rows:
        line = f"{label:<13}{_GAP}{value:>{wide}}"
        told = f"{line}{_GAP}{remark}" if remark else line
        yield line if 0 < width < len(told) else told


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun}" + ("s" if count != 1 else "")


def _part(count: int | None, what: str) -> str:
    return f"{count:,} of them {what}" if count else ""


def _number(count: int | None) -> str:
    return "—" if count is None else f"{count:,}"


@dataclass(frozen=True, slots=True)
class _Column:
    """A column of numbers: its head, how a row fills it, how wide it is."""

    head: str
    cell: Callable[[Count], str]
    width: int


def _columns(total: Count, *, every: bool) -> list[_Column]:
    """The columns in their order: all of them, or those that hold something."""
    wanted: tuple[tuple[str, Callable[[Count], str], bool], ...] = (
        ("TURNS", lambda one: f"{one.turns:,}", True),
        ("RUNS", lambda one: f"{one.runs:,}", False),
        ("IN", lambda one: _number(one.input_tokens), True),
        ("CACHED", lambda one: _number(one.cached_tokens), bool(total.cached_tokens)),
        ("OUT", lambda one: _number(one.output_tokens), True),
        ("REASONING", lambda one: _number(one.reasoning_tokens), bool(total.reasoning_tokens)),
        ("COST", lambda one: price(one.cost, total.cost), True),
        ("UNPRICED", lambda one: f"{one.unpriced:,}", bool(total.unpriced)),
    )
    return [
        _Column(head, cell, max(len(head), len(cell(total))))
        for head, cell, holds in wanted
        if every or holds
    ]


_SPARE = ("REASONING", "CACHED", "UNPRICED")
_NEEDED_LAST = ("OUT", "IN", "COST")
_COMFORT = 32  # columns for a name and its bar, before spare columns are shown


@dataclass(frozen=True, slots=True)
class _Layout:
    """How a line of the table is shared out; no ``width`` of the bar is no bar."""

    name: int
    bar: int
    columns: list[_Column]


def _layout(total: Count, width: int, name: int) -> _Layout:
    """As many columns as leave room for a name and, if it can be, a bar."""
    found = _columns(total, every=False)

    def room() -> int:
        return width - sum(len(_GAP) + one.width for one in found)

    for head in (*_SPARE, *_NEEDED_LAST):
        if room() >= (_COMFORT if head in _SPARE else _NAME[0] + len(_GAP) + _BAR[0]):
            continue
        if head == "UNPRICED" and total.unpriced:
            found = [_marked(one, total) if one.head == "COST" else one for one in found]
        found = [one for one in found if one.head != head]
    names = min(name or max(_NAME[0], min(_NAME[1], room() // 2)), max(1, room()))
    bars = min(_BAR[1], room() - names - len(_GAP))
    return _Layout(names, bars if bars >= _BAR[0] else 0, found)


def _marked(cost: _Column, total: Count) -> _Column:
    """The cost with a plus where runs of unknown price come on top, which have no column."""
    return _Column(
        cost.head,
        lambda one: cost.cell(one) + (" " if one.cost is None or not one.unpriced else "+"),
        len(cost.cell(total)) + 1,
    )


def table(
    rows: Iterable[Count],
    total: Count,
    head: str,
    *,
    width: int = 0,
    name: int = 0,
    most: int = 0,
    terminal: bool,
) -> Iterator[str]:
    """One row each, as they come; ``width`` 0 for a pipe: no bars, and no name is cut.

    ``name`` is how wide the names are, where that is known; ``most`` what the longest bar stands for,
    else the first row's turns.
    """
    coming = iter(rows)
    first = next(coming, None)
    if first is None:
        return
    shape = (
        _layout(total, width, name) if width else _Layout(name or _NAME_PIPED, 0, _columns(total, every=True))
    )
    heads = "".join(_GAP + one.head.rjust(one.width) for one in shape.columns)
    between = _GAP + " " * shape.bar if shape.bar else ""
    yield styled(f"{_fitted(head, shape.name)}{between}{heads}", "dim", terminal)
    for one in chain([first], coming):
        shown = one_line(one.key, shape.name if width else 0) or "—"
        drawn = styled(bar(one.turns, most or first.turns, shape.bar), "cyan", terminal) if shape.bar else ""
        numbers = "".join(_GAP + column.cell(one).rjust(column.width) for column in shape.columns)
        yield f"{_fitted(shown, shape.name)}{_GAP + drawn if drawn else ''}{numbers}"


def _fitted(text: str, width: int) -> str:
    return text + " " * (width - display_width(text))
