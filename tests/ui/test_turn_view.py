"""Answers at a terminal: rendered, plain where that is wanted, and a sign of life until they come."""

from pathlib import Path

from tests.support.screen import CTRL_D, Open
from tests.wire import Fault, Gate, WireServer

TURN = ("POST", "/responses")
NEW = ("new", "demo", "-i", "x", "hello")
ANSWER = "# A head\n\nSome **bold** words.\n\n- one\n- two\n\n```python\nx = 1\n```\n"
RENDERED = ["A head", "Some bold words.", "• one", "• two", "── python ─ 1", "x = 1", "──"]
NAMED = "The assistant is called “demo”."
PLAIN = ["# A head", "Some **bold** words.", "- one", "- two", "```python", "x = 1", "```"]


def test_rendered_where_it_streams_and_where_it_is_read(open_chat: Open, wire: WireServer) -> None:
    wire.world.reply = lambda messages, instructions: ANSWER
    sent = open_chat(*NEW)
    assert sent.end() == 0
    *shown, facts, name = sent.lines
    assert shown == RENDERED
    assert facts.startswith("  demo@1 · ")
    assert name.startswith(NAMED)
    read = open_chat("history", "demo")
    assert read.end() == 0
    assert read.lines[0] == "▌ hello"
    assert read.lines[1].startswith("demo · ")
    assert read.lines[2:] == [*RENDERED, facts]
    chat = open_chat("resume", "demo")
    chat.say("again")
    chat.until("▌ again", "demo@2", at_prompt=True)
    chat.type(CTRL_D)
    assert chat.end() == 0
    assert chat.text.count("\n".join(RENDERED)) == 2


def test_plain_by_option_and_by_setting(open_chat: Open, wire: WireServer, home: Path) -> None:
    wire.world.reply = lambda messages, instructions: ANSWER
    sent = open_chat(*NEW, "--plain")
    assert sent.end() == 0
    assert sent.lines[:-1] == PLAIN
    assert sent.lines[-1].startswith(NAMED)
    assert "**bold**" in "\n".join(_shown(open_chat, "history", "demo", "--plain"))
    assert _shown(open_chat, "send", "demo", "more", "--plain") == PLAIN
    settings = home / "config.toml"
    settings.write_text("plain = true\n" + settings.read_text("utf-8"), "utf-8")
    assert _shown(open_chat, "history", "demo@1")[2:] == PLAIN


def _shown(open_chat: Open, *words: str) -> list[str]:
    screen = open_chat(*words)
    assert screen.end() == 0
    return screen.lines


def test_a_sign_of_life_until_the_first_word(open_chat: Open, wire: WireServer) -> None:
    gate = Gate()
    wire.fault(Fault(kind="gate", match=TURN, after=None, gate=gate))
    screen = open_chat(*NEW)
    screen.until("waiting for wire · 1 s")
    gate.open()
    assert screen.end() == 0
    answer, facts, name = screen.lines
    assert answer == "1 user turns; you said: 'hello'"
    assert facts.startswith("  demo@1 · ")
    assert name.startswith(NAMED)
