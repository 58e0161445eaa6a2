"""The chat loop: read, run, repeat, until ``exit()``, ``/exit`` or Ctrl-D."""

import difflib
import re
from collections.abc import Callable, Mapping

from chatmgr.domain.errors import ChatmgrError, DatabaseUnreachable, Interrupted
from chatmgr.terminal.console import Console
from chatmgr.terminal.prompt import Ask

Commands = Mapping[str, tuple[str, Callable[[str], None]]]
_LEAVE = {"exit()", "/exit"}
_COMMAND = re.compile(r"(/[a-z?]+)(?:\s+(.*))?", re.DOTALL)


def chat(ask: Ask, say: Callable[[str], None], commands: Commands, console: Console) -> int:
    """Hold a conversation; returns the exit code of the last turn, 0 where all is well.

    A turn that fails does not end the chat: what happened is said, and the next line is read.
    """
    code = 0
    while True:
        try:
            text = ask()
        except EOFError:
            return code
        except KeyboardInterrupt:
            console.note("Type exit() or Ctrl-D to leave.")
            continue
        words = text.strip()
        if words in _LEAVE:
            return code
        if found := _COMMAND.fullmatch(words):
            name, rest = found[1], (found[2] or "").strip()
            if name in commands:
                _guarded(lambda: commands[name][1](rest), console)  # noqa: B023 - called at once
            else:
                _explain(name, commands, console)
        elif words:
            code = _guarded(lambda: say(text), console)  # noqa: B023 - called at once


def _explain(name: str, commands: Commands, console: Console) -> None:
    """Help, or what a mistyped command may have meant; it is never sent to the model."""
    if name not in {"/help", "/?"}:
        close = difflib.get_close_matches(name, [*commands, "/help", "/exit"], n=1)
        guess = f" Did you mean {close[0]}?" if close else " See /help."
        console.note(f"There is no command {name}.{guess}")
        return
    for command, (what, _) in commands.items():
        console.note(f"{command} {what}")
    console.note("exit(), /exit or Ctrl-D leave; Ctrl-C stops an answer and keeps what has come.")


def _guarded(act: Callable[[], None], console: Console) -> int:
    try:
        act()
    except DatabaseUnreachable:
        raise  # without the database nothing that is typed can be kept
    except Interrupted as stop:
        console.note(stop.message)
    except KeyboardInterrupt:
        console.note("Stopped.")
    except ChatmgrError as error:
        console.note(f"{error.message} {error.hint}".strip(), "red")
        return error.exit_code
    return 0
