"""The chat loop: read, run, repeat, until ``exit()``, ``/exit``, Ctrl-D, or Ctrl-C twice.

Ctrl-C at a line with text drops that line and nothing else. At an answer it stops the answer; pressed again,
while the answer is being stopped or at the empty line after it, it leaves the chat. How fast it is pressed
does not matter, only that nothing was typed in between.
"""

import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, suppress
from typing import Protocol

from click import Abort

from chatmgr.chat.slash import (
    ALIASES,
    ASK_TO_LEAVE,
    SHELL_ONLY,
    Command,
    ParsedCommand,
    Typed,
    nearest_command,
    own,
    parse_command,
)
from chatmgr.domain.errors import ChatmgrError, DatabaseUnreachable, Interrupted, UsageFault
from chatmgr.domain.tree import TipMoved
from chatmgr.terminal.console import Console
from chatmgr.terminal.region import terminal_size
from chatmgr.terminal.theme import look

INTERRUPTED = 130
_ONCE_MORE = "Press Ctrl-C again to leave, or type exit() or Ctrl-D."


class LineDropped(KeyboardInterrupt):
    """Ctrl-C at a line with text: the line is dropped, and nothing else."""


class Lines(Protocol):
    """Where the chat's lines come from."""

    @property
    def leaving(self) -> bool:
        """Whether Ctrl-C was pressed twice during a turn."""
        ...

    def ask(self) -> Typed:
        """The next line; EOFError at the end, KeyboardInterrupt (or LineDropped) on Ctrl-C."""
        ...

    def show(self, text: str) -> str:
        """Show a message as if it had just been typed; returns it."""
        ...

    def ahead(self) -> AbstractContextManager[None]:
        """While a turn runs: keep what is typed for the lines after it."""
        ...

    def hold_back(self) -> None:
        """Do not send what was typed ahead, but put it into the next line, to be looked at."""
        ...

    def put(self, text: str) -> None:
        """Put a text into the next line, to be sent or changed."""
        ...

    def switched(self) -> None:
        """The chat is at another conversation: recall the messages of that one."""
        ...

    def renew_facts(self) -> None:
        """The facts of the toolbar have changed while a turn runs."""
        ...


def chat(
    lines: Lines,
    send: Callable[[str], None],
    commands: Mapping[str, Command],
    console: Console,
    first: str = "",
) -> int:
    """Read lines and act on each until the person leaves; ``first`` is a message that was typed before.

    Returns the last turn's exit code, 0 where all is well, 130 after Ctrl-C twice. A turn that fails does not
    end the chat: the error is shown, and the next line is read.
    """
    code, pressed = 0, False
    typed_before = [first] if first else []
    while True:
        try:
            entered = lines.show(typed_before.pop()) if typed_before else _entered(lines.ask(), console)
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
        if isinstance(entered, ParsedCommand) and entered.name == "/exit":
            return code
        if (outcome := _act_on(entered, lines, send, commands, console)) is not None:
            code, pressed = outcome
            if lines.leaving:
                return INTERRUPTED
            if pressed or code:
                lines.hold_back()


def _entered(typed: Typed, console: Console) -> ParsedCommand | str:
    """The command or the message. Whoever typed “exit” or the like is asked which of the two was meant.

    Without a terminal, nobody can be asked, and every line is a message.
    """
    entered = parse_command(typed)
    if not isinstance(entered, ParsedCommand) or entered.name != ASK_TO_LEAVE:
        return entered
    from chatmgr.ui.context import interactive
    from chatmgr.ui.prompts import ask_line

    while interactive():
        try:
            answer = ask_line(f"Leave? Enter or y leaves; n sends “{entered.rest}” as a message").lower()
        except Abort:
            console.note("", "")  # after ^C, which stands in the line of the question
            return ""
        if answer in {"", "y", "yes"}:
            return ParsedCommand("/exit", "")
        if answer in {"n", "no"}:
            break
    return entered.rest


def _act_on(
    entered: ParsedCommand | str,
    lines: Lines,
    send: Callable[[str], None],
    commands: Mapping[str, Command],
    console: Console,
) -> tuple[int, bool] | None:
    """Run a command or send a message; returns what became of its turn, if it runs one."""
    if isinstance(entered, ParsedCommand):
        return _run_command(entered, commands, console)
    return _guarded(lambda: _send(entered, send, lines), console) if entered.strip() else None


def _send(text: str, send: Callable[[str], None], lines: Lines) -> None:
    """Send a message; one that the database could not take, or that had no place, goes back into the line."""
    try:
        send(text)
    except (DatabaseUnreachable, TipMoved) as error:
        if isinstance(error, TipMoved) or not error.message_kept:
            with suppress(ChatmgrError):  # a terminal without a line editor
                lines.put(text)
        raise


def _run_command(
    parsed: ParsedCommand, commands: Mapping[str, Command], console: Console
) -> tuple[int, bool] | None:
    """Run a command; returns what became of a turn, as ``_guarded`` does, if the command runs one."""
    if parsed.name in {"/help", "/?"}:
        _show_help(parsed.rest, commands, console)
    elif parsed.name in commands:
        command = commands[parsed.name]
        outcome = _guarded(lambda: command.act(parsed.rest), console)
        was_mistyped = outcome[0] == UsageFault.exit_code
        return outcome if command.asks and not was_mistyped else None
    else:
        console.note(_unknown(parsed.name, commands))
        console.note(f"To send it as a message: /{parsed.name} …")
    return None


def _show_help(topic: str, commands: Mapping[str, Command], console: Console) -> None:
    """All commands at a glance; ``topic`` is a command that is to be explained, or ``all``."""
    from chatmgr.chat import help as chat_help

    width = look().prose(terminal_size(sys.stderr.fileno())[0]) if sys.stderr.isatty() else 0
    known = {command.name: command for command in (*commands.values(), *own(lambda _: None))}
    name = f"/{topic.lower().removeprefix('/')}"
    name = ALIASES.get(name, name)
    if name == "/":
        lines = chat_help.glance(known.values(), width)
    elif name in {"/all", "/keys"}:
        lines = chat_help.everything(known.values(), width)
    elif name in known:
        lines = chat_help.explained(known[name], width)
    else:
        console.note(_unknown(name, commands))
        return
    for line in lines:
        console.note_parts(line)


def _unknown(name: str, commands: Mapping[str, Command]) -> str:
    if name[1:] in SHELL_ONLY:
        return f"There is no command {name} in the chat. In the shell: chatmgr {name[1:]}"
    nearest = nearest_command(name, [*commands, *ALIASES, "/help", "/exit"])
    guess = f"Did you mean {nearest}?" if nearest else "See /help."
    return f"There is no command {name}. {guess}"


def _guarded(act: Callable[[], None], console: Console) -> tuple[int, bool]:
    """Do something, showing its error if it has one; returns its exit code, and whether Ctrl-C ended it."""
    try:
        act()
    except Interrupted as stop:
        console.note(stop.message)
        _show_footer(stop, console)
        return 0, True
    except KeyboardInterrupt:
        console.note("Stopped.")
        return 0, True
    except ChatmgrError as error:
        console.fault(error.message, error.hint)
        _show_footer(error, console)
        return error.exit_code, False
    return 0, False


def _show_footer(error: ChatmgrError, console: Console) -> None:
    """Show the facts about a turn that an error ended, below that, as when the turn is shown again."""
    if error.footer:
        console.out(error.footer)
