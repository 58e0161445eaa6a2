"""The input line below a streaming answer: seen, edited, queued, taken back, and gone without a trace."""

import os
import re
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.support.screen import (
    ALT_ENTER,
    BACKSPACE,
    CTRL_C,
    CTRL_D,
    DOWN,
    EDITOR_KEYS,
    ENTER,
    ESC,
    PATIENCE,
    ROWS,
    TAB,
    UP,
    Open,
    Screen,
    environment,
)
from tests.wire import Fault, Gate, WireServer

TURN = ("POST", "/responses")
THREE_WORDS = 7  # events until three words of an answer have been sent
NEW = ("new", "demo", "-i", "Be brief.")
HINT = "Esc stops · Enter queues"


@pytest.fixture
def gate(wire: WireServer) -> Gate:
    """The first answer stops there after three words."""
    gate = Gate()
    wire.fault(Fault(kind="gate", match=TURN, after=THREE_WORDS, gate=gate))
    return gate


def streaming(open_chat: Open, gate: Gate, **options: object) -> Screen:
    """A chat whose first answer is on its way and stands still."""
    screen = open_chat(*NEW, **options)
    screen.say("first")
    gate.wait_reached()
    screen.until("1 user turns;", "❯\n")
    return screen


def read_until(screen: Screen, condition: Callable[[], bool]) -> None:
    """Read until the screen is as it should be."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, screen.text
        screen.read()


def at_line(screen: Screen, text: str) -> None:
    """Wait until a text stands in the line of the cursor, and nothing else."""
    read_until(screen, lambda: screen.prompt == f"❯ {text}".rstrip())


def at_end(screen: Screen) -> None:
    """Wait until no answer streams."""
    read_until(screen, lambda: not screen.is_streaming)


def test_what_is_typed_is_seen_below_the_answer(open_chat: Open, wire: WireServer, gate: Gate) -> None:
    screen = streaming(open_chat, gate)
    screen.type(f"and whta{BACKSPACE}{BACKSPACE}at about\x1bb\x1bd日本 ")
    screen.until("1 user turns;\n  ", HINT, "❯ and what 日本\n")
    assert re.search(r"\d\.\d s · ~\d+ tokens", screen.text)
    assert wire.turns_heard == ["first"]
    gate.open()
    at_end(screen)
    screen.until("you said: 'first'", "❯ and what 日本")
    screen.type(f"next{ENTER}")  # the cursor is where it was
    screen.until("2 user turns; you said: 'and what 日本 next'", at_prompt=True)


def test_the_facts_name_the_model_as_soon_as_it_is_known(open_chat: Open, gate: Gate) -> None:
    screen = open_chat(*NEW)
    screen.until("demo · default model of wire", at_prompt=True)
    screen.say("first")
    gate.wait_reached()
    read_until(screen, lambda: screen.toolbar == "demo · gpt-4.1")
    assert screen.is_streaming
    gate.open()
    at_end(screen)


def test_line_breaks_are_made_as_at_the_prompt(open_chat: Open, wire: WireServer, gate: Gate) -> None:
    screen = streaming(open_chat, gate)
    screen.type(f"one{ALT_ENTER}two\nthree\\{ENTER}four")
    screen.until("❯ one\n  two\n  three\n  four")
    screen.type(ENTER)
    screen.until("⏎ one two three four", "1 queued")
    gate.open()
    screen.until("2 user turns", at_prompt=True)
    assert wire.turns_heard[-1] == "one\ntwo\nthree\nfour"


def test_the_queue_is_shown_and_taken_back(open_chat: Open, wire: WireServer, gate: Gate) -> None:
    screen = streaming(open_chat, gate)
    screen.type(f"second{ENTER}third{ENTER}")
    screen.until("  ⏎ second\n  ⏎ third\n❯\n", "2 queued")
    screen.type(UP)
    screen.until("  ⏎ second\n❯ third\n", "1 queued")
    screen.type(f"!{UP}")  # recalls what was sent, not what still waits
    at_line(screen, "first")
    screen.type(DOWN)
    at_line(screen, "third!")
    screen.type(ENTER)
    screen.until("  ⏎ second\n  ⏎ third!\n❯\n", "2 queued")
    gate.open()
    screen.until("3 user turns; you said: 'third!'", at_prompt=True)
    assert wire.turns_heard == ["first", "second", "third!"]
    assert screen.text.count("▌ second") == 1
    assert "queued" not in screen.text


def test_up_without_a_queue_recalls(open_chat: Open, wire: WireServer, gate: Gate) -> None:
    screen = streaming(open_chat, gate)
    screen.type(UP)
    at_line(screen, "first")
    gate.open()
    screen.until("you said: 'first'")


def test_a_message_that_waits_for_the_second_turn_can_be_taken_back_in_it(
    open_chat: Open, wire: WireServer, gate: Gate
) -> None:
    later = Gate()
    wire.fault(Fault(kind="gate", match=TURN, nth=2, after=THREE_WORDS, gate=later))
    screen = streaming(open_chat, gate)
    screen.type(f"second{ENTER}third{ENTER}rest")
    screen.until("2 queued", "❯ rest")
    gate.open()
    later.wait_reached()
    screen.until("▌ second\n", "2 user turns;", "  ⏎ third\n❯ rest", "1 queued")
    screen.type(f"\x15{UP}")
    at_line(screen, "third")
    later.open()
    screen.until("2 user turns; you said: 'second'", "❯ third")
    assert wire.turns_heard == ["first", "second"]


@pytest.mark.parametrize("key", [ESC, CTRL_C])
def test_a_key_stops_the_answer_and_holds_the_queue_back(
    open_chat: Open, wire: WireServer, gate: Gate, key: str
) -> None:
    screen = streaming(open_chat, gate)
    screen.type(f"second{ENTER}third{ENTER}unfinished")
    screen.until("2 queued", "❯ unfinished")
    screen.type(key)
    screen.until("Stopped; what had arrived is kept.", "❯ second\n  third\n  unfinished")
    assert wire.turns_heard == ["first"]
    screen.type(f" line{ENTER}")
    screen.until("2 user turns", at_prompt=True)
    assert wire.turns_heard[-1] == "second\nthird\nunfinished line"


def test_escape_twice_does_not_leave(open_chat: Open, wire: WireServer, gate: Gate) -> None:
    screen = streaming(open_chat, gate)
    screen.type(ESC)
    screen.until("Stopped; what had arrived is kept.", at_prompt=True)
    screen.type(ESC)
    screen.say("other")
    screen.until("2 user turns; you said: 'other'", at_prompt=True)


def test_vi_keys_have_their_escape_first(open_chat: Open, home: Path, gate: Gate) -> None:
    first = open_chat(*NEW)
    first.until(at_prompt=True)
    first.type(CTRL_D)
    assert first.end() == 0
    with (home / "config.toml").open("r+", encoding="utf-8") as settings:
        rest = settings.read()
        settings.seek(0)
        settings.write(f'edit_mode = "vi"\n{rest}')
    screen = open_chat("resume", "demo")
    screen.say("first")
    gate.wait_reached()
    screen.until("1 user turns;", HINT)
    screen.type("wrong words")
    at_line(screen, "wrong words")
    screen.type(ESC)
    screen.typed_ahead()
    screen.type("0")
    screen.type("dwiright ")
    at_line(screen, "right words")
    screen.type(ESC)
    screen.typed_ahead()
    screen.type(f"x{ESC}")
    screen.until("Stopped; what had arrived is kept.")


def test_a_failed_turn_holds_the_queue_back(open_chat: Open, wire: WireServer) -> None:
    gate = Gate()
    wire.fault(Fault(kind="gate", match=TURN, after=THREE_WORDS, gate=gate))
    wire.fault(Fault(kind="failed", match=TURN, message="out of order"))
    screen = streaming(open_chat, gate)
    screen.type(f"/title x{ENTER}second{ENTER}")
    screen.until("2 queued")
    gate.open()
    screen.until("❯ /title x\n  second")
    assert wire.turns_heard == ["first"]


def test_a_window_of_another_width(open_chat: Open, wire: WireServer, gate: Gate) -> None:
    screen = streaming(open_chat, gate)
    screen.type("words that are typed while the window changes")
    screen.until("❯ words that are typed while the window changes")
    for columns in (50, 140, 60):
        screen.resize(columns)
        screen.until("1 user turns;", "❯ words that are typed while the window changes", HINT)
    gate.open()
    at_end(screen)
    screen.until("you said: 'first'", "❯ words that are typed")
    assert screen.text.count("words that are typed") == 1


def test_twenty_columns(open_chat: Open, wire: WireServer, gate: Gate) -> None:
    screen = streaming(open_chat, gate, columns=20)
    screen.type("a text that is longer than one row 日本語日本語")
    screen.until("❯ a text that is lo\n  nger than one row\n   日本語日本語\ndemo")
    screen.type(ENTER)
    screen.until("⏎ a text that is")
    gate.open()
    screen.until("2 user turns", at_prompt=True)
    assert wire.turns_heard[-1] == "a text that is longer than one row 日本語日本語"


def test_a_low_window_has_one_row_for_the_text(open_chat: Open, wire: WireServer, gate: Gate) -> None:
    screen = streaming(open_chat, gate, columns=30, rows=10)
    screen.type(f"queued{ENTER}one row is not enough for these words")
    screen.until("\n  hese words\ndemo", "1 user turns;")
    assert "one row" not in screen.text
    assert len(screen.emulator.display) == 10
    screen.type("\x01")
    screen.until("\n❯ one row is not enough for t\ndemo")
    gate.open()
    screen.until("'queued'", "❯ one row is not enough for")
    at_end(screen)
    screen.type("\x0b")
    screen.until("2 user turns", at_prompt=True)
    assert wire.turns_heard == ["first", "queued"]


def test_thinking_ends_above_the_line(open_chat: Open, wire: WireServer, home: Path) -> None:
    settings = home / "config.toml"
    settings.write_text(f"show_reasoning = true\n{settings.read_text('utf-8')}", encoding="utf-8")
    gate = Gate()
    wire.world.thoughts = ("First this is weighed, " + "then that, " * 40 + "and it is nearly clear.",)
    wire.fault(Fault(kind="gate", match=TURN, after=80, gate=gate))
    screen = open_chat(*NEW, "--param", "reasoning.summary=auto")
    screen.say("first")
    gate.wait_reached()
    screen.until("thinking · ", HINT, "❯\n")
    screen.type("meanwhile")
    at_line(screen, "meanwhile")
    gate.open()
    screen.until("thought for", "you said: 'first'", "  demo@1 · ", "❯ meanwhile")
    read_until(screen, lambda: "thinking" not in screen.text and "weighed" not in screen.text)
    at_line(screen, "meanwhile")


def test_what_is_waited_for_is_told_above_the_line(open_chat: Open, wire: WireServer) -> None:
    gate = Gate()
    wire.fault(Fault(kind="gate", match=TURN, after=None, gate=gate))
    screen = open_chat(*NEW)
    screen.say("first")
    gate.wait_reached()
    screen.until("waiting for wire · ", HINT, "❯\n")
    screen.type("second")
    at_line(screen, "second")
    screen.type(ESC)
    at_end(screen)
    screen.until("Stopped.", "❯ second")
    gate.open()


def test_a_long_text_takes_a_third_of_the_screen(open_chat: Open, wire: WireServer, gate: Gate) -> None:
    text = "\n".join(f"line {number:03} of what is pasted" for number in range(400))
    assert len(text) > 10_000
    screen = streaming(open_chat, gate)
    screen.paste(text)
    screen.until("line 399")
    shown = [line for line in screen.lines if "of what is pasted" in line]
    assert len(shown) == ROWS // 3
    assert "1 user turns;" in screen.text
    screen.type(ENTER)
    screen.until("⏎ line 000 of what is pasted line 001", "1 queued")
    screen.type(UP)
    screen.until("line 399")
    gate.open()
    screen.until("you said: 'first'", "line 399")
    wire.world.reply = lambda memory, instructions: "It is long."
    screen.type(ENTER)
    screen.until("It is long.", at_prompt=True)
    assert wire.turns_heard[-1] == text


def test_keys_that_need_the_whole_screen_wait_for_it(open_chat: Open, tmp_path: Path, gate: Gate) -> None:
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nprintf " and more" >> "$1"\n', encoding="utf-8")
    editor.chmod(0o700)
    screen = streaming(open_chat, gate, VISUAL=str(editor))
    screen.type(f"half{TAB}{EDITOR_KEYS}")
    screen.until("❯ half")
    gate.open()
    screen.until("you said: 'first'", "❯ half and more")


def test_ctrl_d_in_the_empty_line_leaves_after_the_turn(open_chat: Open, gate: Gate) -> None:
    screen = streaming(open_chat, gate)
    screen.type(CTRL_D)
    screen.until("⏎ /exit", "1 queued")
    gate.open()
    assert screen.end() == 0
    assert "you said: 'first'" in screen.text


def test_a_question_in_the_middle_has_the_screen(open_chat: Open, wire: WireServer, home: Path) -> None:
    """What was typed before it is back in the line after it."""
    settings = home / "config.toml"
    settings.write_text(settings.read_text("utf-8").replace('"responses"', '"assistants"'), encoding="utf-8")
    gate = Gate()
    wire.fault(Fault(kind="gate", match=("POST", "/threads/[^/]+/runs"), gate=gate))
    wire.script_run("queued", "in_progress", "requires_action", "completed")
    screen = open_chat(*NEW)
    screen.say("look it up")
    gate.wait_reached()
    screen.type(f"second{ENTER}rest")
    screen.until("⏎ second", "❯ rest")
    gate.open()
    screen.until("Its output (empty to decline):")
    assert "❯ rest" not in screen.text
    screen.type(f"42{ENTER}")
    screen.until("2 user turns; you said: 'second'", "❯ rest")
    assert wire.turns_heard == ["look it up", "second"]


def screen_after(
    open_chat: Open, wire: WireServer, name: str, type_meanwhile: Callable[[Screen], None]
) -> str:
    """What a screen shows after a long answer, and what was typed while it stood still."""
    gate = Gate()
    wire.clear_faults()
    wire.fault(Fault(kind="gate", match=TURN, after=600, gate=gate))
    screen = open_chat("new", name, "-i", "")
    screen.say("first")
    gate.wait_reached()
    screen.until(HINT, "Paragraph 8")
    type_meanwhile(screen)
    gate.open()
    screen.until("Paragraph 19", at_prompt=True)
    screen.until(f"{name} · ")
    return re.sub(r"\d+\.\d s", "1.0 s", screen.text)


def test_no_trace_stays(open_chat: Open, wire: WireServer) -> None:
    """The screen after a turn is the same, whether something was typed and taken away during it or not."""
    text = "\n\n".join(f"Paragraph {number} of a long answer. " + "More words. " * 30 for number in range(20))
    wire.world.reply = lambda memory, instructions: text

    def type_much(screen: Screen) -> None:
        screen.type(f"some words{ENTER}{ALT_ENTER}{ALT_ENTER}more")
        screen.until("⏎ some words", "more")
        screen.type(f"\x15{BACKSPACE}{BACKSPACE}{UP}")
        at_line(screen, "some words")
        screen.type("\x15")
        at_line(screen, "")

    silent = screen_after(open_chat, wire, "silent", lambda screen: None)
    typed = screen_after(open_chat, wire, "typed", type_much)
    times = re.compile(r"\d+\.\d s")
    assert times.sub("1.2 s", typed.replace("typed", "silent")) == times.sub("1.2 s", silent)


def shell(home: Path, folder: Path, command: Sequence[str]) -> Screen:
    """A shell with job control that has been told to run a command."""
    program = "import os; os.execvp('bash', ['bash', '--norc', '--noprofile', '-i'])"
    screen = Screen(["-c", program], environment(home, PS1="shell> "), folder)
    screen.until("shell>")
    screen.type(" ".join(command) + ENTER)
    return screen


def test_ctrl_z_and_fg(open_chat: Open, wire: WireServer, gate: Gate, home: Path, tmp_path: Path) -> None:
    with shell(home, tmp_path, [sys.executable, "-m", "chatmgr", *NEW[:-1], "brief"]) as screen:
        screen.say("first")
        gate.wait_reached()
        screen.until("1 user turns;", HINT)
        screen.type(f"second{ENTER}half")
        screen.until("⏎ second", "❯ half")
        screen.type("\x1a")
        screen.until("Stopped", "shell>")
        assert "❯ half" not in screen.text
        screen.type(f"echo at the she''ll{ENTER}")
        screen.until("at the shell")
        screen.type(f"fg{ENTER}")
        screen.until("⏎ second", "❯ half", HINT)
        screen.type(" done")
        at_line(screen, "half done")
        gate.open()
        screen.until("2 user turns; you said: 'second'", "❯ half done")
        at_end(screen)
        assert screen.text.count("1 user turns;") == 1  # what stood there stays, and the rest follows below
        assert "at the shell" in screen.text
        screen.type(f"\x15{CTRL_D}")
        screen.until("Resume with")
        os.kill(screen.pid, 9)


def test_nothing_stays_below_where_nothing_is_rendered(open_chat: Open, gate: Gate) -> None:
    screen = open_chat(*NEW, "--plain")
    screen.say("first")
    gate.wait_reached()
    screen.type(f"second{ENTER}")
    screen.typed_ahead()
    assert "second" not in screen.text
    gate.open()
    screen.until("2 user turns; you said: 'second'", at_prompt=True)
