"""How a line becomes a command or a message, names from other tools among them."""

import re
from typing import cast

import pytest

from chatmgr.chat.commands import registry
from chatmgr.chat.commands.group import Session
from chatmgr.chat.slash import (
    ALIASES,
    ASK_TO_LEAVE,
    FAREWELLS,
    ParsedCommand,
    Typed,
    help_lines,
    parse_command,
)

COMMANDS = [command for group in registry.GROUPS for command in group(cast("Session", None)).commands()]


@pytest.mark.parametrize("alias", ALIASES)
def test_each_alias_is_a_command(alias: str) -> None:
    names = {command.name for command in COMMANDS} | {"/exit", "/help"}
    assert ALIASES[alias] in names
    assert alias not in names
    assert parse_command(Typed(f"{alias} x y")) == ParsedCommand(ALIASES[alias], "x y")
    assert re.search(rf"{ALIASES[alias]} is also [^;]*{alias}\b", "\n".join(help_lines(COMMANDS, 0)))


@pytest.mark.parametrize("width", [40, 80, 200])
def test_the_help_is_no_wider_than_the_terminal(width: int) -> None:
    lines = list(help_lines(COMMANDS, width))
    start = next(index for index, line in enumerate(lines) if line.startswith("Other names:"))
    explanations = lines[start : lines.index("Keys:")]
    assert explanations
    assert all(len(line) <= width for line in explanations)


@pytest.mark.parametrize("word", sorted(FAREWELLS))
def test_words_that_may_mean_to_leave(word: str) -> None:
    assert parse_command(Typed(f" {word.upper()} ")) == ParsedCommand(ASK_TO_LEAVE, word.upper())
    assert parse_command(Typed(word, literal=True)) == word
    assert parse_command(Typed(f"{word} now")) == f"{word} now"


@pytest.mark.parametrize("words", ["exit()", "quit()", " exit() ", "/exit", "/quit", "/q"])
def test_words_that_leave(words: str) -> None:
    assert parse_command(Typed(words)) == ParsedCommand("/exit", "")
