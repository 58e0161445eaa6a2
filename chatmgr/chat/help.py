"""What ``/help`` shows: the commands at a glance, one of them explained, or all of them with the keys.

The glance fits a screen of 24 rows with the input line below it. A line is a list of texts, each with its
style; ``width`` is that of the terminal, and 0 where there is none and nothing is wrapped.
"""

from collections.abc import Iterable, Iterator

from chatmgr.chat.slash import ALIASES, Command
from chatmgr.terminal.sanitize import wrap
from chatmgr.terminal.theme import Style

Line = list[tuple[str, Style]]
_NARROWEST = 20  # columns of an explanation


def glance(commands: Iterable[Command], width: int) -> Iterator[Line]:
    """The names of the commands beside their headings, and what the keys do."""
    groups = _by_heading(commands)
    column = max(map(len, groups)) + 2
    beside = not width or width - column >= _NARROWEST
    for heading, group in groups.items():
        if not beside:
            yield [(heading, "")]
        room = width and width - (column if beside else 2)
        label = f"{heading:<{column}}" if beside else "  "
        for line in _joined([command.name for command in group], " ", room):
            yield [(label, ""), (line, "accent")]
            label = " " * len(label)
    yield []
    for line in _joined(_KEYS_AT_A_GLANCE, " · ", width):
        yield [(line, "")]
    yield []
    yield [("About one of them: ", ""), ("/help COMMAND", "accent")]
    yield [("About all: ", ""), ("/help all", "accent")]


def explained(command: Command, width: int) -> Iterator[Line]:
    """One command: how it is typed, what it does, and its names from other tools."""
    yield [(_usage(command), "accent")]
    text = f"{command.help[:1].upper()}{command.help[1:]}."
    for line in _wrapped(text, width - 2 if width else 0):
        yield [(f"  {line}", "")]
    others = [alias for alias, name in ALIASES.items() if name == command.name]
    if others:
        yield [(f"  Also {', '.join(others)}.", "")]


def everything(commands: Iterable[Command], width: int) -> Iterator[Line]:
    """All commands under their headings, their other names, and the keys."""
    groups = _by_heading(commands)
    column = max(len(_usage(command)) for group in groups.values() for command in group) + 2
    for heading, group in groups.items():
        yield [(heading, "strong")]
        for command in group:
            yield from _entry(_usage(command), command.help, column, width)
        yield []
    yield [("Other names", "strong")]
    for name, others in _other_names().items():
        yield from _entry(", ".join(others), name, column, width)
    yield []
    yield [("Keys", "strong")]
    for key, effect in _KEYS:
        yield from _entry(key, effect, column, width)


def _by_heading(commands: Iterable[Command]) -> dict[str, list[Command]]:
    groups: dict[str, list[Command]] = {}
    for command in commands:
        groups.setdefault(command.group, []).append(command)
    return groups


def _other_names() -> dict[str, list[str]]:
    """The names from other tools, by the command that they stand for."""
    names: dict[str, list[str]] = {}
    for alias, name in ALIASES.items():
        names.setdefault(name, []).append(alias)
    return names


def _entry(term: str, text: str, column: int, width: int) -> Iterator[Line]:
    """What is explained, and its explanation beside it."""
    lines = _wrapped(text, max(width - column - 2, _NARROWEST) if width else 0)
    for line in lines:
        yield [(f"  {term:<{column - 2}}", "accent"), (f"  {line}", "")]
        term = ""


def _joined(texts: Iterable[str], separator: str, width: int) -> list[str]:
    """The texts in as few lines as they need; none is cut in two."""
    lines: list[str] = []
    for text in texts:
        longer = f"{lines[-1]}{separator}{text}" if lines else text
        if lines and (not width or len(longer) <= width):
            lines[-1] = longer
        else:
            lines.append(text)
    return lines


def _wrapped(text: str, width: int) -> list[str]:
    return (wrap(text, width) if width else text).split("\n")


def _usage(command: Command) -> str:
    return f"{command.name} {command.takes}".rstrip()


_KEYS_AT_A_GLANCE = (
    "Enter sends",
    "Alt-Enter starts a new line",
    "Tab completes",
    "Up recalls",
    "Ctrl-R searches what you wrote",
    "Ctrl-X Ctrl-E opens the editor",
    "Esc or Ctrl-C stops an answer",
    "Ctrl-D leaves",
)
_KEYS = (
    ("Alt-Enter", 'start a new line, as do Ctrl-J and \\ Enter; or begin with """ and end with """'),
    ("Up, Ctrl-R", "bring back your messages; Ctrl-R searches all conversations"),
    ("Ctrl-X Ctrl-E", "write the message in $EDITOR"),
    ("Tab", "complete a command, a name, a path"),
    ("Ctrl-C", "stop an answer, keeping what has arrived; twice: leave"),
    ("Esc", "stop an answer; while it streams, Enter queues the line, and Up takes it back"),
    ("Ctrl-L", "clear the screen"),
    ("Ctrl-D", "leave"),
    ("//word", "send /word as a message"),
)
