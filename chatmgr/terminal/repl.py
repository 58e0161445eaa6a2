"""The chat loop: read, run, repeat, until ``exit()``, ``/exit`` or Ctrl-D."""

from collections.abc import Callable

from chatmgr.domain.errors import ChatmgrError, DatabaseUnreachable, Interrupted
from chatmgr.terminal.console import Console
from chatmgr.terminal.prompt import Ask

_LEAVE = {"exit()", "/exit"}
_HELP = "exit(), /exit or Ctrl-D leave; Ctrl-C stops an answer and keeps what has come."


def chat(ask: Ask, run_turn: Callable[[str], None], console: Console) -> int:
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
        if words in {"/help", "/?"}:
            console.note(_HELP)
        elif words.startswith("/") and words[1:].isalpha():
            console.note(f"There is no command {words}. {_HELP}")
        elif words:
            code = _guarded(run_turn, text, console)


def _guarded(run_turn: Callable[[str], None], text: str, console: Console) -> int:
    try:
        run_turn(text)
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
