"""The terminal in memory, and the text of its picture."""

import re

import pytest

from tests.screens.picture import taken
from tests.support.emulator import Emulator


@pytest.fixture
def emulator() -> Emulator:
    """Ten columns, four rows; it answers to nobody."""
    return Emulator(10, 4, lambda text: None)


def test_rows_then_styles_and_the_cursor(emulator: Emulator) -> None:
    emulator.feed("\x1b[1;36m▌\x1b[0m \x1b[1mtwo words\x1b[0m\r\n\r\n\x1b[2mdim\x1b[22m \x1b[7m \x1b[0m")
    assert taken(emulator).text.splitlines() == [
        "10 × 4, cursor at row 4, column 6",
        "",
        " 1│▌ two word",
        " 2│s",
        " 3│",
        " 4│dim",
        "",
        " 1│1 bold cyan · 3–10 bold",
        " 2│1 bold",
        " 4│1–3 dim · 5 reverse",
    ]


@pytest.mark.parametrize("codes", ["38;5;2", "38;2;2;2;2", "2;22", "2;0"])
def test_not_dim(emulator: Emulator, codes: str) -> None:
    emulator.feed(f"\x1b[{codes}mx")
    assert not emulator.cells[0][0].dim


@pytest.mark.parametrize(
    "sequence",
    [
        "\x1b]8;;https://example.test/\x1b\\",
        "\x1b]777;notify;chatmgr;done\x07",
        "\x1b]11;?\x1b\\",
        "\x1b_Gi=31,s=1,v=1,a=q;AAAA\x1b\\",
        "\x1bP+q544e\x1b\\",
        "\x1b[>4;1m",
        "\x1b[<u",
        "\x1b[=1;1u",
        "\x1b[?2026h",
    ],
)
def test_what_pyte_cannot_read_leaves_no_trace(sequence: str) -> None:
    """Neither whole nor cut into pieces."""
    for size in (100, 1):
        emulator = Emulator(10, 4, lambda text: None)
        for start in range(0, len(sequence), size):
            emulator.feed(sequence[start : start + size])
        emulator.feed("x")
        assert taken(emulator).text.splitlines()[2:] == [" 1│x", ""]
        assert emulator.title == ""


def test_the_second_screen_comes_and_goes(emulator: Emulator) -> None:
    emulator.feed("before\x1b[?1049h\x1b[Hpicker")
    assert " 1│picker" in taken(emulator).text
    emulator.feed("\x1b[?1049l")
    assert taken(emulator).text.splitlines()[:3] == ["10 × 4, cursor at row 1, column 7", "", " 1│before"]


def test_synchronised_output_is_known(emulator: Emulator) -> None:
    emulator.feed("\x1b[?2026h")
    assert emulator.synchronising
    emulator.feed("\x1b[?2026l")
    assert not emulator.synchronising


def test_wide_signs_take_two_columns(emulator: Emulator) -> None:
    emulator.feed("日本\x1b[2m語\x1b[0m----文")
    assert taken(emulator).text.splitlines()[2:] == [" 1│日本語----", " 2│文", "", " 1│5–6 dim"]


@pytest.mark.parametrize(
    ("row", "shown"),
    [
        ("0.7 s · 3 tokens", "1.2 s · 3 tokens"),
        ("\x1b[2m12.34 s\x1b[0m · 3    right", "1.2 s · 3      right"),  # the gap takes the difference
        ("⠏ 9 s     right", "⠸ 1.2 s   right"),
        ("at 127.0.0.1:8123, 3 shares", "at 127.0.0.1:40000, 3 shares"),
    ],
)
def test_what_differs_is_replaced_and_columns_stay(row: str, shown: str) -> None:
    emulator = Emulator(40, 2, lambda text: None)
    emulator.feed(row)
    assert taken(emulator).text.splitlines()[2] == f" 1│{shown}"


def test_masks_of_a_stage_come_first() -> None:
    emulator = Emulator(40, 2, lambda text: None)
    emulator.feed("kept in /tmp/chatmgr-aa1b2c3d4/keys.json")
    masks = ((re.compile("/tmp/chatmgr-aa1b2c3d4"), "~/.local/share/chatmgr"),)
    assert taken(emulator, masks).text.splitlines()[2] == " 1│kept in ~/.local/share/chatmgr/keys.json"
