"""Shell lines in documents and in ``--help``, read as the shell and Click would read them, and never run."""

import re
import shlex
from collections.abc import Iterator

import click

from chatmgr.cli.main import cli

_OPERATORS = "|&;<>"


def commands(line: str) -> Iterator[list[str]]:
    """The words of each command in a line, without comments, variables and the files it is redirected to."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=_OPERATORS)
    lexer.whitespace_split = True
    words: list[str] = []
    redirected = False
    for word in [*lexer, ";"]:
        if set(word) <= set(_OPERATORS):
            if words and not redirected:
                yield words
            words, redirected = [], set(word) <= {">", "<"}
        elif words or not re.match(r"\w+=", word):
            words.append(word)


def resolve(words: list[str]) -> tuple[click.Command, click.Context, list[str]]:
    """The command that words after ``chatmgr`` name, its parent's context, and the words that are left."""
    command: click.Command = cli
    ctx = click.Context(cli, info_name="chatmgr")
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        parent = click.Context(command, info_name=command.name, parent=ctx)
        name, subcommand, words = command.resolve_command(parent, words)
        assert subcommand is not None, name
        command, ctx = subcommand, parent
    return command, ctx, words


def parse(words: list[str]) -> None:
    """Parse the words after ``chatmgr``; raises what Click raises for words that are not taken."""
    command, parent, rest = resolve(words)
    command.make_context(command.name, rest, parent=parent)
