"""The chat loop: read, run, repeat, until ``exit()``, ``/exit``, Ctrl-D, or Ctrl-C twice.

Ctrl-C at a line that holds something drops that line and no more. At an answer it stops the answer;
pressed again, while it is being stopped or at the empty line after it, it leaves the chat. No clock
decides: what counts is that nothing was typed in between.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Protocol

from chatmgr.chat.slash import Command, ParsedCommand, Typed, help_lines, nearest_command, own, parse_command
from chatmgr.domain.errors import ChatmgrError, DatabaseUnreachable, Interrupted
from chatmgr.terminal.console import Console

INTERRUPTED = 130
_ONCE_MORE = "Ctrl-C once more leaves; so do exit() and Ctrl-D."


class LineDropped(KeyboardInterrupt):
    """Ctrl-C at a line that held something: that line is gone, and nothing else."""


class Lines(Protocol):
    """Where the chat's lines come from."""

    @property
    def leaving(self) -> bool:
        """Whether Ctrl-C was pressed twice during a turn."""
        ...

    def ask(self) -> Typed:
        """The next line; EOFError at the end, KeyboardInterrupt (or LineDropped) on Ctrl-C."""
        ...

    def ahead(self) -> AbstractContextManager[None]:
        """While a turn runs: keep what is typed for the lines after it."""
        ...

    def hold_back(self) -> None:
        """What was typed ahead is not sent by itself: it stands in the next line, to be looked at."""
        ...

    def put(self, text: str) -> None:
        """A text that stands in the next line, to be sent or changed."""
        ...

    def switched(self) -> None:
        """Another conversation goes on: what was said there is what arrow up brings."""
        ...


def chat(lines: Lines, say: Callable[[str], None], commands: Mapping[str, Command], console: Console) -> int:
    """Hold a conversation; returns the last turn's exit code, 0 where all is well, 130 after Ctrl-C.

    A turn that fails does not end the chat: what happened is said, and the next line is read.
    """
    code, pressed = 0, False
    while True:
        try:
            found = parse_command(lines.ask())
        except EOFError:
            return code
        except LineDropped:
            console.note(_ONCE_MORE if pressed else "Type exit() or Ctrl-D to leave.")
            continue
        except KeyboardInterrupt:
            if pressed:
                return INTERRUPTED
            pressed = True
            console.note(_ONCE_MORE)
            continue
        pressed = False
        if isinstance(found, ParsedCommand):
            if found.name == "/exit":
                return code
            _obey(found, commands, console)
        elif found.strip():
            code, pressed = _guarded(lambda: say(found), console)  # noqa: B023 - called at once
            if lines.leaving:
                return INTERRUPTED
            if pressed or code:
                lines.hold_back()


def _obey(parsed: ParsedCommand, commands: Mapping[str, Command], console: Console) -> None:
    if parsed.name in {"/help", "/?"}:
        for line in help_lines([*commands.values(), *own(lambda _: None)]):
            console.note(line)
    elif parsed.name in commands:
        _guarded(lambda: commands[parsed.name].act(parsed.rest), console)
    else:
        close = nearest_command(parsed.name, [*commands, "/help", "/exit"])
        guess = f" Did you mean {close}?" if close else " See /help."
        console.note(f"There is no command {parsed.name}.{guess} To send it all the same: /{parsed.name} …")


def _guarded(act: Callable[[], None], console: Console) -> tuple[int, bool]:
    """The exit code of what was done, and whether Ctrl-C ended it."""
    try:
        act()
    except DatabaseUnreachable:
        raise  # without the database nothing that is typed can be kept
    except Interrupted as stop:
        console.note(stop.message)
        return 0, True
    except KeyboardInterrupt:
        console.note("Stopped.")
        return 0, True
    except ChatmgrError as error:
        console.note(f"{error.message} {error.hint}".strip(), "red")
        return error.exit_code, False
    return 0, False
