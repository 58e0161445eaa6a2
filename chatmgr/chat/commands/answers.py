"""What can be done with an answer: copy it, copy its code, save it."""

import re
import sys
from pathlib import Path

import click

from chatmgr.chat.commands.draft import path_of
from chatmgr.chat.commands.group import Group
from chatmgr.chat.slash import Command
from chatmgr.domain.errors import UsageFault
from chatmgr.domain.model import Turn
from chatmgr.domain.text import as_sentence
from chatmgr.terminal.console import console
from chatmgr.terminal.sanitize import one_line
from chatmgr.terminal.tables import table
from chatmgr.ui.context import app, interactive

_HEADING = "The answer"
_NUMBER = re.compile(r"[1-9]\d{0,8}")
_FIRST_LINE = 60  # columns of it, in the list of code blocks


class Answers(Group):
    """The last answer, or an earlier one; a turn without an answer does not count."""

    def commands(self) -> tuple[Command, ...]:
        """The entries of the table."""
        return (
            Command("/copy", "[N]", "copy the last answer, or the N-th last", _HEADING, self._copy),
            Command(
                "/code",
                "[N]",
                "copy the N-th code block of the last answer; alone: list them",
                _HEADING,
                self._code,
            ),
            Command("/save", "PATH", "save the last answer to a file", _HEADING, self._save, "file"),
        )

    def _copy(self, typed: str) -> None:
        turn = self._answered(_number(typed, "/copy") if typed else 1)
        _copied(turn.answer, f"{turn.conversation}@{turn.turn}")

    def _code(self, typed: str) -> None:
        from chatmgr.terminal.markdown import code_blocks

        number = _number(typed, "/code") if typed else 0
        turn = self._answered(1)
        address = f"{turn.conversation}@{turn.turn}"
        found = list(code_blocks(turn.answer))
        if not found:
            raise UsageFault(f"{address} holds no code.")
        if number > len(found):
            blocks_there = "one code block" if len(found) == 1 else f"{len(found)} code blocks"
            raise UsageFault(f"{address} holds {blocks_there}.", "See them: /code")
        if number:
            language, content = found[number - 1]
            _copied(content, f"code block {number}{f' ({language})' if language else ''} of {address}")
            return
        rows = (
            (str(at), one_line(language, 16) or "—", f"{content.count(chr(10)):,}", _first_line(content))
            for at, (language, content) in enumerate(found, 1)
        )
        for line in table(("N", "LANGUAGE", "LINES", "BEGINS"), rows, terminal=sys.stdout.isatty()):
            console.out(line)
        console.note("Copy one: /code N")

    def _save(self, typed: str) -> None:
        if not typed:
            raise UsageFault("Name a file: /save PATH")
        turn = self._answered(1)
        data = turn.answer.encode()
        try:
            path = Path(path_of(typed)).expanduser()
            written = _written(path, data)
        except OSError as error:
            raise UsageFault(f"{typed} cannot be written: {error.strerror}.", "Nothing was saved.") from None
        except (RuntimeError, ValueError) as error:  # ~nobody, a NUL in the name
            raise UsageFault(f"{typed} cannot be written: {as_sentence(str(error))}") from None
        address = f"{turn.conversation}@{turn.turn}"
        console.note(
            f"Saved {address} to {path} ({len(data):,} bytes)." if written else f"{path} stays as it was."
        )

    def _answered(self, number: int) -> Turn:
        """The ``number``-th last turn that has an answer."""
        here, count = self._here, 2 * number
        found: list[Turn] = []
        while number <= here.turns:
            with app().reader as reader:
                turns = reader.tail(here, count)
            found = [one for one in turns if one.answer]
            if len(found) >= number:
                return found[-number]
            if len(turns) < count:
                break
            count *= 2
        if number == 1:
            raise UsageFault(f"“{here.name}” has no answers yet.")
        raise UsageFault(f"“{here.name}” has no {number:,} answers.", "The last one is number 1.")


def _number(typed: str, command: str) -> int:
    if not _NUMBER.fullmatch(typed):
        raise UsageFault(
            f"“{one_line(typed, 32)}” is no number.", f"Type {command}, or for instance {command} 2"
        )
    return int(typed)


def _first_line(content: str) -> str:
    return one_line(next((line for line in content.splitlines() if line.strip()), ""), _FIRST_LINE)


def _copied(text: str, what: str) -> None:
    from chatmgr.chat.input.clipboard import copy, safe_to_paste

    fit = safe_to_paste(text)
    if not fit:
        raise UsageFault(f"There is nothing to copy in {what}.")
    how = copy(fit)
    left = sum(1 for char in text if char not in "\r\n") - sum(1 for char in fit if char != "\n")
    without = f", without {left:,} control characters" if left else ""
    count = "1 character" if len(fit) == 1 else f"{len(fit):,} characters"
    console.note(f"Copied {what}: {count}{without}, by {how}.")


def _written(path: Path, data: bytes) -> bool:
    """Whether it was written: exact, with the user's own rights; over another file only after asking."""
    try:
        with path.open("xb") as file:
            file.write(data)
    except FileExistsError:
        if path.is_dir():
            raise IsADirectoryError(0, "it is a folder") from None
    else:
        return True
    if not interactive():
        raise UsageFault(f"{path} exists already.", "Name another file.")
    try:
        if not click.confirm(f"{one_line(str(path))} exists. Write over it?", err=True):
            return False
    except click.Abort:  # Ctrl-C, Ctrl-D
        console.note("")
        return False
    path.write_bytes(data)
    return True
