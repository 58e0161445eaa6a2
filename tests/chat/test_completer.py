"""Completion at the chat's line: commands, names, models, paths; nothing hostile in a menu."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.screen import DOWN, ENTER, TAB, Open, Screen
from tests.wire import Fault, Gate, WireServer

NEW = ("new", "demo", "-i", "Be brief.")
KILL = "\x15"


@pytest.fixture
def wire() -> Iterator[WireServer]:
    """A server one of whose models has a name that no terminal should see."""
    with WireServer(models=("gpt-4.1", "gpt-4o-mini", "gpt\x1b]0;pwned\x07\u202e", "gpt-5-mini")) as running:
        yield running
    assert running.violations == []


def at(screen: Screen, typed: str, *wanted: str) -> None:
    """Clear the line, type, press Tab, and see what is wanted."""
    screen.type(KILL)
    screen.until(at_prompt=True)
    screen.type(typed)
    screen.until(f"❯ {typed}".rstrip())
    screen.type(TAB)
    screen.until(*wanted)


def test_commands_are_offered_while_typing(open_chat: Open) -> None:
    screen = open_chat(*NEW)
    screen.until(at_prompt=True)
    screen.type("/")
    screen.until("/help", "show the commands", "/exit", "/switch", "switch to another conversation", "/model")
    screen.type("ex")
    screen.until("❯ /ex", "/exit", "leave; also /quit, exit() or Ctrl-D")
    screen.type(f"{KILL}/mo")
    screen.until("❯ /mo", "/model", "switch to a model")
    screen.type(TAB)
    screen.until("❯ /model")
    screen.type(f"{KILL}/help swi")
    screen.type(TAB)
    screen.until("❯ /help swi", "switch  switch to another conversation")
    screen.type(f"{KILL}words are not")
    screen.until("❯ words are not\ndemo")


def test_what_goes_after_a_command(open_chat: Open, wire: WireServer) -> None:
    assert open_chat("new", "other-1", "-a", "poet", "-i", "Rhyme.", "one").end() == 0
    assert open_chat("new", "other-2", "-a", "poet", "one").end() == 0
    screen = open_chat(*NEW)
    at(screen, "/switch o", "❯ /switch other-", "other-1", "other-2")
    at(screen, "/provider wi", "❯ /provider wire")
    at(screen, "/model gpt", "gpt-4.1", "gpt-4o-mini", "gpt-5-mini")
    screen.type(DOWN)
    screen.type(f"{KILL}/model gpt-4o-mini{ENTER}")
    screen.until("“demo” goes on at wire, with gpt-4o-mini.", at_prompt=True)


def test_turns_of_other_paths_and_other_conversations(open_chat: Open) -> None:
    assert open_chat("new", "other", "-i", "x", "what else?").end() == 0
    screen = open_chat(*NEW)
    for number, text in enumerate(("first", "second"), 1):
        screen.say(text)
        screen.until(f"demo@{number}", at_prompt=True)
    screen.say("/edit @2 differently")
    screen.until("you said: 'differently'", at_prompt=True)
    at(screen, "/switch ~1@", "~1@1   first", "~1@2   second")
    at(screen, "/switch ~1@2", "❯ /switch ~1@2")
    at(screen, "/switch demo@", "demo@1  first", "demo@2  differently")
    at(screen, "/history other@", "❯ /history other@1")
    screen.type(ENTER)
    screen.until("▌ what else?", at_prompt=True)
    at(screen, "/switch ~1@2", "❯ /switch ~1@2")
    screen.type(ENTER)
    screen.until("“demo” is on its path ~1 now, and ends at @2.")


def test_a_server_that_does_not_answer_holds_up_nothing(open_chat: Open, wire: WireServer) -> None:
    gate = Gate()
    wire.fault(Fault(kind="gate", match=("GET", "/models"), gate=gate))
    screen = open_chat(*NEW, "-a", "demo")
    screen.until(at_prompt=True)
    screen.type(f"/model g{TAB}")
    screen.until("❯ /model g")
    gate.wait_reached()
    screen.type(f"{KILL}hello{ENTER}")
    screen.until("1 user turns", at_prompt=True)
    screen.type(f"/exit{ENTER}")
    assert screen.end() == 0
    gate.open()


def test_paths(open_chat: Open, tmp_path: Path) -> None:
    folder = tmp_path / "a folder"
    folder.mkdir()
    (folder / "my notes.txt").write_text("what I wrote", encoding="utf-8")
    (folder / "evil\x1b]0;x\x07").touch()
    screen = open_chat(*NEW, HOME=str(tmp_path))
    at(screen, "/file a", "❯ /file a folder/")
    at(screen, "/file ~/a", "❯ /file ~/a folder/")
    at(screen, '/file "~/a folder/m', '❯ /file "~/a folder/my notes.txt"')
    screen.type(ENTER)
    screen.until("my notes.txt (text/plain, 12 bytes) goes with the next message.", at_prompt=True)
    at(screen, "/file ~/a folder/", "❯ /file ~/a folder/my notes.txt")  # there is nothing else to offer
    assert "\x1b]" not in screen.raw


def test_hostile_names_of_models_are_not_offered(open_chat: Open) -> None:
    screen = open_chat(*NEW)
    at(screen, "/model gpt", "gpt-4.1", "gpt-5-mini")
    for sequence in ("\x1b]", "\u202e", "pwned"):
        assert sequence not in screen.raw
