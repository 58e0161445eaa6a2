"""The chat's commands as a table, and what of a typed line is a command at all.

A command is ``/word`` at the start of a line, letters alone: ``/etc/hosts what is this`` is a message.
``//x`` sends ``/x``, and what stood in triple quotes is never a command. A word that is none is said
to be none, with the nearest that is; it is not sent to the model.
"""

import difflib
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

_COMMAND = re.compile(r"(/[A-Za-z]+|/\?)(?:\s+(.*))?", re.DOTALL)
LEAVE = {"exit()", "/exit"}


@dataclass(frozen=True, slots=True)
class Command:
    """One command: what it takes and does, under which heading of the help, what completes after it.

    ``kind`` names a source of completions: ``conversation``, ``model``, ``provider``, ``assistant``,
    ``file``, ``tag``, ``title``; empty for none.
    """

    name: str
    takes: str
    help: str
    group: str
    act: Callable[[str], None]
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Typed:
    """What was typed; ``literal`` where it is a message whatever it begins with."""

    text: str
    literal: bool = False


@dataclass(frozen=True, slots=True)
class ParsedCommand:
    """A command that was typed, with what stands after it."""

    name: str
    rest: str


def parse_command(typed: Typed) -> ParsedCommand | str:
    """A command, or the message to send."""
    words = typed.text.strip()
    if typed.literal:
        return typed.text
    if words in LEAVE:
        return ParsedCommand("/exit", "")
    if words == "/":
        return ParsedCommand("/help", "")
    if words.startswith("//"):
        return typed.text.replace("//", "/", 1)
    if found := _COMMAND.fullmatch(words):
        return ParsedCommand(found[1].lower(), (found[2] or "").strip())
    return typed.text


def own(helped: Callable[[str], None]) -> tuple[Command, ...]:
    """The commands that the chat itself has."""
    return (
        Command("/help", "", "show the commands", "The chat", helped),
        Command("/exit", "", "leave; so do exit() and Ctrl-D", "The chat", lambda _: None),
    )


def nearest_command(name: str, known: Iterable[str]) -> str:
    """The command that a mistyped one may have meant; empty for none."""
    close = difflib.get_close_matches(name, list(known), n=1)
    return close[0] if close else ""


def help_lines(commands: Iterable[Command]) -> Iterator[str]:
    """The help: the commands under their headings, then the keys."""
    groups: dict[str, list[Command]] = {}
    for one in commands:
        groups.setdefault(one.group, []).append(one)
    everything = [one for group in groups.values() for one in group]
    width = max(len(f"{one.name} {one.takes}") for one in everything)
    for group, members in groups.items():
        yield f"{group}:"
        for one in members:
            yield f"  {f'{one.name} {one.takes}':<{width}}  {one.help}"
    yield "Keys:"
    for key, what in _KEYS:
        yield f"  {key:<{width}}  {what}"


_KEYS = (
    ("Alt-Enter", 'a line break; or begin with """ and end with """'),
    ("Up, Ctrl-R", "what was said here; Ctrl-R searches all conversations"),
    ("Ctrl-X Ctrl-E", "write the message in $EDITOR"),
    ("Tab", "complete a command, a name, a path"),
    ("Ctrl-C", "stops an answer, keeping what has come; twice leaves"),
    ("//word", "send /word as a message"),
)
