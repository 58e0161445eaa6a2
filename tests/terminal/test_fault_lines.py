"""Errors at a terminal: the mark once, a hanging indent, and the command to type in the accent colour."""

import re
import sys

import pytest

from chatmgr.terminal import fault_lines
from chatmgr.terminal.fault_lines import fault_text

MESSAGE = "openai has no model “gpt-6-lunar”. Nearest: gpt-6-luna, gpt-6.2-sol."
HINT = "See all of them: chatmgr models --provider openai"
ACCENT = re.compile("\x1b\\[36m(.*?)\x1b\\[0m")


@pytest.fixture(autouse=True)
def colour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")


def rows(message: str, hint: str, width: int) -> list[str]:
    return list(fault_lines._rows(message, hint, width))


def plain(line: str) -> str:
    return re.sub("\x1b\\[[0-9;]*m", "", line)


def test_the_hint_hangs_below_the_message() -> None:
    shown = rows(MESSAGE, HINT, 80)
    assert list(map(plain, shown)) == [f"chatmgr: {MESSAGE}", f"         {HINT}"]
    assert shown[0].startswith("\x1b[31mchatmgr:\x1b[0m ")
    assert ACCENT.findall(shown[1]) == ["chatmgr models --provider openai"]


def test_a_sentence_with_a_command_has_its_own_line_where_the_hint_is_too_long() -> None:
    hint = (
        "Is it running, and is the address right? See: chatmgr provider test openai\n"
        "It is kept: chatmgr resume a"
    )
    assert [plain(row)[9:] for row in rows("It is down.", hint, 80)] == [
        "It is down.",
        "Is it running, and is the address right?",
        "See: chatmgr provider test openai",
        "It is kept: chatmgr resume a",
    ]
    assert [plain(row)[9:] for row in rows("It is down.", hint, 90)][1:] == hint.split("\n")


@pytest.mark.parametrize("width", [40, 60])
def test_what_is_too_long_is_wrapped_at_words_below_the_first(width: int) -> None:
    shown = list(map(plain, rows(MESSAGE, HINT, width)))
    assert shown[0].startswith("chatmgr: openai")
    assert all(row.startswith(" " * 9) and row[9] != " " for row in shown[1:])
    assert all(len(row) <= width for row in shown)
    assert " ".join(row[9:] for row in shown) == f"{MESSAGE} {HINT}"
    accented = " ".join(part for row in rows(MESSAGE, HINT, width) for part in ACCENT.findall(row))
    assert accented == "chatmgr models --provider openai"


@pytest.mark.parametrize(
    ("hint", "commands"),
    [
        (
            "Go on: chatmgr resume a — or from there: chatmgr fork a@3",
            ["chatmgr resume a", "chatmgr fork a@3"],
        ),
        ("List them: /code", ["/code"]),
        ("Type: pip install 'chatmgr[local]'", ["pip install 'chatmgr[local]'"]),
        ("Set it: chatmgr config set theme dark.", ["chatmgr config set theme dark"]),
        ("Fix that line.", []),
        ("", []),
    ],
)
def test_commands_have_the_accent(hint: str, commands: list[str]) -> None:
    shown = rows("It failed.", hint, 100)
    assert ACCENT.findall("\n".join(shown)) == commands


def test_hostile_text_is_made_visible() -> None:
    [message, hint] = rows("bad \x1b]0;pwned\x07 name", "Try: chatmgr \u202e x", 80)
    assert "\x1b]" not in message
    assert "\u202e" not in hint


def test_elsewhere_it_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: False, raising=False)
    assert fault_text(MESSAGE, HINT) == f"chatmgr: {MESSAGE} {HINT}"
    assert fault_text(MESSAGE, "") == f"chatmgr: {MESSAGE}"
