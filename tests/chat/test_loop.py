"""The chat as a person sees it: a real process at a real pseudo-terminal, judged by its screen."""

import os
import signal
from pathlib import Path

import pytest

from tests.support.screen import CTRL_C, CTRL_D, ENTER, Open
from tests.wire import Fault, Gate, WireServer

TURN = ("POST", "/responses")
THREE_WORDS = 7  # events until three words of an answer have been sent
NEW = ("new", "demo", "-i", "Be brief.")


def test_new_asks_then_chats(open_chat: Open, wire: WireServer) -> None:
    """The assistant's name, its instructions, a turn, and how to come back."""
    screen = open_chat("new")
    screen.until("Name of the assistant (Enter: a helpful assistant) [default]:")
    assert "nstructions" not in screen.text  # one question at a time
    screen.type(f"Ada Lovelace{ENTER}")
    screen.until("Its instructions:")
    screen.type(f"You are a mathematician.{ENTER}")
    screen.until("“ada-lovelace” with Ada Lovelace at wire", "Ctrl-D", at_prompt=True)
    screen.say("hello")
    screen.until("1 user turns; you said: 'hello'", at_prompt=True)
    screen.say("again")
    screen.until("2 user turns; you said: 'again'", at_prompt=True)
    screen.say("exit()")
    assert screen.end() == 0
    assert screen.lines[-1] == "Resume with: chatmgr resume ada-lovelace"
    told = [request.body["instructions"] for request in wire.requests if request.path == "/responses"]
    assert told == ["You are a mathematician."] * 2


def test_new_takes_the_default_assistant_at_enter(open_chat: Open, wire: WireServer) -> None:
    """At once: nothing else is asked, and neither greeting nor toolbar names it."""
    screen = open_chat("new", "demo")
    screen.until("Name of the assistant (Enter: a helpful assistant) [default]:")
    screen.type(ENTER)
    screen.until("“demo” at wire", "demo · default model of wire", at_prompt=True)
    assert screen.toolbar == "demo · default model of wire"
    screen.say("hello")
    screen.until("1 user turns; you said: 'hello'", at_prompt=True)
    screen.type(CTRL_D)
    assert screen.end() == 0
    told = [request.body["instructions"] for request in wire.requests if request.path == "/responses"]
    assert told == ["You are a helpful assistant."]
    with open_chat("new", "other", "hi") as other:  # with a message, nothing is asked
        assert other.end() == 0
        assert "Name of" not in other.text


@pytest.mark.parametrize(
    "keys",
    [
        f"exit(){ENTER}",
        f"quit(){ENTER}",
        f"/exit{ENTER}",
        f"/quit{ENTER}",
        CTRL_D,
    ],
)
def test_leaving(open_chat: Open, keys: str) -> None:
    screen = open_chat(*NEW)
    screen.until("“demo” with its assistant demo at wire", at_prompt=True)
    screen.type(keys)
    assert screen.end() == 0
    assert screen.lines[-1] == "Resume with: chatmgr resume demo"
    assert "user turns" not in screen.text


def test_resume_shows_the_tail_and_goes_on(open_chat: Open) -> None:
    first = open_chat(*NEW)
    for number, text in enumerate(("one", "two", "three", "four"), 1):
        first.say(text)
        first.until(f"{number} user turns", at_prompt=True)
    first.type(CTRL_D)
    assert first.end() == 0
    second = open_chat("resume", "demo")
    second.until("▌ two", "2 user turns; you said: 'two'", "▌ four", at_prompt=True)
    assert "'one'" not in second.text  # the last three are the tail
    assert second.text.index("'two'") < second.text.index("'four'")
    second.say("five")
    second.until("5 user turns; you said: 'five'", at_prompt=True)
    second.type(CTRL_D)
    assert second.end() == 0
    third = open_chat("resume")
    third.until("'five'", at_prompt=True)


def test_arrow_up_brings_back_what_was_said(open_chat: Open) -> None:
    first = open_chat(*NEW, "remember me")
    assert first.end() == 0
    second = open_chat("resume", "demo")
    second.until("'remember me'", at_prompt=True)
    second.type("\x1b[A")
    second.until("❯ remember me")
    second.type(ENTER)
    second.until("2 user turns; you said: 'remember me'", at_prompt=True)


def test_ctrl_c_stops_an_answer_and_nothing_else(open_chat: Open, wire: WireServer) -> None:
    screen = open_chat(*NEW)
    gate = Gate()
    wire.fault(Fault(kind="gate", match=TURN, after=THREE_WORDS, gate=gate))
    screen.say("first")
    screen.until("1 user turns;")
    assert gate.wait_reached() == THREE_WORDS
    screen.type(CTRL_C)
    screen.until("Stopped; what had arrived is kept.", at_prompt=True)
    assert "you said" not in screen.text
    gate.open()
    screen.say("second")
    screen.until("2 user turns; you said: 'second'", at_prompt=True)
    screen.type(CTRL_D)
    assert screen.end() == 0
    again = open_chat("resume", "demo")
    again.until("[stopped]", "'second'", at_prompt=True)
    assert again.lines[again.lines.index("▌ first") + 2].strip() == "1 user turns;"


def test_ctrl_c_at_the_prompt_kills_only_the_line(open_chat: Open) -> None:
    screen = open_chat(*NEW)
    screen.until(at_prompt=True)
    screen.type("half a thou")
    screen.until("❯ half a thou")
    screen.type(CTRL_C)
    screen.until("Type exit() or Ctrl-D to leave.", at_prompt=True)
    screen.say("a whole one")
    screen.until("1 user turns; you said: 'a whole one'", at_prompt=True)


def test_a_failing_turn_is_told_and_the_chat_goes_on(open_chat: Open, wire: WireServer) -> None:
    screen = open_chat(*NEW)
    screen.say("first")
    screen.until("1 user turns", at_prompt=True)
    wire.fault(Fault(kind="status", match=TURN, status=500, message="out of order"))
    screen.say("second")
    screen.until("wire refused (500): out of order.", at_prompt=True)
    wire.fault(Fault(kind="cut", match=TURN, after=THREE_WORDS))
    screen.say("third")
    screen.until("2 user turns;", "broke", at_prompt=True)
    screen.say("fourth")
    screen.until("3 user turns; you said: 'fourth'", at_prompt=True)
    screen.type(CTRL_D)
    assert screen.end() == 0


def test_a_killed_chat_is_taken_up_by_the_next(open_chat: Open, wire: WireServer) -> None:
    """SIGKILL in the middle of an answer: the next chat says so, and shows the answer the server had."""
    screen = open_chat(*NEW)
    gate = Gate()
    wire.fault(Fault(kind="gate", match=TURN, after=THREE_WORDS, gate=gate))
    screen.say("first")
    screen.until("1 user turns;")
    os.kill(screen.pid, signal.SIGKILL)
    gate.open()
    wire.wait_idle()
    again = open_chat("resume", "demo")
    again.until(f"demo@1 was interrupted: process {screen.pid} on", "demo@1 is complete now", at_prompt=True)
    assert "nothing had arrived" not in again.text
    assert "1 user turns; you said: 'first'" in again.text
    again.say("second")
    again.until("2 user turns; you said: 'second'", at_prompt=True)


def test_nothing_hostile_reaches_the_terminal(open_chat: Open, wire: WireServer) -> None:
    """What a model says cannot set the title, clear the screen or write the clipboard: it is shown."""
    evil = "\x1b]0;pwned\x07\x1b[2J\x1b[H\x1b]52;c;cm0gLXJm\x07\x9b31mred\u202eesrever"
    wire.world.reply = lambda messages, instructions: f"before {evil} after"
    screen = open_chat(*NEW)
    screen.say("hello")
    screen.until("before", "after", at_prompt=True)
    assert "pwned" not in screen.title
    assert "▌ hello" in screen.text  # the screen was not cleared
    assert "␛]0;pwned" in screen.text
    for sequence in ("\x1b]", "\x1b[2J", "\x9b", "\u202e"):
        assert sequence not in screen.raw
    screen.type(CTRL_D)
    assert screen.end() == 0
    again = open_chat("resume", "demo")
    again.until("after", at_prompt=True)
    assert "\x1b]" not in again.raw


def test_a_server_that_is_down_is_tried_again_with_a_countdown(open_chat: Open, home: Path) -> None:
    with (home / "config.toml").open("a", encoding="utf-8") as settings:
        settings.write('[providers.dead]\napi = "completions"\nbase_url = "http://127.0.0.1:9/v1"\n')
    screen = open_chat(*NEW, "--provider", "dead", "-m", "m")
    screen.say("first")
    screen.until("cannot be reached: trying again in 1 s", "Esc stops")
    screen.until(
        "cannot be reached: Connection refused.", "See: chatmgr provider test dead\n", at_prompt=True
    )


def test_an_unknown_command_is_not_sent(open_chat: Open, wire: WireServer) -> None:
    screen = open_chat(*NEW)
    screen.say("/quti")
    screen.until("There is no command /quti.", at_prompt=True)
    screen.say("/")  # the list of commands is what is wanted
    screen.until("Esc or Ctrl-C stops an answer", at_prompt=True)
    screen.clear()
    screen.say("/help")
    screen.until("Esc or Ctrl-C stops an answer", at_prompt=True)
    assert wire.turns_heard == []


def test_a_word_that_leaves_elsewhere_asks_once(open_chat: Open, wire: WireServer) -> None:
    screen = open_chat(*NEW)
    screen.say("Quit")
    screen.until("Leave? Enter or y leaves; n sends “Quit” as a message:")
    screen.type(CTRL_C)
    screen.until(at_prompt=True)
    assert wire.turns_heard == []
    screen.say("exit")
    screen.until("n sends “exit” as a message:")
    screen.type(f"n{ENTER}")
    screen.until("1 user turns; you said: 'exit'", at_prompt=True)
    screen.say("exit the loop")
    screen.until("2 user turns; you said: 'exit the loop'", at_prompt=True)


@pytest.mark.parametrize("answer", ["", "y"])
def test_leaving_with_such_a_word(open_chat: Open, answer: str) -> None:
    screen = open_chat(*NEW)
    screen.say(":q")
    screen.until("n sends “:q” as a message:")
    screen.type(f"{answer}{ENTER}")
    assert screen.end() == 0
    assert screen.lines[-1] == "Resume with: chatmgr resume demo"


def test_names_from_other_tools(open_chat: Open, wire: WireServer) -> None:
    screen = open_chat(*NEW, "--provider", "wire")
    screen.say("first")
    screen.until("1 user turns", at_prompt=True)
    screen.say("/cost")
    screen.until("demo@1: ", at_prompt=True)
    screen.clear()
    screen.say("/info")
    screen.until("“demo” goes on at wire", "Assistant demo · 1 turn", "demo@1: ", at_prompt=True)
    screen.say("/clear")
    screen.until("Now at “demo-2”.", "“demo” is kept as it was: /switch demo\n", at_prompt=True)
    screen.say("/clear")
    screen.until("“demo-2” has no turns yet.", at_prompt=True)
    screen.say("/resume demo")
    screen.until("Now at “demo”.", at_prompt=True)
    assert wire.turns_heard == ["first"]


def test_a_new_conversation_is_not_called_after_the_default_assistant(
    open_chat: Open, wire: WireServer
) -> None:
    assert open_chat("new", "demo", "first").end() == 0
    screen = open_chat("resume", "demo")
    screen.until("1 user turns", at_prompt=True)
    screen.say("/clear")
    screen.until("Now at “chat”.", "“demo” is kept as it was: /switch demo\n", at_prompt=True)
    assert wire.turns_heard == ["first"]
