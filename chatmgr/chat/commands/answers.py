"""What can be done with an answer: copy it, copy its code, save it."""

import re
import sys
from contextlib import suppress
from pathlib import Path

import click

from chatmgr.chat.commands.draft import path_of
from chatmgr.chat.commands.group import CommandGroup
from chatmgr.chat.slash import Command
from chatmgr.domain.control_characters import without_live
from chatmgr.domain.errors import UsageFault
from chatmgr.domain.model import Turn
from chatmgr.domain.stored_items import FILES
from chatmgr.domain.text import as_sentence, counted
from chatmgr.terminal.console import console
from chatmgr.terminal.list_tables import table
from chatmgr.terminal.sanitize import one_line
from chatmgr.ui.context import app, interactive
from chatmgr.ui.prompts import ask_line

_HEADING = "Answers"
_NUMBER = re.compile(r"[1-9]\d{0,8}")
_FIRST_LINE = 60  # columns of it, in the list of code blocks

CodeBlock = tuple[str, str]  # its language and its content


class AnswerCommands(CommandGroup):
    """``/copy``, ``/code``, ``/save``; a turn without an answer does not count."""

    def commands(self) -> tuple[Command, ...]:
        """The entries of the table."""
        return (
            Command("/copy", "[N]", "copy the last answer, or the N-th last", _HEADING, self._copy),
            Command(
                "/code",
                "[N]",
                "copy the N-th code block of the last answer; without N, list them",
                _HEADING,
                self._code,
            ),
            Command(
                "/save",
                "PATH",
                "save the last answer to a file, or its images and files to a folder: /save DIR/",
                _HEADING,
                self._save,
                "file",
            ),
        )

    def _copy(self, typed: str) -> None:
        turn = self._answered_turn(_number(typed, "/copy") if typed else 1)
        _copy_to_clipboard(turn.answer, _address(turn))

    def _code(self, typed: str) -> None:
        from chatmgr.terminal.markdown import code_blocks

        number = _number(typed, "/code") if typed else 0
        turn = self._answered_turn(1)
        code = list(code_blocks(turn.answer))
        if not code:
            raise UsageFault(f"{_address(turn)} contains no code.")
        if number > len(code):
            count = "one code block" if len(code) == 1 else f"{len(code)} code blocks"
            raise UsageFault(f"{_address(turn)} contains {count}.", "List them: /code")
        if not number:
            _list_code(code)
            return
        language, content = code[number - 1]
        label = f"code block {number}{f' ({language})' if language else ''}"
        _copy_to_clipboard(content, f"{label} of {_address(turn)}")

    def _save(self, typed: str) -> None:
        if not typed:
            raise UsageFault("Name a file: /save PATH")
        turn = self._answered_turn(1, or_items=True)
        if not turn.answer or (_has_files(turn) and _is_folder(path_of(typed))):
            self._save_files(turn, path_of(typed))
            return
        content = without_live(turn.answer).encode()
        try:
            path = Path(path_of(typed)).expanduser()
            written = _write(path, content)
        except OSError as error:
            raise UsageFault(f"{typed} cannot be written: {error.strerror}.", "Nothing was saved.") from None
        except (RuntimeError, ValueError) as error:  # ~nobody, a NUL in the name
            raise UsageFault(f"{typed} cannot be written: {as_sentence(str(error))}") from None
        if written:
            console.note(f"Saved {_address(turn)} to {path} ({len(content):,} bytes).")
        else:
            console.note(f"{path} stays as it was.")

    def _save_files(self, turn: Turn, folder: str) -> None:
        from chatmgr.ui.item_files import save_files

        with app().reader:
            save_files([turn], folder, _address(turn))

    def _answered_turn(self, number: int, *, or_items: bool = False) -> Turn:
        """The ``number``-th last turn that has an answer; ``or_items``: one without text counts, too."""
        conversation, count = self._conversation, 2 * number
        while number <= conversation.turns:
            with app().reader as reader:
                turns = reader.turns.tail(conversation, count)
            answered = [turn for turn in turns if turn.answer or (or_items and turn.items)]
            if len(answered) >= number:
                return answered[-number]
            if len(turns) < count:
                break
            count *= 2
        if number == 1:
            raise UsageFault(f"“{conversation.name}” has no answers yet.")
        raise UsageFault(
            f"“{conversation.name}” has fewer than {number:,} answers.", "The last one is number 1."
        )


def _has_files(turn: Turn) -> bool:
    """Whether images or files came with an answer."""
    with app().reader as reader:
        return any(stored.item.kind in FILES for stored in reader.items.of(turn))


def _is_folder(typed: str) -> bool:
    """Whether a typed path is, or is meant to be, a folder."""
    with suppress(OSError, RuntimeError, ValueError):
        return typed.endswith("/") or Path(typed).expanduser().is_dir()
    return False


def _address(turn: Turn) -> str:
    return f"{turn.conversation}@{turn.turn}"


def _number(typed: str, command: str) -> int:
    if not _NUMBER.fullmatch(typed):
        raise UsageFault(
            f"“{one_line(typed, 32)}” is not a number.", f"Type {command}, or for instance {command} 2"
        )
    return int(typed)


def _list_code(code: list[CodeBlock]) -> None:
    rows = (
        (str(number), one_line(language, 16) or "—", f"{content.count(chr(10)):,}", _first_line(content))
        for number, (language, content) in enumerate(code, 1)
    )
    for line in table(("N", "LANGUAGE", "LINES", "BEGINS"), rows, terminal=sys.stdout.isatty()):
        console.out(line)
    console.note("Copy one: /code N")


def _first_line(content: str) -> str:
    return one_line(next((line for line in content.splitlines() if line.strip()), ""), _FIRST_LINE)


def _copy_to_clipboard(text: str, label: str) -> None:
    from chatmgr.chat.input.clipboard import copy, safe_to_paste

    fit = safe_to_paste(text)
    if not fit:
        raise UsageFault(f"There is nothing to copy in {label}.")
    method = copy(fit)
    dropped = sum(1 for char in text if char not in "\r\n") - sum(1 for char in fit if char != "\n")
    without = f", without {counted(dropped, 'control character')}" if dropped else ""
    console.note(f"Copied {label}: {counted(len(fit), 'character')}{without}, by {method}.")


def _write(path: Path, content: bytes) -> bool:
    """Write a file; returns False where the person does not want another file overwritten."""
    try:
        with path.open("xb") as file:
            file.write(content)
    except FileExistsError:
        if path.is_dir():
            raise IsADirectoryError(0, "it is a folder") from None
    else:
        return True
    if not interactive():
        raise UsageFault(f"{path} exists already.", "Name another file.")
    try:
        if ask_line(f"{one_line(str(path))} exists. Overwrite it? [y/N]").lower() not in {"y", "yes"}:
            return False
    except click.Abort:  # Ctrl-C, Ctrl-D
        console.note("")
        return False
    path.write_bytes(content)
    return True
