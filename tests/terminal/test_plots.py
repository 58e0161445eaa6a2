"""Plots and tables of text: widths, eighths, what is hostile and what is unknown."""

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from chatmgr.domain.money import price
from chatmgr.domain.totals import UsageTotals
from chatmgr.terminal import plots
from chatmgr.terminal.sanitize import display_width
from tests.support.colours import colours

AT = datetime(2026, 3, 1, tzinfo=UTC)
TOTAL = UsageTotals("", 1_200, 1_250, 98_765_432, 1_234_567, 5_000, None, 12_340_000_000, 7, AT, AT)
ROWS = [
    replace(TOTAL, key="gpt-6", turns=800, cost=12_000_000_000, unpriced=0),
    replace(TOTAL, key="模型" * 20, turns=399, cost=340_000_000),
    replace(TOTAL, key="\x1b[31mred\u202e\x07", turns=1, cost=None),
]
COLOUR = re.compile(r"\x1b\[\d+m")


@pytest.fixture(autouse=True)
def colourful(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")


@pytest.mark.parametrize(
    ("value", "drawn"),
    [(0, ""), (1, "▏"), (100, "█"), (150, "█▌"), (400, "████"), (399, "████"), (387, "███▉"), (900, "████")],
)
def test_a_bar_is_as_fine_as_an_eighth(value: int, drawn: str) -> None:
    assert plots.horizontal_bar(value, 400, 4) == drawn.ljust(4)


def test_a_bar_of_nothing() -> None:
    assert plots.horizontal_bar(0, 0, 3) == "   "


def test_columns() -> None:
    drawn = list(
        plots.column_chart([8, 0, 4, 1], ["a", "", "c", ""], "8", width=12, height=2, terminal=False)
    )
    assert drawn == ["8 │█", "  │█   █ ▂".rstrip(), "0 └────────", "   a   c"]
    undated = list(plots.column_chart([8], [""], "8", width=12, height=1, terminal=False))
    assert undated == ["8 │█████", "0 └──────"]  # no empty row


@pytest.mark.parametrize("width", [20, 40, 80, 100, 200])
def test_columns_fit(width: int) -> None:
    count = plots.chart_capacity(width, "1,234")
    ticks = [f"{number} Nov" for number in range(count)]
    lines = list(plots.column_chart([7] * count, ticks, "1,234", width=width, terminal=True))
    bare = [COLOUR.sub("", line) for line in lines]
    assert lines != bare
    assert max(map(display_width, bare)) <= width
    assert not re.search(r"Nov\d", bare[-1])


@pytest.mark.parametrize("width", [20, 30, 40, 50, 80, 120, 200])
def test_a_table_fits_and_is_aligned(width: int) -> None:
    lines = [
        COLOUR.sub("", line) for line in plots.totals_table(ROWS, TOTAL, "MODEL", width=width, terminal=True)
    ]
    assert len(lines) == 4
    assert len({display_width(line) for line in lines}) == 1
    assert display_width(lines[0]) <= width
    assert not any(char in "\x1b\x07\u202e" for line in lines for char in line)
    assert lines[0].startswith("MODEL")
    assert "…" in lines[2]


def test_a_wide_table_shows_more() -> None:
    head = {
        width: next(plots.totals_table(ROWS, TOTAL, "MODEL", width=width, terminal=False))
        for width in (60, 200)
    }
    assert head[60].split() == ["MODEL", "TURNS", "IN", "OUT", "COST"]
    assert head[200].split() == ["MODEL", "TURNS", "IN", "CACHED", "OUT", "COST", "UNPRICED"]


def test_where_prices_without_a_column_are_missing_a_plus_says_so() -> None:
    lines = list(plots.totals_table(ROWS, TOTAL, "MODEL", width=60, terminal=False))
    assert [line.split()[-1] for line in lines[1:]] == ["$12.00", "$0.34+", "—"]


def test_a_pipe_gets_every_number_and_no_bar() -> None:
    lines = list(plots.totals_table(ROWS, TOTAL, "MODEL", terminal=False))
    assert " ".join(lines[1].split()) == "gpt-6 800 1,250 98,765,432 5,000 1,234,567 — $12.00 0"
    assert "模型" * 20 in lines[2]
    assert not any(char in "█▏\x1b" for line in lines for char in line)


def test_no_colour_where_it_is_not_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert not colours("".join(plots.totals_table(ROWS, TOTAL, "MODEL", width=80, terminal=True)))
    assert not colours("".join(plots.column_chart([1], [""], "1", width=80, terminal=True)))


def test_totals_say_what_is_unknown() -> None:
    assert list(plots.totals_lines(TOTAL, 3)) == [
        "Conversations           3",
        "Turns               1,200  plus 50 retries",
        "Tokens in      98,765,432  5,000 of them cached",
        "Tokens out      1,234,567",
        "Cost               $12.34  excluding 7 runs of unknown price",
    ]
    unknown = replace(TOTAL, cost=None, input_tokens=None, runs=1_200)
    assert [line.split()[-1] for line in plots.totals_lines(unknown, 3, width=30)] == [
        "3",
        "1,200",
        "—",
        "1,234,567",
        "unknown",
    ]


@pytest.mark.parametrize(
    ("cost", "whole", "shown"),
    [
        (None, 5, "—"),
        (0, 0, "$0.00"),
        (1_234_567_890_000, 1_234_567_890_000, "$1,234.57"),
        (1_000, 5_000_000_000, "<$0.01"),
        (1_500_000, 20_000_000, "$0.0015"),
        (2_000, 9_000, "$0.000002"),
    ],
)
def test_prices_in_one_column_have_the_same_decimals(cost: int | None, whole: int, shown: str) -> None:
    assert price(cost, whole) == shown
