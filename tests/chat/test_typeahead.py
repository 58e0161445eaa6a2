"""What is typed while an answer streams is kept, in order, and shown only where it belongs."""

import os
import signal
import termios
from pathlib import Path

import pytest

from tests.support.screen import BACKSPACE, CTRL_C, CTRL_D, ENTER, Open, Screen
from tests.wire import Fault, Gate, WireServer

TURN = ("POST", "/responses")
THREE_WORDS = 7  # events until three words of an answer have been sent
NEW = ("new", "demo", "-i", "Be brief.")


@pytest.fixture
def gate(wire: WireServer) -> Gate:
    """The first answer stops there after three words."""
    gate = Gate()
    wire.fault(Fault(kind="gate", match=TURN, after=THREE_WORDS, gate=gate))
    return gate


def streaming(open_chat: Open, gate: Gate) -> Screen:
    """A chat whose first answer is on its way and stands still."""
    screen = open_chat(*NEW)
    screen.say("first")
    screen.until("1 user turns;")
    gate.wait_reached()
    return screen


def test_lines_are_sent_in_order_and_the_rest_stands_at_the_prompt(
    open_chat: Open, wire: WireServer, gate: Gate
) -> None:
    screen = streaming(open_chat, gate)
    screen.type(f"secomd{BACKSPACE}{BACKSPACE}{BACKSPACE}ond{ENTER}third — ü{ENTER}an unfinished")
    screen.until("⏎ second\n  ⏎ third — ü\n❯ an unfinished\n")
    gate.open()
    screen.until("3 user turns; you said: 'third — ü'", "❯ an unfinished")
    assert wire.turns_heard == ["first", "second", "third — ü"]
    screen.type(f" line{ENTER}")
    screen.until("4 user turns; you said: 'an unfinished line'", at_prompt=True)


def test_a_paste_is_one_text(open_chat: Open, wire: WireServer, gate: Gate) -> None:
    screen = streaming(open_chat, gate)
    screen.paste("one\ntwo\n\nthree")
    screen.typed_ahead()
    gate.open()
    screen.until("you said: 'first'", "❯ one\n  two\n", "  three")
    assert wire.turns_heard == ["first"]
    screen.type(ENTER)
    screen.until("2 user turns", at_prompt=True)
    assert wire.turns_heard[-1] == "one\ntwo\n\nthree"


def test_a_paste_in_two_halves_is_put_together(open_chat: Open, wire: WireServer, gate: Gate) -> None:
    screen = streaming(open_chat, gate)
    screen.type("\x1b[200~before\r")
    screen.typed_ahead()
    gate.open()
    screen.type("after\x1b[201~")
    screen.until("you said: 'first'", "❯ before\n  after")
    screen.type(ENTER)
    screen.until("2 user turns", at_prompt=True)
    assert wire.turns_heard[-1] == "before\nafter"


def test_more_than_a_terminal_holds(open_chat: Open, wire: WireServer, gate: Gate) -> None:
    """A terminal keeps 4,096 bytes and drops what comes then."""
    text = "\n".join(f"{number} " + "x" * 60 for number in range(500))
    assert len(text) > 30_000
    screen = streaming(open_chat, gate)
    screen.paste(text)
    screen.typed_ahead()
    gate.open()
    screen.until("499 xxx")
    screen.type(ENTER)
    screen.until("499", at_prompt=True)
    assert wire.turns_heard[-1] == text


def test_a_stopped_answer_sends_nothing_more_by_itself(open_chat: Open, wire: WireServer, gate: Gate) -> None:
    screen = streaming(open_chat, gate)
    screen.type(f"second{ENTER}third{ENTER}")
    screen.typed_ahead()
    screen.type(CTRL_C)
    screen.until("Stopped; what had arrived is kept.", "❯ second\n  third")
    assert wire.turns_heard == ["first"]
    screen.type(CTRL_C)
    screen.until("Press Ctrl-C again to leave", at_prompt=True)
    screen.say("other")
    screen.until("2 user turns; you said: 'other'", at_prompt=True)


def test_a_command_typed_ahead(open_chat: Open, gate: Gate) -> None:
    screen = streaming(open_chat, gate)
    screen.type(f"/exit{ENTER}")
    screen.typed_ahead()
    gate.open()
    assert screen.end() == 0
    assert "you said: 'first'" in screen.text
    assert screen.lines[-1] == "Resume with: chatmgr resume demo"


def echoes(screen: Screen) -> bool:
    """Whether the terminal shows what is typed, line by line."""
    flags = termios.tcgetattr(screen.terminal)[3]
    return bool(flags & termios.ECHO) and bool(flags & termios.ICANON)


def test_the_terminal_is_as_before_after_leaving(open_chat: Open, gate: Gate) -> None:
    screen = streaming(open_chat, gate)
    assert not echoes(screen)
    gate.open()
    screen.until("you said: 'first'", at_prompt=True)
    screen.type(CTRL_D)
    screen.until("Resume with")
    assert echoes(screen)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_the_terminal_is_as_before_after_a_signal(open_chat: Open, gate: Gate, number: int) -> None:
    screen = streaming(open_chat, gate)
    assert not echoes(screen)
    os.kill(screen.pid, number)
    while screen.read():
        pass
    assert echoes(screen)
    gate.open()
    again = open_chat("resume", "demo")
    again.until("▌ first", at_prompt=True)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_the_terminal_is_as_before_after_a_signal_at_the_line(open_chat: Open, number: int) -> None:
    screen = open_chat(*NEW)
    screen.until(at_prompt=True)
    os.kill(screen.pid, number)
    while screen.read():
        pass
    assert echoes(screen)


def test_no_spinner_stays_after_sigterm(open_chat: Open, wire: WireServer) -> None:
    gate = Gate()
    wire.fault(Fault(kind="gate", match=TURN, after=None, gate=gate))
    screen = open_chat(*NEW)
    screen.say("first")
    screen.until("waiting for wire")
    os.kill(screen.pid, signal.SIGTERM)
    while screen.read():
        pass
    assert "waiting for" not in screen.text
    gate.open()


def test_a_question_in_the_middle_of_a_turn_is_answered_as_ever(
    open_chat: Open, wire: WireServer, home: Path
) -> None:
    """The assistant calls a function: the terminal echoes the output that is typed for it."""
    settings = home / "config.toml"
    settings.write_text(settings.read_text("utf-8").replace('"responses"', '"assistants"'), encoding="utf-8")
    wire.script_run("queued", "in_progress", "requires_action", "completed")
    screen = open_chat(*NEW)
    screen.say("look it up")
    screen.until("The assistant calls look_up", "Its output (empty to decline):")
    assert echoes(screen)
    screen.type("42 °C")
    screen.until("decline): 42 °C")
    screen.type(ENTER)
    screen.until("1 user turns", at_prompt=True)
    screen.say("next")
    screen.until("2 user turns; you said: 'next'", at_prompt=True)


def test_leaving_a_question_leaves_the_run_open_and_the_chat_goes_on(
    open_chat: Open, wire: WireServer, home: Path
) -> None:
    settings = home / "config.toml"
    settings.write_text(settings.read_text("utf-8").replace('"responses"', '"assistants"'), encoding="utf-8")
    wire.script_run("queued", "in_progress", "requires_action", "completed")
    screen = open_chat(*NEW)
    screen.say("look it up")
    screen.until("Its output (empty to decline):")
    screen.type(CTRL_C)
    screen.until(
        "The run goes on waiting. Answer: chatmgr runs answer demo", "demo · waiting for you", at_prompt=True
    )
    screen.say("never mind")
    screen.until("so it is declined.", "you said: 'never mind'", at_prompt=True)
    assert "demo · waiting" not in screen.text
    screen.type(CTRL_D)
    assert screen.end() == 0


def test_what_is_typed_before_the_prompt_is_there_stands_in_it_once(
    open_chat: Open, wire: WireServer
) -> None:
    gate = Gate()
    wire.fault(Fault(kind="gate", match=("POST", "/conversations"), gate=gate))
    screen = open_chat(*NEW)
    gate.wait_reached()
    assert not echoes(screen)
    screen.type(f"first{ENTER}sec")
    screen.typed_ahead()
    assert "first" not in screen.text
    gate.open()
    screen.until("1 user turns; you said: 'first'", "❯ sec")
    assert screen.text.count("▌ first") == 1
    screen.type(f"ond{ENTER}")
    screen.until("2 user turns; you said: 'second'", at_prompt=True)
    screen.type(CTRL_D)
    assert screen.end() == 0
    assert echoes(screen)


def test_the_terminal_is_as_before_where_no_chat_begins(open_chat: Open) -> None:
    screen = open_chat("resume", "nosuch")
    assert screen.end() == 5
    assert echoes(screen)


def test_the_terminal_is_as_before_where_the_beginning_is_stopped(open_chat: Open, wire: WireServer) -> None:
    gate = Gate()
    wire.fault(Fault(kind="gate", match=("POST", "/conversations"), gate=gate))
    screen = open_chat(*NEW)
    gate.wait_reached()
    screen.type(CTRL_C)
    assert screen.end() == 130
    assert echoes(screen)
    gate.open()
