"""The picker, from the shell and in the chat, and going on with another conversation."""

import os
import signal
from pathlib import Path

import pytest

from tests.support.screen import CTRL_C, CTRL_D, CTRL_N, DOWN, ENTER, ESC, UP, Open
from tests.wire import WireServer

THREE = ("shopping-list", "quarterly-report", "holiday-plans")


@pytest.fixture
def three(open_chat: Open) -> None:
    """Three conversations with one turn each, the last of them used last."""
    for name in THREE:
        assert open_chat("new", name, "-i", "", f"about {name}").end() == 0


@pytest.mark.usefixtures("three")
def test_resume_picks_with_filter_and_preview(open_chat: Open) -> None:
    screen = open_chat("resume", "--pick", columns=120)
    screen.until("3 of 3 · conversations", "▌ holiday-plans", "quarterly-report", "▌ about holiday-plans")
    screen.type(DOWN)
    screen.until("▌ quarterly-report", "you said: 'about quarterly-report'")
    screen.type("lst")
    screen.until("❯ lst", "1 of 3", "▌ shopping-list", "▌ about shopping-list")
    assert "│ ▌ about shopping-list" in screen.text  # at the right
    screen.type(ENTER)
    screen.until("you said: 'about shopping-list'", at_prompt=True)
    screen.say("more")
    screen.until("2 user turns; you said: 'more'", at_prompt=True)


@pytest.mark.usefixtures("three")
def test_a_narrow_terminal_has_the_preview_below(open_chat: Open) -> None:
    screen = open_chat("resume", "-i", columns=60)
    screen.until("3 of 3", "▌ holiday-plans", "─" * 60, "▌ about holiday-plans")
    screen.resize(120)
    screen.until("│ ▌ about holiday-plans")
    screen.type(CTRL_N + CTRL_N + UP)
    screen.until("▌ quarterly-report")
    screen.type("nothing is called so")
    screen.until("0 of 3")
    screen.type(ENTER)
    assert screen.end() == 0  # looked, and left


@pytest.mark.parametrize("key", [ESC, CTRL_C])
@pytest.mark.usefixtures("three")
def test_leaving_the_picker(open_chat: Open, key: str) -> None:
    screen = open_chat("resume", "--pick")
    screen.until("3 of 3")
    screen.type(key)
    assert screen.end() == 0


def test_a_signal_gives_the_terminal_its_screen_back(three: None, open_chat: Open) -> None:
    screen = open_chat("resume", "--pick")
    screen.until("3 of 3")
    os.kill(screen.pid, signal.SIGTERM)
    while screen.read():
        pass
    assert screen.raw.rfind("\x1b[?1049l") > screen.raw.rfind("\x1b[?1049h") > 0
    assert screen.raw.rfind("\x1b[?7h") > screen.raw.rfind("\x1b[?7l")
    assert screen.raw.rfind("\x1b[?25h") > screen.raw.rfind("\x1b[?25l")


def test_there_is_nothing_to_pick(open_chat: Open) -> None:
    screen = open_chat("resume", "--pick")
    assert screen.end() == 5
    assert screen.lines == ["chatmgr: There is no conversation yet.", "         Begin one: chatmgr new"]
    screen = open_chat("resume", "--pick", term="dumb")
    assert screen.end() == 2
    assert "There is no terminal to pick at." in screen.text


@pytest.mark.usefixtures("three")
def test_switch_goes_on_elsewhere(open_chat: Open, wire: WireServer) -> None:
    screen = open_chat("resume", "holiday-plans")
    screen.until("you said: 'about holiday-plans'", at_prompt=True)
    screen.say("/switch quarterly-report")
    screen.until("you said: 'about quarterly-report'", "Now at “quarterly-report”.", at_prompt=True)
    screen.until("quarterly-report · gpt-4.1 · ")  # the toolbar
    screen.type(UP)
    screen.until("❯ /switch")  # what was typed here
    screen.type(UP)
    screen.until("❯ about quarterly-report")
    screen.type(ENTER)
    screen.until("2 user turns; you said: 'about quarterly-report'", at_prompt=True)
    screen.say("/switch")
    screen.until("3 of 3 · conversations")
    screen.type("shop")
    screen.until("▌ shopping-list")
    screen.type(ENTER)
    screen.until("Now at “shopping-list”.", at_prompt=True)
    screen.say("/switch shopping-lost")
    screen.until("There is no conversation “shopping-lost”. Did you mean “shopping-list”?", at_prompt=True)
    screen.type(CTRL_D)
    assert screen.end() == 0
    assert screen.lines[-1] == "Resume with: chatmgr resume shopping-list"


def test_nothing_hostile_in_the_picker(open_chat: Open, wire: WireServer, home: Path) -> None:
    evil = "\x1b]0;pwned\x07\x1b[2J\u202e"
    wire.world.reply = lambda messages, instructions: f"before {evil} after"
    assert open_chat("new", "demo", "-i", "", f"say {evil}").end() == 0
    screen = open_chat("resume", "--pick")
    screen.until("1 of 1", "▌ say ␛]0;pwned␇␛[2J<202E>", "before ␛]0;pwned")
    for sequence in ("\x1b]", "\x1b[2J\u202e", "\u202e"):
        assert sequence not in screen.raw


def test_a_row_tells_what_it_is_about_and_the_preview_is_rendered(open_chat: Open, wire: WireServer) -> None:
    answer = "It is **very** old:\n\n| town | year |\n| --- | --- |\n| Bern | 1191 |"
    wire.world.reply = lambda messages, instructions: answer
    assert open_chat("new", "towns", "-i", "", "How old is Bern?").end() == 0
    screen = open_chat("resume", "--pick", columns=120)
    screen.until("▌ towns", "How old is Bern?", "1 turn", "now", "It is very old:", "Bern │ 1191")
    screen.type("oldbn")
    screen.until("0 of 1")
    screen.type("\x15old ern")
    screen.until("1 of 1", "▌ towns")
