"""Two terminals in one conversation: what one of them has not seen is never gone past in silence."""

import re

import pytest

from tests.support.commands import Chatmgr
from tests.support.screen import CTRL_C, CTRL_D, Open
from tests.wire import WireServer

NEW = ("new", "demo", "-i", "Be brief.")
CLOCK = r"\d\d:\d\d"


@pytest.fixture
def elsewhere(chatmgr: Chatmgr) -> Chatmgr:
    """chatmgr in another terminal, with the same home."""
    chatmgr.env["WIRE_KEY"] = "sk-test"
    return chatmgr


def flat(text: str) -> str:
    """A screen's text on one line: notes are wrapped at words."""
    return re.sub(r"\s+", " ", text)


def test_going_on_after_what_was_added(open_chat: Open, wire: WireServer, elsewhere: Chatmgr) -> None:
    screen = open_chat(*NEW)
    screen.say("one")
    screen.until("1 user turns; you said: 'one'", at_prompt=True)
    elsewhere("send", "demo", "two")
    elsewhere("send", "demo", "three")
    screen.say("four")
    screen.until("2 turns were added by process ", "[g]o on after them, [f]ork from here, [s]how them?")
    assert re.search(rf"2 turns were added by process \d+ at {CLOCK}\.", flat(screen.text))
    assert wire.turns_heard == ["one", "two", "three"]
    screen.type("s")
    screen.until("demo@2", "▌ two", "demo@3", "▌ three", "them? s")
    screen.type("x")
    screen.type("g")
    screen.until("4 user turns; you said: 'four'", at_prompt=True)
    screen.say("five")
    screen.until("5 user turns; you said: 'five'", at_prompt=True)
    assert wire.turns_heard == ["one", "two", "three", "four", "five"]


def test_forking_from_what_was_seen(open_chat: Open, wire: WireServer, elsewhere: Chatmgr) -> None:
    screen = open_chat(*NEW)
    screen.say("one")
    screen.until("1 user turns; you said: 'one'", at_prompt=True)
    elsewhere("send", "demo", "two")
    screen.say("zwei")
    screen.until("1 turn was added by process", "[s]how it?")
    screen.type("f")
    screen.until("Forked demo@1 as “demo-2”", "2 user turns; you said: 'zwei'", at_prompt=True)
    screen.say("drei")
    screen.until("3 user turns; you said: 'drei'", at_prompt=True)
    screen.type(CTRL_D)
    assert screen.end() == 0
    assert screen.lines[-1] == "Resume with: chatmgr resume demo-2"
    assert [turn["user"] for turn in elsewhere.json("history", "demo")] == ["one", "two"]
    assert [turn["user"] for turn in elsewhere.json("history", "demo-2")] == ["one", "zwei", "drei"]


def test_a_message_without_an_answer_to_the_question_is_typed_again(
    open_chat: Open, wire: WireServer, elsewhere: Chatmgr
) -> None:
    screen = open_chat(*NEW)
    screen.say("one")
    screen.until("1 user turns; you said: 'one'", at_prompt=True)
    elsewhere("send", "demo", "two")
    screen.say("three")
    screen.until("[s]how it?")
    screen.type(CTRL_C)
    screen.until("Nothing was sent.", "❯ three")
    assert wire.turns_heard == ["one", "two"]


def test_a_shortened_path_is_said(open_chat: Open, wire: WireServer, elsewhere: Chatmgr) -> None:
    screen = open_chat(*NEW)
    for text in ("one", "two", "three"):
        screen.say(text)
        screen.until(f"you said: '{text}'", at_prompt=True)
    elsewhere("undo", "demo", "-n", "2")
    screen.say("four")
    screen.until("2 turns were undone by process", "[g]o on there, [f]ork from here, [s]how it?")
    assert "“demo” ends at @1 now." in flat(screen.text)
    screen.type("f")
    screen.until("Forked demo@3 as “demo-2”", "4 user turns; you said: 'four'", at_prompt=True)


def test_another_path_is_said(open_chat: Open, wire: WireServer, elsewhere: Chatmgr) -> None:
    screen = open_chat(*NEW)
    for text in ("one", "two"):
        screen.say(text)
        screen.until(f"you said: '{text}'", at_prompt=True)
    elsewhere("undo", "demo")
    elsewhere("send", "demo", "deux")
    screen.say("three")
    screen.until("was switched to another path by process", "[s]how it?")
    assert "after @1 it is another one, and “demo” ends at @2 now." in flat(screen.text)
    screen.type("g")
    screen.until("3 user turns; you said: 'three'", at_prompt=True)
    assert [turn["user"] for turn in elsewhere.json("history", "demo")] == ["one", "deux", "three"]


@pytest.fixture
def two_turns(elsewhere: Chatmgr, wire: WireServer) -> Chatmgr:
    """chatmgr with ``demo``, which has two turns."""
    elsewhere.provider("responses", wire.base_url)
    elsewhere(*NEW, "--provider", "wire", "one")
    elsewhere("send", "demo", "two")
    return elsewhere


def users(chatmgr: Chatmgr, name: str) -> list[str]:
    return [turn["user"] for turn in chatmgr.json("history", name)]


def test_piped_lines_are_not_sent(two_turns: Chatmgr, wire: WireServer) -> None:
    line = two_turns.refused(8, "resume", "demo", "--after", "1", stdin=b"three\n")
    assert re.fullmatch(
        rf"chatmgr: 1 turn was added by process \d+ at {CLOCK}\. Nothing was sent\. "
        r"Go on after that with --append, or fork at @1 with --fork-if-moved\.",
        line,
    )
    assert wire.turns_heard == ["one", "two"]
    two_turns("resume", "demo", "--after", "1", "--append", stdin=b"three\n")
    two_turns("resume", "demo", "--after", "2", "--fork-if-moved", stdin=b"drei\nvier\n")
    assert users(two_turns, "demo") == ["one", "two", "three"]
    assert users(two_turns, "demo-2") == ["one", "two", "drei", "vier"]


def test_a_script_says_what_it_saw(two_turns: Chatmgr, wire: WireServer) -> None:
    line = two_turns.refused(8, "send", "demo", "--after", "1", "three")
    assert "1 turn was added by process " in line
    assert "Nothing was sent." in line
    two_turns.refused(8, "send", "demo", "--after", "1", "-m", "gpt-4o", "three")
    assert two_turns.json("history")[0]["model"] == "gpt-4.1"
    assert two_turns("send", "demo", "--after", "2", "three").err == ""
    done = two_turns("send", "demo", "--after", "~1@2", "--append", "--json", "four")
    assert "1 turn was added by process" in done.err
    assert "Going on after that." in done.err
    assert [turn["turn"] for turn in done.json()] == [4]
    done = two_turns("send", "demo", "--after", "@2", "--fork-if-moved", "--json", "drei")
    assert "Forked demo@2 as “demo-2”; the message goes there. Go on: chatmgr resume demo-2" in done.err
    [turn] = done.json()
    assert (turn["conversation"], turn["turn"]) == ("demo-2", 3)
    assert users(two_turns, "demo-2") == ["one", "two", "drei"]
    for seen, code, message in (
        ("9", 5, "There is no turn “demo@9”. “demo” ends at @4."),
        ("~7@1", 5, "There is no turn “demo~7@1”."),
        ("last", 2, "“last” is not the position of a turn."),
    ):
        assert message in two_turns.refused(code, "send", "demo", "--after", seen, "x")
    assert "Moved since when?" in two_turns.refused(2, "send", "demo", "--append", "x")
    both = ("--append", "--fork-if-moved")
    assert "exclude each other" in two_turns.refused(2, "send", "demo", "--after", "4", *both, "x")
    assert wire.turns_heard == ["one", "two", "three", "four", "drei"]
