"""Notifications in the chat and after single commands, and that reports of focus are never typed text."""

import os
import signal
import time
from pathlib import Path

import pytest

from tests.support.drawing_terminal import PLAIN, DrawingTerminal
from tests.support.screen import CTRL_C, CTRL_D, ENTER, PATIENCE, Open, Screen
from tests.wire import Fault, Gate, WireServer

TURN = ("POST", "/responses")
THREE_WORDS = 7  # events until three words of an answer have been sent
NEW = ("new", "demo", "-i", "Be brief.")
ALONE = {"TMUX": "", "STY": "", "TERM_PROGRAM": "", "LC_TERMINAL": ""}
ON, OFF = "\x1b[?1004h", "\x1b[?1004l"
PASTE_OFF = "\x1b[?2004l"
GOT, LOST = "\x1b[I", "\x1b[O"
ANSWERED = "\x1b]9;“demo” has an answer\x1b\\"
FAILED = "\x1b]9;“demo” has no answer\x1b\\"
KNOWN = {**PLAIN, "\x1b[?1004$p": "\x1b[?1004;1$y"}


@pytest.fixture
def gate(wire: WireServer) -> Gate:
    """The first answer stops there after three words."""
    gate = Gate()
    wire.fault(Fault(kind="gate", match=TURN, after=THREE_WORDS, gate=gate))
    return gate


def streaming(
    open_chat: Open, home: Path, gate: Gate, terminal: DrawingTerminal, notify: str = "osc9"
) -> Screen:
    """A chat whose first answer is on its way and stands still; every answer takes long enough."""
    with (home / "config.toml").open("r+", encoding="utf-8") as file:
        text = file.read()
        file.seek(0)
        file.write(f'notify = "{notify}"\nnotify_after = 0\n{text}')
    screen = open_chat(*NEW, terminal=terminal, **ALONE)
    screen.say("first")
    screen.until("1 user turns;")
    gate.wait_reached()
    return screen


def until_over(screen: Screen, gate: Gate) -> None:
    """Let the answer go on, and read to the end of its turn, when pastes are no longer marked."""
    count, deadline = screen.raw.count(PASTE_OFF), time.monotonic() + PATIENCE
    gate.open()
    while screen.raw.count(PASTE_OFF) == count:
        assert screen.read(), screen.text
        assert time.monotonic() < deadline, screen.text


def until_last(screen: Screen, wanted: str, other: str) -> None:
    """Read until the one sequence has come after the other."""
    deadline = time.monotonic() + PATIENCE
    while screen.raw.rfind(wanted) < screen.raw.rfind(other):
        assert screen.read(), screen.text
        assert time.monotonic() < deadline, screen.text


def leave(screen: Screen) -> None:
    """End a chat."""
    screen.type(CTRL_D)
    assert screen.end() == 0


def test_who_looks_elsewhere_is_notified(open_chat: Open, home: Path, gate: Gate) -> None:
    terminal = DrawingTerminal(KNOWN)
    screen = streaming(open_chat, home, gate, terminal)
    assert screen.raw.rfind(ON) > screen.raw.rfind(OFF)
    screen.type(f"ab{LOST}cd")
    screen.typed_ahead()
    until_over(screen, gate)
    screen.until("you said: 'first'", "❯ abcd")
    assert screen.raw.count(ANSWERED) == 1
    assert screen.raw.rfind(OFF) > screen.raw.rfind(ON)
    assert terminal.questions == []  # it has reported
    screen.type("\x15")
    leave(screen)


def test_who_has_come_back_is_not(open_chat: Open, home: Path, gate: Gate) -> None:
    screen = streaming(open_chat, home, gate, DrawingTerminal(KNOWN))
    screen.type(f"{LOST}a{GOT}b")
    screen.typed_ahead()
    until_over(screen, gate)
    screen.until("you said: 'first'", "❯ ab")
    assert ANSWERED not in screen.raw
    screen.type("\x15")
    leave(screen)


@pytest.mark.parametrize(("answers", "notified"), [(KNOWN, False), (PLAIN, True), ({}, True)])
def test_a_terminal_that_reports_nothing_is_asked_whether_it_can(
    answers: dict[str, str], *, notified: bool, open_chat: Open, home: Path, gate: Gate
) -> None:
    terminal = DrawingTerminal(answers, before_answers="typed")
    screen = streaming(open_chat, home, gate, terminal)
    until_over(screen, gate)
    screen.until("you said: 'first'", "❯ typed")
    assert (ANSWERED in screen.raw) == notified
    screen.type(f"{ENTER}")
    screen.until("you said: 'typed'", at_prompt=True)
    assert terminal.questions.count("\x1b[?1004$p") == 1
    leave(screen)


def test_the_bell_rings(open_chat: Open, home: Path, gate: Gate) -> None:
    screen = streaming(open_chat, home, gate, DrawingTerminal(KNOWN), "auto")
    screen.type(LOST)
    screen.typed_ahead()
    until_over(screen, gate)
    screen.until("you said: 'first'", at_prompt=True)
    assert screen.raw.count("\a") == 1
    leave(screen)


def test_whoever_stops_an_answer_is_not_notified(open_chat: Open, home: Path, gate: Gate) -> None:
    screen = streaming(open_chat, home, gate, DrawingTerminal(KNOWN))
    screen.type(LOST + CTRL_C)
    screen.until("Stopped", at_prompt=True)
    gate.open()
    assert "\x1b]9;" not in screen.raw
    assert screen.raw.rfind(OFF) > screen.raw.rfind(ON)
    leave(screen)


def test_nothing_is_reported_unless_it_is_wanted(open_chat: Open, home: Path, gate: Gate) -> None:
    terminal = DrawingTerminal(KNOWN)
    screen = streaming(open_chat, home, gate, terminal, "none")
    screen.type(f"{LOST}x")
    screen.typed_ahead()
    until_over(screen, gate)
    screen.until("you said: 'first'", "❯ x")
    assert "1004" not in screen.raw
    assert "\x1b]9;" not in screen.raw
    screen.type("\x15")
    leave(screen)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_reports_end_with_a_process_that_is_killed(
    number: signal.Signals, open_chat: Open, home: Path, gate: Gate
) -> None:

    screen = streaming(open_chat, home, gate, DrawingTerminal(KNOWN))
    os.kill(screen.pid, number)
    while screen.read():
        pass
    gate.open()
    assert screen.raw.rfind(OFF) > screen.raw.rfind(ON) > 0


def test_a_failure_is_told_too_and_a_single_command_needs_no_focus(
    open_chat: Open, home: Path, wire: WireServer
) -> None:
    with (home / "config.toml").open("r+", encoding="utf-8") as file:
        text = file.read()
        file.seek(0)
        file.write(f'notify = "osc9"\nnotify_after = 0\n{text}')
    screen = open_chat("new", "demo", "hello", "-i", "x", **ALONE)
    assert screen.end() == 0
    assert screen.raw.count(ANSWERED) == 1
    assert "1004" not in screen.raw
    wire.fault(Fault(kind="status", match=TURN, status=400))
    screen = open_chat("send", "demo", "again", **ALONE)
    assert screen.end() == 8
    assert screen.raw.count(FAILED) == 1


def test_nothing_is_reported_to_the_shell_after_ctrl_z(open_chat: Open, home: Path, gate: Gate) -> None:
    screen = streaming(open_chat, home, gate, DrawingTerminal(KNOWN))
    os.kill(screen.pid, signal.SIGTSTP)
    until_last(screen, OFF, ON)
    os.kill(screen.pid, signal.SIGCONT)
    until_last(screen, ON, OFF)
    screen.type(LOST)
    screen.typed_ahead()
    until_over(screen, gate)
    screen.until("you said: 'first'", at_prompt=True)
    assert screen.raw.count(ANSWERED) == 1
    leave(screen)
