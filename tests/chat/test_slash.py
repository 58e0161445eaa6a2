"""How a line becomes a command or a message, names from other tools among them."""

from collections.abc import Iterable
from typing import cast

import pytest

from chatmgr.chat import help as chat_help
from chatmgr.chat.commands import registry
from chatmgr.chat.commands.group import Session
from chatmgr.chat.slash import (
    ALIASES,
    ASK_TO_LEAVE,
    FAREWELLS,
    SHELL_ONLY,
    ParsedCommand,
    Typed,
    own,
    parse_command,
)
from chatmgr.cli.main import COMMANDS as VERBS

COMMANDS = [command for group in registry.GROUPS for command in group(cast("Session", None)).commands()]
COMMANDS += own(lambda _: None)
INPUT_ROWS = 3  # below the help: an empty row, the line, and the facts


def shown(lines: Iterable[chat_help.Line]) -> list[str]:
    return ["".join(text for text, _ in line).rstrip() for line in lines]


@pytest.mark.parametrize("alias", ALIASES)
def test_each_alias_is_a_command(alias: str) -> None:
    names = {command.name for command in COMMANDS}
    assert ALIASES[alias] in names
    assert alias not in names
    assert parse_command(Typed(f"{alias} x y")) == ParsedCommand(ALIASES[alias], "x y")
    names_shown = [line.split() for line in shown(chat_help.everything(COMMANDS, 0))]
    assert any(alias in {word.rstrip(",") for word in words[:-1]} for words in names_shown if words)


@pytest.mark.parametrize("width", [40, 80, 200])
def test_the_help_is_no_wider_than_the_terminal(width: int) -> None:
    assert all(len(line) <= width for line in shown(chat_help.glance(COMMANDS, width)))
    if width > 40:
        assert all(len(line) <= width for line in shown(chat_help.everything(COMMANDS, width)))


def test_the_commands_at_a_glance_fit_a_screen_of_24_rows() -> None:
    lines = shown(chat_help.glance(COMMANDS, 80))
    assert len(lines) + INPUT_ROWS < 24
    assert {word for line in lines[:-2] for word in line.split() if word.startswith("/")} == {
        command.name for command in COMMANDS
    }
    assert lines[-1] == "About all: /help all"


def test_a_command_is_explained_with_its_other_names() -> None:
    switch = next(command for command in COMMANDS if command.name == "/switch")
    assert shown(chat_help.explained(switch, 0)) == [
        "/switch [NAME[@TURN]|~N]",
        "  Switch to another conversation, or to path N of this one; without a name, pick one.",
        "  Also /resume, /chats.",
    ]


def test_commands_of_the_shell_have_no_other_meaning_in_the_chat() -> None:
    names = {command.name for command in COMMANDS} | set(ALIASES)
    assert not names & {f"/{verb}" for verb in SHELL_ONLY}
    assert set(SHELL_ONLY) <= set(VERBS)


@pytest.mark.parametrize("word", sorted(FAREWELLS))
def test_words_that_may_mean_to_leave(word: str) -> None:
    assert parse_command(Typed(f" {word.upper()} ")) == ParsedCommand(ASK_TO_LEAVE, word.upper())
    assert parse_command(Typed(word, literal=True)) == word
    assert parse_command(Typed(f"{word} now")) == f"{word} now"


@pytest.mark.parametrize("words", ["exit()", "quit()", " exit() ", "/exit", "/quit", "/q"])
def test_words_that_leave(words: str) -> None:
    assert parse_command(Typed(words)) == ParsedCommand("/exit", "")
