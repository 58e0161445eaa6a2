"""Coming back to a conversation, as a person sees it: where it stood, how long ago, what can be done."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from chatmgr.terminal.durations import time_later
from tests.support.commands import Chatmgr
from tests.support.processes import until
from tests.support.screen import CTRL_C, CTRL_D, Open
from tests.wire import Fault, Gate, WireServer
from tests.wire.parts import Said
from tests.wire.world import echo

TURN = ("POST", "/responses")
NEW = ("new", "demo", "-i", "Be brief.")
NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("passed", "words"),
    [
        (timedelta(minutes=59), ""),
        (timedelta(hours=-5), ""),
        (timedelta(hours=1), "1 hour later"),
        (timedelta(hours=23, minutes=59), "23 hours later"),
        (timedelta(days=1), "1 day later"),
        (timedelta(days=3, hours=20), "3 days later"),
        (timedelta(days=13), "13 days later"),
        (timedelta(days=14), "2 weeks later"),
        (timedelta(days=59), "8 weeks later"),
        (timedelta(days=61), "2 months later"),
        (timedelta(days=729), "24 months later"),
        (timedelta(days=730), "2 years later"),
    ],
)
def test_gaps_in_words(passed: timedelta, words: str) -> None:
    assert time_later(NOON, NOON + passed) == words
    assert time_later(None, NOON) == time_later(NOON, None) == ""


def change(home: Path, *statements: str) -> None:
    """Change the database from outside."""
    with closing(sqlite3.connect(home / "chatmgr.db")) as db, db:
        for statement in statements:
            db.execute(statement)


def ago(position: int, days: int) -> str:
    """Let a turn have happened so many days earlier."""
    moved = "strftime('%Y-%m-%d %H:%M:%f', {0}, '-{1} days')"
    times = ", ".join(f"{item} = {moved.format(item, days)}" for item in ("started_at", "finished_at"))
    return f"UPDATE runs SET {times} WHERE turn_id = (SELECT id FROM turns WHERE position = {position})"


@pytest.fixture
def long_ago(open_chat: Open, home: Path) -> Open:
    """A conversation of twelve turns."""
    with open_chat(*NEW, "turn 1") as first:
        assert first.end() == 0
    with open_chat("resume", "demo", "-n", "0") as chat:
        for number in range(2, 13):
            chat.say(f"turn {number}")
            chat.until(f"{number} user turns", at_prompt=True)
        chat.type(CTRL_D)
        assert chat.end() == 0
    return open_chat


def test_the_tail_names_the_time_between(long_ago: Open, home: Path) -> None:
    change(home, ago(11, 40), ago(12, 9))
    screen = long_ago("resume", "demo")
    screen.until("▌ turn 10", "▌ turn 11", "─── 4 weeks later ───", at_prompt=True)
    lines = screen.lines
    assert "▌ turn 9" not in lines
    assert lines.index("▌ turn 11") < lines.index("─── 4 weeks later ───") < lines.index("▌ turn 12")
    assert lines[lines.index("❯") - 1] == "─── 9 days later: now ───"
    assert sum("later" in line for line in lines) == 2


def test_a_message_of_the_command_looks_as_if_it_was_typed(open_chat: Open, wire: WireServer) -> None:
    with open_chat(*NEW, "one") as first:
        assert first.end() == 0
    screen = open_chat("resume", "demo", "and then?\n/exit")
    screen.until("▌ one", "▌ and then?\n▌ /exit\n2 user turns; you said:", at_prompt=True)
    screen.type(CTRL_D)
    assert screen.end() == 0
    assert wire.turns_heard == ["one", "and then?\n/exit"]


def test_a_message_of_the_command_is_said_first(open_chat: Open, wire: WireServer) -> None:
    with open_chat(*NEW, "one") as first:
        assert first.end() == 0
    screen = open_chat("resume", "demo", "and then?\n/exit", "--plain")
    screen.until("> one", "❯ and then?", "2 user turns; you said: 'and then?\\n/exit'", at_prompt=True)
    screen.say("again")
    screen.until("3 user turns; you said: 'again'", at_prompt=True)
    screen.type(CTRL_D)
    assert screen.end() == 0
    assert wire.turns_heard == ["one", "and then?\n/exit", "again"]


def test_resuming_at_a_turn(long_ago: Open) -> None:
    """The hit between its neighbours, the way to the end, the last turn; then it goes on there."""
    screen = long_ago("resume", "demo@4")
    screen.until("▌ turn 12", "demo@4 is in the middle: 8 turns come after it.", "[f]ork from there?")
    shown = [line for line in screen.lines if line.startswith(("▌ turn", "───"))]
    assert shown == [
        *(f"▌ turn {number}" for number in range(2, 7)),
        "─── 6 turns later the conversation goes on ───",
        "▌ turn 12",
    ]
    screen.type("g")
    screen.say("and on")
    screen.until("13 user turns; you said: 'and on'", at_prompt=True)
    again = long_ago("resume", "demo@-3", "-n", "1")
    again.until("▌ and on", "demo@11 is in the middle: 2 turns come after it.", "[f]ork from there?")
    shown = [line for line in again.lines if line.startswith(("▌ ", "───"))]
    assert shown == ["▌ turn 10", "▌ turn 11", "▌ turn 12", "▌ and on"]
    again.type("f")
    again.until("Forked demo@11 as “demo-2”.", at_prompt=True)
    again.say("elsewhere")
    again.until("12 user turns; you said: 'elsewhere'", at_prompt=True)
    last = long_ago("resume", "demo@13")
    last.until("▌ and on", at_prompt=True)
    assert "in the middle" not in last.text


def test_resuming_in_the_middle_in_a_pipe(chatmgr: Chatmgr, wire: WireServer) -> None:
    chatmgr.provider("responses", wire.base_url)
    chatmgr(*NEW, "--provider", "wire", "one")
    chatmgr("send", "demo", "two")
    assert chatmgr.refused(2, "resume", "demo@1", stdin=b"three\n") == (
        "chatmgr: demo@1 is in the middle of “demo”. Go on at its end: chatmgr resume demo — "
        "or from there: chatmgr fork demo@1"
    )
    assert wire.turns_heard == ["one", "two"]
    assert "Go there first: chatmgr switch demo~1" in chatmgr.refused(2, "resume", "demo~1@1", stdin=b"x\n")
    chatmgr("resume", "demo@2", stdin=b"three\n")
    assert wire.turns_heard == ["one", "two", "three"]


@pytest.mark.parametrize(
    ("state", "advice"),
    [
        ("interrupted", "This answer broke off. Go on with it: /continue — or ask again: /retry"),
        ("cancelled", "This answer was stopped. Go on with it: /continue — or ask again: /retry"),
        ("failed", "This turn has no answer. Once the cause is fixed, ask again: /retry"),
        ("incomplete", "This answer was cut off. Go on with it: /continue — or ask again: /retry"),
    ],
)
def test_what_to_do_about_the_last_answer(open_chat: Open, home: Path, state: str, advice: str) -> None:
    with open_chat(*NEW, "one") as first:
        assert first.end() == 0
    change(home, f"UPDATE runs SET state = '{state}'")
    screen = open_chat("resume", "demo")
    word = "stopped" if state == "cancelled" else state
    screen.until(f"[{word}]", advice, at_prompt=True)
    screen.say("/retry")  # as it says
    screen.until("1 user turns; you said: 'one'", at_prompt=True)


def test_what_to_do_about_a_turn_without_an_answer(open_chat: Open, home: Path) -> None:
    with open_chat(*NEW, "one") as first:
        assert first.end() == 0
    change(home, "UPDATE runs SET state = 'cancelled'")
    change(home, "UPDATE messages SET content = '' WHERE role = 'assistant'")
    screen = open_chat("resume", "demo")
    screen.until("This turn has no answer. Ask again: /retry", at_prompt=True)


def test_a_run_of_another_process_is_not_mine(open_chat: Open, wire: WireServer) -> None:
    """It can be waited for, and that is said."""
    gate = Gate()
    wire.fault(Fault(kind="gate", match=TURN, after=7, gate=gate))
    running = open_chat(*NEW, "one")
    running.until("1 user turns;")
    screen = open_chat("resume", "demo")
    screen.until("still being answered elsewhere. Wait for it: chatmgr runs wait demo", at_prompt=True)
    gate.open()
    assert running.end() == 0


@pytest.fixture
def naming(home: Path, open_chat: Open, wire: WireServer) -> Callable[[], str]:
    """A model that names conversations; returns what stands in the database."""
    path = home / "config.toml"
    path.write_text(f"titles_private = true\ntitle_seconds = 60.0\n{path.read_text('utf-8')}", "utf-8")

    def reply(messages: list[Said], instructions: str | None) -> str:
        asked = "name conversations" in (instructions or "")
        return "“Greetings\x1b]0;pwned\x07 of the day”." if asked else echo(messages, instructions)

    wire.world.reply = reply

    def title() -> str:
        with closing(sqlite3.connect(home / "chatmgr.db")) as db:
            [(rows,)] = db.execute("SELECT title FROM conversations").fetchall()
        return str(rows)

    return title


def test_a_title_comes_in_the_background(
    open_chat: Open, wire: WireServer, naming: Callable[[], str]
) -> None:
    """The prompt is back while the title is still being made; the list shows it where there is room."""
    gate = Gate()
    wire.fault(Fault(kind="gate", match=TURN, nth=2, gate=gate))
    screen = open_chat(*NEW)
    screen.say("hello")
    screen.until("1 user turns; you said: 'hello'", at_prompt=True)
    gate.wait_reached(30)
    assert naming() == ""
    screen.say("again")
    screen.until("2 user turns; you said: 'again'", at_prompt=True)
    gate.open()
    until(naming, "the title")
    screen.say("once more")  # nobody asks for a second one
    screen.until("3 user turns; you said: 'once more'", at_prompt=True)
    screen.type(CTRL_D)
    assert screen.end() == 0
    assert len(wire.turns_heard) == 4


def test_the_list_shows_titles_where_there_is_room(
    open_chat: Open, wire: WireServer, naming: Callable[[], str]
) -> None:
    with open_chat("new", "demo", "hello") as first:
        assert first.end() == 0
        assert first.lines[0] == "1 user turns; you said: 'hello'"
    assert naming() == "Greetings]0;pwned of the day"
    screen = open_chat("history", "--no-pager")
    assert screen.end() == 0
    head, row = screen.lines
    assert head.split()[:2] == ["NAME", "ABOUT"]
    assert "Greetings]0;pwned of the day" in row
    assert "\x1b]" not in screen.raw


def test_ctrl_c_does_without_a_title(open_chat: Open, wire: WireServer, naming: Callable[[], str]) -> None:
    gate = Gate()
    wire.fault(Fault(kind="gate", match=TURN, nth=2, gate=gate))
    screen = open_chat(*NEW, "hello")
    screen.until("1 user turns; you said: 'hello'")
    gate.wait_reached(30)
    screen.type(CTRL_C)
    assert screen.end() == 0
    gate.open()
    assert naming() == ""
