"""Notes, errors, lists and snippets at a terminal break between words; in a pipe a line stays a line."""

from datetime import UTC, datetime

import pytest

from chatmgr.domain.search import Hit, Snippet
from chatmgr.terminal import list_tables
from chatmgr.terminal.sanitize import display_width, wrap
from chatmgr.terminal.turn_lines import hit_lines

SAID = "It leaves only for the provider that you choose now: your messages and their history."


@pytest.mark.parametrize("width", [20, 33, 60, 80])
def test_between_words(width: int) -> None:
    rows = wrap(SAID, width).split("\n")
    assert " ".join(rows) == SAID
    assert all(len(row) <= width for row in rows)
    assert len(rows) > 1


def test_what_fits_and_what_cannot_be_broken_stays() -> None:
    assert wrap(SAID, len(SAID)) == SAID
    assert wrap("a\n\nb", 1) == "a\n\nb"
    assert wrap("see /a/path/that/is/long now", 8) == "see\n/a/path/that/is/long\nnow"
    assert wrap("  /help    show the commands", 20) == "  /help    show the\ncommands"
    assert wrap("    ", 2) == "    "
    assert wrap("x" * 90, 80) == "x" * 90


def test_wide_signs_take_two_columns() -> None:
    rows = wrap("東京 大阪 京都 é́ 奈良", 10).split("\n")
    assert rows == ["東京 大阪", "京都 é́", "奈良"]
    assert all(display_width(row) <= 10 for row in rows)


def test_the_matches_of_a_snippet_are_marked_on_both_sides_of_a_break(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    text = "we went to the old harbour at night"
    span = (text.index("old"), text.index("old") + len("old harbour"))
    snippet = Snippet(text, (span,), "user")
    now = datetime.now(UTC)
    hit = Hit("demo", 1, "", "helper", "m", "p", "completed", now, snippet)
    _, *rows = hit_lines(hit, terminal=True, width=20)
    mark = "\x1b[1;33m"
    assert rows == [f"\x1b[36m▌ \x1b[0mwe went to the {mark}old\x1b[0m", f"  {mark}harbour\x1b[0m at night"]
    _, row = hit_lines(hit, terminal=False)
    assert row == f"> {text}"


HEAD = ("NAME", "TURNS", "MODEL", "PROVIDER", "AGE")
ROWS = [("a-long-name", "12", "gpt-6-luna", "elsewhere", "3 d"), ("b", "1", "m", "p", "now")]


@pytest.mark.parametrize(
    ("width", "there"),
    [(80, HEAD), (46, HEAD), (45, ("NAME", "TURNS", "MODEL", "AGE")), (30, ("NAME", "TURNS", "AGE"))],
)
def test_columns_give_way_in_their_order(width: int, there: tuple[str, ...]) -> None:
    less = ("PROVIDER", "MODEL")
    head, *rows = list_tables.table(HEAD, ROWS, terminal=False, width=width, cut=False, optional=less)
    assert tuple(head.split()) == there
    assert all(len(row) <= width for row in rows)


@pytest.mark.parametrize("width", [80, 40])
def test_a_meaning_is_wrapped_in_its_column_or_below(width: int) -> None:
    rows = [("some_setting_here", "1,234", SAID), ("x", "—", "short")]
    shown = list(
        list_tables.wrapped_table(("SETTING", "VALUE", "MEANING"), rows, terminal=False, width=width)
    )
    assert all(len(row) <= width for row in shown)
    assert SAID in " ".join(" ".join(shown).split())
    assert shown[-1].strip() == ("short" if width == 40 else "x                  —      short")
