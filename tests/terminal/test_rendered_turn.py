"""A turn at a terminal, row by row: the bar, who answers, and the line of facts at every width."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from chatmgr.domain.model import Turn
from chatmgr.terminal import theme
from chatmgr.terminal.durations import time_taken
from chatmgr.terminal.rendered_turn import footer, question_lines, turn_rows
from chatmgr.terminal.sanitize import display_width
from chatmgr.terminal.theme import Look, choose_look

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
TURN = Turn(
    conversation="demo",
    turn=12,
    user="Why?",
    answer="Because.",
    state="completed",
    detail="",
    model="gpt-6-luna",
    provider="openai",
    run_id="",
    thread_id="",
    started_at=NOW - timedelta(seconds=5),
    finished_at=NOW - timedelta(seconds=0.8),
    input_tokens=1312,
    output_tokens=567,
    error="",
    cost=2_123_456,
    assistant="tutor",
)


@pytest.fixture(autouse=True)
def plain_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr(theme, "_chosen", theme._ChosenLook())


def plain(line: str) -> str:
    return re.sub("\x1b\\[[0-9;]*m", "", line)


def rows(turn: Turn, width: int = 80, before: tuple[str, str] | None = None) -> list[str]:
    return [plain(row) for row in turn_rows(turn, (), width=width, now=NOW, before=before)]


def test_the_rows_of_a_turn() -> None:
    facts = "  demo@12 · gpt-6-luna · 4.2 s · 1,312 → 567 tokens · $0.0021"
    assert rows(TURN) == ["▌ Why?", "", "tutor · gpt-6-luna", "Because.", "", facts]
    assert rows(TURN, before=("tutor", "gpt-6-luna")) == ["▌ Why?", "", "Because.", "", facts]


@pytest.mark.parametrize("width", range(8, 100))
def test_facts_are_dropped_from_the_right_and_the_address_stays(width: int) -> None:
    whole = footer(TURN, 200, NOW)
    shown = footer(TURN, width, NOW)
    assert whole.startswith(shown)
    assert shown.startswith("  demo@12")
    assert display_width(shown) <= max(width, len("  demo@12"))


def test_a_turn_that_is_a_day_old_has_its_date() -> None:
    old = replace(TURN, started_at=NOW - timedelta(days=260), finished_at=NOW - timedelta(days=260))
    assert footer(old, 200, NOW).endswith(" · 12 March 2026")


@pytest.mark.parametrize(
    ("cost", "shown"),
    [
        (40_000, "$0.00004"),
        (28_250, "$0.000028"),
        (2_160_000, "$0.0022"),
        (1_230_000_000, "$1.23"),
    ],
)
def test_a_price_is_rounded_to_what_can_be_read(cost: int, shown: str) -> None:
    assert footer(replace(TURN, cost=cost), 200, NOW).endswith(shown)


def test_what_is_not_known_or_costs_nothing_is_left_out() -> None:
    unknown = replace(TURN, model="", finished_at=None, input_tokens=None, cost=None)
    assert footer(unknown, 200, NOW) == "  demo@12"
    assert "$" not in footer(replace(TURN, cost=0), 200, NOW)


def test_a_turn_without_an_answer_says_so() -> None:
    failed = replace(TURN, answer="", state="failed", error="no such model")
    assert rows(failed)[2] == "  [failed — no such model]"
    assert rows(failed)[3].startswith("  [without an answer")


@pytest.mark.parametrize("width", [24, 40, 80, 200])
@pytest.mark.parametrize("text", ["模型" * 90, "word " * 90, "x" * 300, "a\n\n\tb", "مرحبا " * 50])
def test_the_bar_runs_down_all_lines_and_none_is_too_wide(text: str, width: int) -> None:
    lines = [plain(line) for line in question_lines(text, (), width)]
    assert all(line.startswith("▌") for line in lines)
    assert all(display_width(line) <= min(width, 100) for line in lines)
    assert re.sub(r"\s", "", "".join(line[1:] for line in lines)) == re.sub(r"\s", "", text)


def test_hostile_text_is_made_visible() -> None:
    hostile = replace(
        TURN, user="a\x1b[2Jb\u202e", conversation="de\x07mo", model="\x1b]0;x\x07", assistant="\u202e"
    )
    shown = "\n".join(turn_rows(hostile, (("\x1b[2J.png", "image/\x07", "", 3, None),), width=80, now=NOW))
    assert not re.search("\x1b(?!\\[[0-9;]*m)|[\u202e\x07]", shown)


def test_the_theme_has_the_persons_words_in_its_own_style() -> None:
    choose_look(lambda: Look(theme="light"))
    [line] = question_lines("Why?", (), 80)
    assert line == "\x1b[38;5;30m▌ \x1b[0m\x1b[1;38;5;18mWhy?\x1b[0m"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0.04, "0.0 s"), (4.2, "4.2 s"), (59.99, "1 min 0 s"), (185, "3 min 5 s"), (7800, "2 h 10 min")],
)
def test_a_time_in_words(seconds: float, shown: str) -> None:
    assert time_taken(NOW, NOW + timedelta(seconds=seconds)) == shown
