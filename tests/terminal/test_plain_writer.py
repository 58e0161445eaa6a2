"""Plain answers and what is told beside them: no notice lands in the middle of a line."""

import sys
from pathlib import Path

import pytest

from tests.support.commands import Chatmgr
from tests.support.screen import Screen, environment

PROGRAM = """
import sys
from chatmgr.terminal.console import console
from chatmgr.terminal.plain_writer import PlainWriter
from chatmgr.terminal.status import Status

writer, status = PlainWriter(console), Status(sys.stderr)
writer.write("half a ")
if status.is_animated:
    writer.draw()
    status.show("trying again: 1 s")
    status.clear()
writer.beside(lambda: console.note("[a notice]", ""))
writer.write("line\\nand the ")
writer.beside(lambda: console.note("[another]", ""))
writer.write("next")
writer.finish()
"""


@pytest.mark.parametrize("sink", ["2>&1", "2>&1 | cat", "> both 2>&1; cat both"])
def test_one_file_for_both(chatmgr: Chatmgr, sink: str) -> None:
    command = ["sh", "-c", f'"$@" {sink}', "-", sys.executable, "-c", PROGRAM]
    assert chatmgr.program(command).out == "half a line\n[a notice]\nand the next\n[another]\n"


def test_a_file_for_each(chatmgr: Chatmgr) -> None:
    done = chatmgr.program([sys.executable, "-c", PROGRAM])
    assert (done.out, done.err) == ("half a line\nand the next\n", "[a notice]\n[another]\n")


@pytest.mark.parametrize("term", ["xterm-256color", "dumb"])
def test_one_terminal_for_both(tmp_path: Path, term: str) -> None:
    with Screen(["-c", PROGRAM], environment(tmp_path), tmp_path, term=term) as screen:
        assert screen.end() == 0
        assert [line.strip() for line in screen.lines] == [
            *("half a", "[a notice]", "line", "and the", "[another]", "next")
        ]
