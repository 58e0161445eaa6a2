"""Other assistants and other instructions, from the next turn on, on every API."""

from pathlib import Path

import pytest

from tests.support.commands import APIS
from tests.support.screen import ENTER, ESC, Open, Screen
from tests.wire import WireServer

NEW = ("new", "demo", "-i", "Be brief.")


@pytest.fixture(params=APIS)
def open_any(open_chat: Open, home: Path, wire: WireServer, request: pytest.FixtureRequest) -> Open:
    """As `open_chat`, at a provider of each API; the model says what it was told to be."""
    settings = home / "config.toml"
    told = settings.read_text("utf-8").replace('"responses"', f'"{request.param}"')
    settings.write_text(told, encoding="utf-8")
    wire.world.reply = lambda messages, instructions: (
        f"{sum(role == 'user' for role, _ in messages)} turns as: {_told(messages, instructions)}."
    )
    return open_chat


def _told(messages: list[tuple[str, str]], instructions: str | None) -> str:
    return instructions or next(
        (text for role, text in messages if role in {"system", "developer"}), "nobody"
    )


def left(screen: Screen) -> Screen:
    """A chat that was left."""
    screen.say("/exit")
    assert screen.end() == 0
    return screen


def test_the_next_turn_is_the_new_assistants(open_any: Open) -> None:
    assert open_any("assistant", "new", "poet", "-i", "You rhyme.", "-m", "gpt-4o-mini").end() == 0
    screen = open_any(*NEW)
    screen.say("one")
    screen.until("1 turns as: Be brief..", at_prompt=True)
    screen.say("/assistant po")
    screen.until(
        "“demo” goes on with poet, version 1, at wire, gpt-4o-mini.",
        "demo · poet · gpt-4o-mini",
        at_prompt=True,
    )
    screen.say("two")
    screen.until("2 turns as: You rhyme..", at_prompt=True)
    screen.say("/system You are terse.")
    screen.until(
        "In force from the next turn on, as “demo-2”, a copy of poet, which is unchanged.", at_prompt=True
    )
    screen.say("three")
    screen.until("3 turns as: You are terse..", at_prompt=True)
    screen.say("/system You are terser.")
    screen.until("In force from the next turn on, as version 2 of demo-2.", at_prompt=True)
    screen.say("four")
    screen.until("4 turns as: You are terser..", at_prompt=True)
    left(screen)
    shown = open_any("assistant", "show", "poet")
    assert shown.end() == 0
    assert "poet, version 1" in shown.text
    assert "You rhyme." in shown.text


def editor(folder: Path, body: str) -> str:
    """An editor that is a small shell script."""
    path = folder / "ed"
    path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    path.chmod(0o700)
    return str(path)


def test_instructions_are_emptied_in_the_editor(open_any: Open, tmp_path: Path) -> None:
    """Nothing of what a server keeps as an assistant's instructions comes back then."""
    screen = open_any(*NEW, VISUAL=editor(tmp_path, ': > "$1"'))
    screen.say("one")
    screen.until("1 turns as: Be brief..", at_prompt=True)
    screen.say("/system -e")
    screen.until("as version 2 of demo.", at_prompt=True)
    screen.say("/system")
    screen.until("No instructions. Give some: /system TEXT", at_prompt=True)
    screen.say("/assistant")
    screen.until("▌ demo", "(no instructions)", "version 2")
    screen.type(ESC)
    screen.until("❯ /assistant", at_prompt=True)
    screen.say("two")
    screen.until("2 turns as: nobody.", at_prompt=True)


def test_who_answers_is_told(open_chat: Open, wire: WireServer, tmp_path: Path) -> None:
    (tmp_path / "long.md").write_text(
        "".join(f"Line {number} \x1b]0;pwned\x07\n" for number in range(1, 8)), "utf-8"
    )
    screen = open_chat("new", "demo", "-i", "@long.md", "-m", "gpt-4.1")
    screen.say("/assistant")
    screen.until("▌ demo", "in use · Line 1 ␛]0;pwned␇", "│ Line 1 ␛]0;pwned␇", "│ Line 7", "version 1")
    screen.type(ESC)
    screen.until("❯ /assistant", at_prompt=True)
    screen.say("/system")
    screen.until("Line 7 ␛]0;pwned␇", at_prompt=True)
    screen.say("/system @long.md")
    screen.until("Nothing changed.", at_prompt=True)
    screen.say("/assistant demo")
    screen.until("“demo” is with demo already.", at_prompt=True)
    for typed, message in (
        ("/assistant nobody", "There is no assistant “nobody”."),
        ("/system @nowhere.md", "The instructions in nowhere.md cannot be read: No such file or directory."),
    ):
        screen.say(typed)
        screen.until(message, at_prompt=True)
    assert "\x1b]0;" not in screen.raw
    assert wire.turns_heard == []


def test_instructions_of_others_stay_as_they_are(open_chat: Open, wire: WireServer) -> None:
    """Nobody else's persona changes: that of another conversation, or one that others may begin with."""
    assert open_chat("new", "first", "-a", "tutor", "-i", "You teach.", "one").end() == 0
    screen = open_chat("new", "second", "-a", "tutor", VISUAL="false")
    screen.say("/system -e")
    screen.until("The editor false exited with code 1; the text is unchanged.", at_prompt=True)
    screen.say("/system You test.")
    screen.until(
        "as “second”, a copy of tutor, which is unchanged.", "second · default model of wire", at_prompt=True
    )
    left(screen)
    other = open_chat("resume", "first")
    other.until("'one'", at_prompt=True)
    other.say("/system")
    other.until("You teach.", at_prompt=True)
    other.say("/system You sing.")
    other.until("as “first”, a copy of tutor", at_prompt=True)  # alone by now, but not made for this one
    other.paste("/system You rhyme.\nYou are brief.")
    other.until("❯ /system You rhyme.\n  You are brief.")
    other.type(ENTER)
    other.until("as version 2 of first.", at_prompt=True)
    other.say("two")
    other.until("2 user turns", at_prompt=True)
    heard = [request.body["instructions"] for request in wire.requests if request.path == "/responses"]
    assert heard == ["You teach.", "You rhyme.\nYou are brief."]


def test_an_assistant_of_another_provider(open_chat: Open, home: Path, wire: WireServer) -> None:
    with (home / "config.toml").open("a", encoding="utf-8") as settings:
        settings.write(f'\n[providers.other]\napi = "completions"\nbase_url = "{wire.base_url}"\n')
    made = open_chat("assistant", "new", "far", "-i", "", "--provider", "other", "-m", "gpt-4o-mini")
    assert made.end() == 0
    screen = open_chat(*NEW, "-m", "gpt-4.1")
    screen.say("/assistant far")
    screen.until("goes on with far, version 1, at wire", "To go on there: /provider other", at_prompt=True)
    screen.say("/provider other")
    screen.until("“demo” goes on at other, with gpt-4o-mini.", at_prompt=True)
