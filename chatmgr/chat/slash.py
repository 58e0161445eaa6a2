"""How a typed line becomes a slash command or a message. The commands themselves are in ``chat/commands``.

A command is ``/word`` at the start of a line, letters only: ``/etc/hosts what is this`` is a message.
``//x`` sends ``/x``, and a text in triple quotes is never a command. An unknown command is reported with the
nearest known one; it is not sent to the model.
"""

import difflib
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from chatmgr.terminal.sanitize import wrap

_COMMAND = re.compile(r"(/[A-Za-z]+|/\?)(?:\s+(.*))?", re.DOTALL)
LEAVE = {"exit()", "quit()"}
# What people type to leave elsewhere, and what could also be meant for the model: the chat asks.
FAREWELLS = {"exit", "quit", "bye", "logout", ":q", ":q!", ":wq", ":x"}
ASK_TO_LEAVE = "/exit?"  # the name of the command that such a word becomes; nobody can type it
# Names that commands have in other tools.
ALIASES = {
    **dict.fromkeys(("/quit", "/q", "/bye"), "/exit"),
    **dict.fromkeys(("/resume", "/chats"), "/switch"),
    **dict.fromkeys(("/cost", "/tokens"), "/usage"),
    **dict.fromkeys(("/status",), "/info"),
    **dict.fromkeys(("/reset",), "/clear"),
    **dict.fromkeys(("/regenerate",), "/retry"),
    **dict.fromkeys(("/attach",), "/file"),
    **dict.fromkeys(("/find",), "/search"),
    **dict.fromkeys(("/branch",), "/fork"),
    **dict.fromkeys(("/editor",), "/edit"),
    **dict.fromkeys(("/prompt",), "/system"),
    **dict.fromkeys(("/models",), "/model"),
    **dict.fromkeys(("/providers",), "/provider"),
    **dict.fromkeys(("/assistants", "/persona"), "/assistant"),
}
_NARROWEST = 20  # columns of an explanation


@dataclass(frozen=True, slots=True)
class Command:
    """One command: its argument, its line of help and the heading above that, and what carries it out.

    ``kind`` is what completes after it: ``conversation``, ``model``, ``provider``, ``assistant``,
    ``file``, ``tag``, ``title``, ``turn``, ``place``; empty for none. ``asks``: it runs a turn.
    """

    name: str
    takes: str
    help: str
    group: str
    act: Callable[[str], None]
    kind: str = ""
    asks: bool = False


@dataclass(frozen=True, slots=True)
class Typed:
    """What was typed; ``literal`` for a message, whatever it begins with."""

    text: str
    literal: bool = False


@dataclass(frozen=True, slots=True)
class ParsedCommand:
    """A command that was typed, and the text after its name."""

    name: str
    rest: str


def parse_command(typed: Typed) -> ParsedCommand | str:
    """A command, or the message to send."""
    if typed.literal:
        return typed.text
    words = typed.text.strip()
    if words in LEAVE:
        return ParsedCommand("/exit", "")
    if words.lower() in FAREWELLS:
        return ParsedCommand(ASK_TO_LEAVE, words)
    if words == "/":
        return ParsedCommand("/help", "")
    if words.startswith("//"):
        return typed.text.replace("//", "/", 1)
    if match := _COMMAND.fullmatch(words):
        name = match[1].lower()
        return ParsedCommand(ALIASES.get(name, name), (match[2] or "").strip())
    return typed.text


def own(show_help: Callable[[str], None]) -> tuple[Command, ...]:
    """The commands of the chat itself, which belong to no conversation."""
    return (
        Command("/help", "", "show the commands", "The chat", show_help),
        Command("/exit", "", "leave; also /quit, exit() or Ctrl-D", "The chat", lambda _: None),
    )


def nearest_command(name: str, known: Iterable[str]) -> str:
    """The known command that a mistyped one is closest to; empty for none."""
    matches = difflib.get_close_matches(name, list(known), n=1)
    return matches[0] if matches else ""


def help_lines(commands: Iterable[Command], width: int) -> Iterator[str]:
    """The help: the commands under their headings, then the keys.

    ``width`` is that of the terminal; 0: there is none, and nothing is wrapped.
    """
    by_heading: dict[str, list[Command]] = {}
    for command in commands:
        by_heading.setdefault(command.group, []).append(command)
    column = max(len(_usage(command)) for group in by_heading.values() for command in group)
    for heading, group in by_heading.items():
        yield f"{heading}:"
        for command in group:
            yield from _entry(_usage(command), command.help, column, width)
    yield from _aliases(width)
    yield "Keys:"
    for key, effect in _KEYS:
        yield from _entry(key, effect, column, width)


def _aliases(width: int) -> Iterator[str]:
    """Which names from other tools stand for which command."""
    names: dict[str, list[str]] = {}
    for alias, name in ALIASES.items():
        names.setdefault(name, []).append(alias)
    listed = (f"{name} is also {', '.join(others)}" for name, others in names.items())
    text = f"Other names: {'; '.join(listed)}."
    yield from (wrap(text, width) if width else text).split("\n")


def _entry(term: str, text: str, column: int, width: int) -> Iterator[str]:
    """What is explained, and its explanation beside it, in lines of a width."""
    shown = wrap(text, max(width - column - 4, _NARROWEST)) if width else text
    for line in shown.split("\n"):
        yield f"  {term:<{column}}  {line}".rstrip()
        term = ""


def _usage(command: Command) -> str:
    return f"{command.name} {command.takes}"


_KEYS = (
    ("Alt-Enter", 'start a new line, as do Ctrl-J and \\ Enter; or begin with """ and end with """'),
    ("Up, Ctrl-R", "bring back your messages; Ctrl-R searches all conversations"),
    ("Ctrl-X Ctrl-E", "write the message in $EDITOR"),
    ("Tab", "complete a command, a name, a path"),
    ("Ctrl-C", "stop an answer, keeping what has arrived; twice: leave"),
    ("Esc", "stop an answer; while it streams, Enter queues the line, and Up takes it back"),
    ("//word", "send /word as a message"),
)
