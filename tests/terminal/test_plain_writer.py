"""Plain answers and what is told beside them: no notice lands in the middle of a line."""

import fcntl
import os
import signal
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from tests.support.commands import Chatmgr
from tests.support.processes import PATIENCE, until
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


LARGE_PIECE = """
import os
from chatmgr.domain.interrupts import interrupts
from chatmgr.terminal.console import console
from chatmgr.terminal.plain_writer import PlainWriter

interrupts.install()
try:
    PlainWriter(console).write("名古屋" * 100_000)
except KeyboardInterrupt:
    os._exit(7)
"""


def test_ctrl_c_ends_the_wait_for_a_reader_in_the_middle_of_a_piece() -> None:
    reader, writer = os.pipe()
    capacity = fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 8192)
    with subprocess.Popen([sys.executable, "-c", LARGE_PIECE], stdout=writer) as process:
        os.close(writer)
        try:
            until(lambda: _unread(reader) > capacity // 2, "a pipe without room")
            process.send_signal(signal.SIGINT)
            assert process.wait(PATIENCE) == 7
        finally:
            process.kill()
    os.close(reader)


def _unread(pipe: int) -> int:
    return int.from_bytes(fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)), sys.byteorder)
