"""Changing course in the chat: other answers, turns said differently, other paths, forks."""

from pathlib import Path

import pytest

from tests.support.commands import AHEAD, Chatmgr
from tests.support.screen import CTRL_D, ENTER, TAB, Open, Screen
from tests.wire import Fault, WireServer

NEW = ("new", "demo", "-i", "Be brief.")
TURN = ("POST", "/responses")
KILL = "\x15"


@pytest.fixture
def screen(open_chat: Open) -> Screen:
    """A chat with two turns."""
    chat = open_chat(*NEW)
    for number, text in enumerate(("one", "two"), 1):
        chat.say(text)
        chat.until(f"{number} user turns; you said: '{text}'", at_prompt=True)
    return chat


def users(chatmgr: Chatmgr, name: str = "demo") -> list[str]:
    return [turn["user"] for turn in chatmgr.json("history", name)]


def test_undo_and_redo(screen: Screen, chatmgr: Chatmgr) -> None:
    screen.say("/undo")
    screen.until("“demo” ends at @1 now. Take it back: /redo", at_prompt=True)
    assert users(chatmgr) == ["one"]
    screen.say("/redo")
    screen.until("“demo” ends at @2 now. Take it back: /undo", at_prompt=True)
    screen.say("/undo 2")
    screen.until("“demo” is at its beginning now. Take it back: /redo 2", at_prompt=True)
    screen.say("/retry")
    screen.until("“demo” has no turn to ask again.", "Ask something first.", at_prompt=True)
    screen.say("/continue")
    screen.until("“demo” has no answer to go on from.", "Ask something first.", at_prompt=True)
    screen.say("uno")
    screen.until("1 user turns; you said: 'uno'", at_prompt=True)
    screen.say("/redo")
    screen.until("“demo” has no turn to redo.", at_prompt=True)
    screen.say("/undo x")
    screen.until("“x” is not a number.", "For instance: /undo 2", at_prompt=True)
    assert users(chatmgr) == ["uno"]


def test_a_turn_is_said_differently(screen: Screen, chatmgr: Chatmgr) -> None:
    screen.say("/edit @1 uno")
    screen.until(
        "demo@1 is said differently, on a path of its own.",
        "/switch ~1@2",
        "1 user turns; you said: 'uno'",
        at_prompt=True,
    )
    assert users(chatmgr) == ["uno"]
    screen.say("/switch ~1")
    screen.until("“demo” is on its path ~1 now, and ends at @2. Take it back: /switch ~2@1", at_prompt=True)
    assert users(chatmgr) == ["one", "two"]
    screen.clear()
    screen.say("/edit @-1")
    screen.until("❯ /edit @2 two")
    screen.type("!" + ENTER)
    screen.until("2 user turns; you said: 'two!'", at_prompt=True)
    assert users(chatmgr) == ["one", "two!"]
    screen.say("/edit @7")
    screen.until("There is no turn “demo@7”.", at_prompt=True)
    screen.say("three")
    screen.until("3 user turns; you said: 'three'", at_prompt=True)


def test_answers_again(screen: Screen, chatmgr: Chatmgr, wire: WireServer) -> None:
    screen.say("/retry")
    screen.until("The answer before is kept.", "Take it back: /retry @2 --pick 1", at_prompt=True)
    assert wire.turns_heard == ["one", "two", "two"]
    screen.say("/retry --pick 1")
    screen.until("Run 1 answers demo@2 now.", at_prompt=True)
    screen.say("/retry @1 -m gpt-4o")
    screen.until(
        "demo@1 is answered anew, on a path of its own.", "1 user turns; you said: 'one'", at_prompt=True
    )
    [turn] = chatmgr.json("history", "demo")
    assert (turn["user"], turn["model"]) == ("one", "gpt-4o")
    for typed, message in (
        ("/retry --pick one", "“one” is not the number of a run."),
        ("/retry now", "/retry does not know “now”."),
        ("/retry -m gpt-4o --pick 1", "--pick asks nobody."),
        ("/continue", "The answer of demo@1 is complete."),
    ):
        screen.say(typed)
        screen.until(message, at_prompt=True)
    screen.say("/edit @1 uno")
    screen.until("1 user turns; you said: 'uno'", at_prompt=True)
    log = [line.partition("  ")[2] for line in chatmgr("history", "demo", "--log").out.splitlines()]
    assert [deed for deed in log if deed.startswith(("@", "another"))] == [
        "@2 answered again",
        "another run answers @2",
        "@1 answered again",
        "@1 said differently",
    ]


def test_going_on_with_an_answer(open_chat: Open, chatmgr: Chatmgr, wire: WireServer) -> None:
    wire.fault(Fault(kind="incomplete", match=TURN))
    screen = open_chat(*NEW)
    screen.say("one")
    screen.until("The answer is incomplete", at_prompt=True)
    screen.say("/continue")
    screen.until("The answer before is kept.", at_prompt=True)
    [turn] = chatmgr.json("history", "demo", "--runs")
    assert turn["state"] == "completed"
    assert len(turn["runs"]) == 2


def test_forks_and_the_tree(screen: Screen, chatmgr: Chatmgr) -> None:
    screen.say("/fork @1")
    screen.until("Forked demo@1 as “demo-2”.\nGo there: /switch demo-2\n", at_prompt=True)
    screen.say("/fork plan-b")
    screen.until("Forked demo@2 as “plan-b”.", at_prompt=True)
    screen.say("three")
    screen.until("3 user turns; you said: 'three'", at_prompt=True)
    screen.say("/undo")
    screen.until("“demo” ends at @2 now.", at_prompt=True)
    screen.clear()
    screen.say("/tree")
    screen.until(
        "demo · path ~1 · ends at @2",
        "  @1  one",
        "  ├─ demo-2 goes on from here",
        "* @2  two",
        "  ├─ plan-b goes on from here",
        "  @3  three  (undone)",
        at_prompt=True,
    )
    screen.say("/switch demo-2")
    screen.until("Now at “demo-2”.", at_prompt=True)
    assert "goes to its end" not in screen.text
    screen.say("/switch demo@1")
    screen.until(
        "Now at “demo”.", "The next message goes to its end. To go on from turn 1: /fork @1", at_prompt=True
    )
    screen.say("/switch demo-2")
    screen.until("Now at “demo-2”.", at_prompt=True)
    screen.say("zwei")
    screen.until("2 user turns; you said: 'zwei'", at_prompt=True)
    assert users(chatmgr, "demo-2") == ["one", "zwei"]
    assert users(chatmgr) == ["one", "two"]
    screen.type(CTRL_D)
    assert screen.end() == 0


def test_turns_and_paths_complete(screen: Screen) -> None:
    screen.say("/edit @1 uno")
    screen.until("1 user turns; you said: 'uno'", at_prompt=True)
    screen.type("/switch ~" + TAB)
    screen.until("~1", "another path, which ends at @2")
    screen.type(KILL + "/fork @" + TAB)
    screen.until("@1", "uno")


def test_another_terminal_is_not_undone_unseen(screen: Screen, chatmgr: Chatmgr, wire: WireServer) -> None:
    chatmgr.env["WIRE_KEY"] = "sk-test"
    chatmgr("send", "demo", "three")
    screen.say("/undo")
    screen.until(
        "1 turn was added by process", "Nothing was changed.", "Look first: /history", at_prompt=True
    )
    assert users(chatmgr) == ["one", "two", "three"]
    screen.say("/undo")
    screen.until("“demo” ends at @2 now.", at_prompt=True)
    chatmgr("send", "demo", "drei")
    screen.say("/retry")
    screen.until("1 turn was added by process", "[s]how it?")
    screen.type("f")
    screen.until("Forked demo@2 as “demo-2”", "2 user turns; you said: 'two'", at_prompt=True)
    assert wire.turns_heard == ["one", "two", "three", "drei", "two"]


def test_a_failed_retry_gives_the_exit_code(screen: Screen, wire: WireServer) -> None:
    wire.fault(Fault(kind="failed", match=TURN))
    screen.say("/retry")
    screen.until("The run failed", at_prompt=True)
    screen.say("/retry --pick x")
    screen.until("“x” is not the number of a run.", at_prompt=True)
    screen.type(CTRL_D)
    assert screen.end() == 8


def test_an_answer_that_breaks_off_names_the_commands_of_the_chat(
    open_chat: Open, home: Path, wire: WireServer
) -> None:
    config = home / "config.toml"
    config.write_text(config.read_text().replace('"responses"', '"completions"'))
    wire.fault(Fault(kind="cut", match=("POST", "/chat/completions"), after=AHEAD["completions"] + 2))
    chat = open_chat(*NEW)
    chat.say("one")
    chat.until("Go on with it: /continue — or ask again: /retry", at_prompt=True)
