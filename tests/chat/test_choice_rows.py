"""The rows of a picker, in every width, and how it divides the screen."""

import pytest

from chatmgr.chat.input.choice import Choice
from chatmgr.chat.input.choice_rows import ChoiceRows
from chatmgr.chat.input.panes import Panes, divide, last_lines
from chatmgr.terminal.sanitize import display_width

CHOICES = (
    Choice("gc-freeze", 1, [("What gc.freeze() does before a fork", "")], ("12 turns", "gpt-6-luna", "now")),
    Choice(
        "京都の旅",
        2,
        [("broke off", "attention"), (" · ", ""), ("東京から京都まで、一番安い行き方を", "")],
        ("1 turn", "local", "12 March"),
    ),
)


@pytest.fixture
def rows() -> ChoiceRows:
    made = ChoiceRows()
    for choice in CHOICES:
        made.add(choice)
    return made


def shown(rows: ChoiceRows, index: int, width: int, query: str = "", *, chosen: bool = False) -> str:
    return "".join(piece[1] for piece in rows.fragments(index, width, query, chosen=chosen))


def test_a_row_at_80_columns(rows: ChoiceRows) -> None:
    assert [shown(rows, index, 80).rstrip() for index in (0, 1)] == [
        "  gc-freeze  What gc.freeze() does before a fork  12 turns  gpt-6-luna  now",
        "  京都の旅   broke off · 東京から京都まで、一番…  1 turn    local       12 March",
    ]


@pytest.mark.parametrize("width", [1, 5, 12, 20, 40, 80, 200])
def test_no_row_is_wider_than_its_pane(rows: ChoiceRows, width: int) -> None:
    for index in (0, 1):
        assert display_width(shown(rows, index, width)) <= max(width, 3)
        assert display_width(shown(rows, index, width, chosen=True)) == max(width, 3)


def test_facts_give_way_to_what_it_is_about(rows: ChoiceRows) -> None:
    assert shown(rows, 0, 60).rstrip().endswith("  gpt-6-luna  now")
    assert "turns" not in shown(rows, 0, 60)
    assert "now" not in shown(rows, 0, 40)
    assert "What gc" in shown(rows, 0, 40)


def test_matches_are_marked_in_their_own_style(rows: ChoiceRows) -> None:
    pieces = rows.fragments(0, 80, "free", chosen=False)
    assert [piece[1] for piece in pieces if "class:match" in piece[0]] == ["free"]
    assert ("class:attention class:match", "off") in rows.fragments(1, 80, "off", chosen=False)
    mark, *others = rows.fragments(1, 80, "off", chosen=True)
    assert mark == ("class:accent", "▌ ")
    assert all(piece[0].endswith("class:chosen") for piece in others)


def test_a_label_alone_has_the_whole_row() -> None:
    rows = ChoiceRows()
    rows.add(Choice("a message\nof two lines \x1b[2J", 1))
    assert shown(rows, 0, 80) == "  a message of two lines ␛[2J"


@pytest.mark.parametrize(
    ("size", "preview", "panes"),
    [
        ((24, 80, 5), True, Panes(5, 80, 16, 80)),
        ((24, 80, 900), True, Panes(11, 80, 10, 80)),
        ((50, 200, 5), True, Panes(48, 100, 48, 98, True)),
        ((24, 80, 900), False, Panes(22, 80)),
        ((8, 80, 900), True, Panes(6, 80)),
        ((1, 1, 0), True, Panes(1, 1)),
        ((12, 80, 0), True, Panes(1, 80, 8, 80)),
    ],
)
def test_how_the_screen_is_divided(size: tuple[int, int, int], preview: bool, panes: Panes) -> None:
    assert divide(*size, preview=preview) == panes


def test_the_last_lines_that_fit() -> None:
    panes = Panes(1, 10, 3, 10)
    link = "\x1b]8;;https://example.test\x1b\\a link\x1b]8;;\x1b\\"
    assert last_lines(["gone", "x" * 11, f"\x1b[1mb\x1b[0m {link}", "", ""], panes) == [
        "x" * 11,
        "\x1b[1mb\x1b[0m a link",
    ]
    assert last_lines(["y" * 100], panes) == ["y" * 100]
    assert last_lines(["\x1b[2J\x1b[1m"], panes) == ["␛[2J\x1b[1m"]
    assert last_lines(["gone", "", "a", "", "b"], Panes(1, 10, 4, 10)) == ["a", "", "b"]
    assert last_lines([], panes) == []
