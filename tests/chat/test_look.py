"""How a turn looks: the same while it runs and when it is shown again, at every width."""

import re
from pathlib import Path

import pytest

from tests.support.colours import colours
from tests.support.emulator import Cell
from tests.support.item_server import ItemServer, streamed
from tests.support.output_items import IMAGE
from tests.support.screen import ALT_ENTER, CTRL_C, CTRL_D, ENTER, Open, Screen
from tests.wire import Fault, Gate, WireServer

NEW = ("new", "demo", "-i", "x")
THREE_WORDS = 7  # events until three words of an answer have been sent
ANSWER = (
    "It moves every object that is alive now into a *permanent* generation, which nobody walks:\n\n"
    "```python\nimport gc\n\ngc.freeze()\n```\n- the `children` share it\n"
    "- 模型也一样,而且不需要任何额外的工作\n\n"
    "| a | b |\n|---|---|\n| 1 | 2 |\n"
)
QUESTION = "What does gc.freeze() do, and when would I use it in a server that forks?"


def say(screen: Screen, text: str, turn: int) -> None:
    """Send a message and wait for the end of its answer."""
    screen.until(at_prompt=True)
    screen.type(text + ENTER)
    screen.until(f"  demo@{turn}", at_prompt=True)


def cells(screen: Screen, first: str) -> list[list[Cell]]:
    """The cells of the rows from the first of the conversation to that above the prompt, or the last."""
    rows = screen.emulator.cells
    texts = ["".join(cell.data for cell in row).rstrip() for row in rows]
    begin = next(number for number, text in enumerate(texts) if text.startswith(first))
    end = next((number for number, text in enumerate(texts) if text == "❯"), len(rows))
    shown = rows[begin:end]
    while shown and not "".join(cell.data for cell in shown[-1]).strip():
        shown.pop()
    return shown


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_a_turn_looks_the_same_when_it_is_shown_again(
    open_chat: Open, wire: WireServer, columns: int
) -> None:
    wire.world.reply = lambda messages, instructions: ANSWER if len(messages) < 3 else "Yes."
    live = open_chat(*NEW, columns=columns)
    say(live, QUESTION, 1)
    say(live, f"and{ALT_ENTER}\twhat about 模型?", 2)
    shown = cells(live, "▌ What")
    live.type(CTRL_D)
    assert live.end() == 0
    replayed = open_chat("history", "demo", columns=columns)
    assert replayed.end() == 0
    assert cells(replayed, "▌ What") == shown
    again = open_chat("resume", "demo", columns=columns)
    again.until("demo@2", at_prompt=True)
    assert cells(again, "▌ What") == shown


def test_a_stopped_answer_has_its_facts_as_when_it_is_shown_again(open_chat: Open, wire: WireServer) -> None:
    gate = Gate()
    wire.fault(Fault(kind="gate", match=("POST", "/responses"), after=THREE_WORDS, gate=gate))
    live = open_chat(*NEW)
    live.say("hello")
    gate.wait_reached()
    live.until("1 user turns;")
    live.type(CTRL_C)
    live.until("Stopped; what had arrived is kept.", at_prompt=True)
    gate.open()
    facts = next(line for line in live.lines if line.startswith("  demo@1 · gpt-4.1"))
    assert live.lines[live.lines.index(facts) - 1] == "Stopped; what had arrived is kept."
    live.type(CTRL_D)
    assert live.end() == 0
    replayed = open_chat("history", "demo")
    assert replayed.end() == 0
    assert replayed.lines[-1] == facts


def test_a_refused_answer_has_no_facts_of_the_one_before(open_chat: Open, wire: WireServer) -> None:
    screen = open_chat(*NEW)
    say(screen, "one", 1)
    wire.fault(Fault(kind="status", match=("POST", "/responses"), status=400))
    screen.say("/retry")
    screen.until("chatmgr:", at_prompt=True)
    assert screen.text.count("  demo@1 · ") == 1


def test_an_answer_of_items_alone_says_who_answers(open_chat: Open, wire: WireServer, home: Path) -> None:
    with ItemServer() as items:
        items.turns.append(streamed(IMAGE))
        provider = f'[providers.wire]\napi = "responses"\nbase_url = "{items.server.base_url}"\n'
        settings = f'provider = "wire"\n{provider}default_model = "m"\n'
        (home / "config.toml").write_text(settings, encoding="utf-8")
        live = open_chat(*NEW)
        say(live, "draw", 1)
        shown = [line for line in live.lines if not line.startswith("❯")]
        live.type(CTRL_D)
        assert live.end() == 0
    at = shown.index("demo · m")
    assert shown[at - 1] == "▌ draw"
    assert shown[at + 1].startswith("[image: ")
    replayed = open_chat("history", "demo")
    assert replayed.end() == 0
    assert "\n".join(replayed.lines) in "\n".join(shown)


def test_one_blank_line_between_things_and_never_two(open_chat: Open) -> None:
    screen = open_chat(*NEW)
    say(screen, "one", 1)
    screen.say("/title Freezing")
    screen.until("❯ /title Freezing", at_prompt=True)
    screen.say("/nonsense")
    screen.until("no command", at_prompt=True)
    say(screen, "two", 2)
    rows = ["".join(cell.data for cell in row).strip() for row in screen.emulator.cells]
    prompt = max(number for number, row in enumerate(rows) if row == "❯")
    shown = "\n".join(rows[:prompt])  # below it there may be room before the bar
    assert "\n\n\n" not in shown
    for below, above in (("▌ one", ""), ("demo@1", ""), ("❯ /title", ""), ("▌ two", ""), ("demo@2", "")):
        number = next(number for number, row in enumerate(rows) if row.startswith(below))
        assert rows[number - 1] == above


def test_who_answers_is_said_where_it_changes(open_chat: Open, wire: WireServer) -> None:
    screen = open_chat(*NEW, "-m", "gpt-6-luna")
    say(screen, "one", 1)
    say(screen, "two", 2)
    assert headings(screen) == ["demo · gpt-6-luna"]
    screen.say("/model gpt-6-sol")
    screen.until("with gpt-6-sol", at_prompt=True)
    say(screen, "three", 3)
    assert headings(screen) == ["demo · gpt-6-luna", "demo · gpt-6-sol"]


def headings(screen: Screen) -> list[str]:
    """The rows that say who answers; the bar, which begins alike, tells tokens too."""
    return [line for line in screen.lines if line.startswith("demo · ") and "tokens" not in line]


def test_a_narrow_terminal_keeps_the_address(open_chat: Open, wire: WireServer) -> None:
    screen = open_chat(*NEW, "hello", columns=24)
    assert screen.end() == 0
    assert any(re.fullmatch(r"  demo@1 · \S+", line) for line in screen.lines)


def test_plain_stays_plain(open_chat: Open, wire: WireServer) -> None:
    wire.world.reply = lambda messages, instructions: ANSWER
    chat = open_chat(*NEW, "--plain")
    chat.say("hello")
    chat.until("| 1 | 2 |", at_prompt=True)
    assert "▌" not in chat.text
    assert "demo@1" not in chat.text.rpartition("| 1 | 2 |")[0]
    chat.type(CTRL_D)
    assert chat.end() == 0
    sent = open_chat("send", "demo", "again", "--plain")
    assert sent.end() == 0
    assert "\n".join(sent.lines) == "\n".join(line for line in ANSWER.split("\n") if line)
    again = open_chat("history", "demo@1", "--plain")
    assert again.end() == 0
    assert again.lines[1] == "> hello"


def test_hostile_words_are_shown_harmless(open_chat: Open, wire: WireServer) -> None:
    screen = open_chat(*NEW)
    screen.until(at_prompt=True)
    screen.paste("a\u202eb \u0645\u0631\u062d\u0628\u0627 c\x9b2Jd")
    screen.until("❯ a")
    screen.type(ENTER)
    screen.until("  demo@1", at_prompt=True)
    assert "▌ a<202E>b" in screen.text
    assert "\u202e" not in screen.raw


def test_without_colour_every_mark_stays(open_chat: Open, wire: WireServer) -> None:
    wire.world.reply = lambda messages, instructions: ANSWER
    screen = open_chat(*NEW, NO_COLOR="1")
    say(screen, "hello", 1)
    assert "▌ hello" in screen.text
    assert "── python ─ 1" in screen.text
    assert colours(screen.raw) == []
