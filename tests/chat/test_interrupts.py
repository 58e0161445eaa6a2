"""Ctrl-C: once stops, twice leaves."""

import os
import signal

from tests.support.screen import CTRL_C, CTRL_D, ENTER, Open, Screen
from tests.wire import Fault, Gate, WireServer

TURN = ("POST", "/responses")
THREE_WORDS = 7
NEW = ("new", "demo", "-i", "Be brief.")
BACK = "Resume with: chatmgr resume demo"


def asked(open_chat: Open, wire: WireServer, after: int | None, *args: str) -> tuple[Screen, Gate]:
    """A chat whose first turn stands still: before the answer's head, or after some events."""
    gate = Gate()
    wire.fault(Fault(kind="gate", match=TURN, after=after, gate=gate))
    screen = open_chat(*NEW, *args)
    screen.say("first")
    gate.wait_reached()
    return screen, gate


def test_before_anything_arrived(open_chat: Open, wire: WireServer) -> None:
    screen, gate = asked(open_chat, wire, None)
    screen.type(CTRL_C)
    screen.until("Stopped.", at_prompt=True)
    gate.open()
    wire.wait_idle()
    screen.say("second")
    screen.until("you said: 'second'", at_prompt=True)


def test_with_enter_in_one_breath(open_chat: Open, wire: WireServer) -> None:
    """The line editor reads both keys; the message is kept, and its answer is not waited for."""
    gate = Gate()
    wire.fault(Fault(kind="gate", match=TURN, after=None, gate=gate))
    screen = open_chat(*NEW)
    screen.until(at_prompt=True)
    screen.type(f"first{ENTER}{CTRL_C}")
    screen.until("▌ first", "Stopped.", at_prompt=True)
    gate.open()
    wire.clear_faults()
    screen.say("second")
    screen.until("you said: 'second'", at_prompt=True)
    screen.type(CTRL_D)
    assert screen.end() == 0
    again = open_chat("resume", "demo")
    again.until("▌ first\n  [stopped]", "▌ second", at_prompt=True)
    assert "^C" not in screen.text


def test_a_signal_at_the_line_is_the_key(open_chat: Open) -> None:
    screen = open_chat(*NEW)
    screen.until(at_prompt=True)
    screen.type("x")
    screen.until("❯ x")
    os.kill(screen.pid, signal.SIGINT)
    screen.until("Type exit() or Ctrl-D to leave.", at_prompt=True)
    os.kill(screen.pid, signal.SIGINT)
    screen.until("Press Ctrl-C again to leave", at_prompt=True)
    os.kill(screen.pid, signal.SIGINT)
    assert screen.end() == 130


def test_ctrl_l_while_the_chat_begins_clears_nothing(open_chat: Open) -> None:
    screen = open_chat(*NEW, "one")
    assert screen.end() == 0
    screen = open_chat("resume", "demo")
    screen.type("\x0cab")
    screen.until("▌ one", "you said: 'one'", "❯ ab")
    assert "^L" not in screen.text


def test_twice_leaves_with_130_and_keeps_what_had_come(open_chat: Open, wire: WireServer) -> None:
    """The second Ctrl-C, at the empty line after the first."""
    screen, gate = asked(open_chat, wire, THREE_WORDS)
    screen.until("1 user turns;")
    screen.type(CTRL_C)
    screen.until("Stopped; what had arrived is kept.", at_prompt=True)
    screen.type(CTRL_C)
    assert screen.end() == 130
    assert screen.lines[-1] == BACK
    gate.open()
    again = open_chat("resume", "demo")
    again.until("1 user turns;", "[stopped]", at_prompt=True)


def stopping(open_chat: Open, wire: WireServer) -> tuple[Screen, list[Gate]]:
    """Ctrl-C was pressed twice: the server lets the wish to stop wait meanwhile."""
    screen, gate = asked(open_chat, wire, THREE_WORDS, "--background")
    slow = Gate()
    wire.fault(Fault(kind="gate", match=("POST", "/responses/[^/]+/cancel"), gate=slow))
    screen.until("1 user")
    screen.type(CTRL_C)
    slow.wait_reached()
    screen.type(CTRL_C)
    screen.until("Leaving as soon as the partial answer")
    return screen, [slow, gate]


def test_twice_while_it_is_being_stopped(open_chat: Open, wire: WireServer) -> None:
    screen, gates = stopping(open_chat, wire)
    for gate in gates:
        gate.open()
    assert screen.end() == 130
    assert screen.lines[-1] == BACK
    again = open_chat("resume", "demo")
    again.until("[stopped]", at_prompt=True)


def test_three_times_leaves_at_once(open_chat: Open, wire: WireServer) -> None:
    screen, gates = stopping(open_chat, wire)
    screen.type(CTRL_C)
    assert screen.end() == 130
    assert screen.lines[-1] == BACK
    for gate in gates:
        gate.open()


def test_at_an_empty_line_once_asks_and_twice_leaves(open_chat: Open) -> None:
    screen = open_chat(*NEW)
    screen.until(at_prompt=True)
    screen.type(CTRL_C)
    screen.until("Press Ctrl-C again to leave", at_prompt=True)
    screen.say("hello")
    screen.until("you said: 'hello'", at_prompt=True)
    screen.type(CTRL_C)
    screen.until("hello", at_prompt=True)
    screen.type("x")
    screen.until("❯ x")
    screen.type(CTRL_C)
    screen.until("❯ x\nPress Ctrl-C again to leave", at_prompt=True)  # and so it does
    screen.type(CTRL_C)
    assert screen.end() == 130
    assert screen.lines[-1] == BACK


def test_ctrl_d_leaves_with_the_last_turns_code(open_chat: Open, wire: WireServer) -> None:
    wire.fault(Fault(kind="status", match=TURN, status=500, message="out of order"))
    screen = open_chat(*NEW)
    screen.say("first")
    screen.until("out of order", at_prompt=True)
    screen.type(CTRL_D)
    assert screen.end() == 8
