"""How a typed line becomes a slash command or a message. The commands themselves are in ``chat/commands``.

A command is ``/word`` at the start of a line, letters only: ``/etc/hosts what is this`` is a message.
``//x`` sends ``/x``, and a text in triple quotes is never a command. An unknown command is reported with the
nearest known one; it is not sent to the model.
"""

import difflib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

_COMMAND = re.compile(r"(/[A-Za-z]+|/\?)(?:\s+(.*))?", re.DOTALL)
LEAVE = {"exit()", "quit()"}
# What people type to leave elsewhere, and what could also be meant for the model: the chat asks.
FAREWELLS = {"exit", "quit", "bye", "logout", ":q", ":q!", ":wq", ":x"}
# Commands of the shell that people look for in the chat, where no other name stands for them.
SHELL_ONLY = (
    "archive",
    "config",
    "delete",
    "export",
    "move",
    "rename",
    "restore",
    "stats",
    "thread",
    "trash",
)
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


@dataclass(frozen=True, slots=True)
class Command:
    """One command: its argument, its line of help and the heading above that, and what carries it out.

    ``kind`` is what completes after it: ``conversation``, ``model``, ``provider``, ``assistant``,
    ``file``, ``tag``, ``title``, ``turn``, ``place``, ``command``; empty for none. ``asks``: it runs a turn.
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
        Command(
            "/help",
            "[COMMAND|all]",
            "show the commands; explain one of them, or all",
            "The chat",
            show_help,
            "command",
        ),
        Command("/exit", "", "leave; also /quit, exit() or Ctrl-D", "The chat", lambda _: None),
    )


def nearest_command(name: str, known: Iterable[str]) -> str:
    """The known command that a mistyped one is closest to; empty for none."""
    matches = difflib.get_close_matches(name, list(known), n=1)
    return matches[0] if matches else ""
