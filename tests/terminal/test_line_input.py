"""Questions at a terminal: Ctrl-C counts whenever it comes, and reports of the terminal are no answer."""

from pathlib import Path

import pytest

from tests.support.pseudo_terminal import TerminalProcess
from tests.support.screen import environment

# The signal goes to another thread than the one that reads, which stands for any moment at which the read is
# not interrupted: before it, and in another's place.
PROGRAM = """
import signal, threading
from chatmgr.domain.interrupts import interrupts
from chatmgr.terminal.line_input import ask_keystroke, ask_line, ask_secret

signal.signal(signal.SIGINT, signal.default_int_handler)
interrupts.install()
threading.Thread(target=threading.Event().wait, daemon=True).start()
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
try:
    print("answer:", ascii(QUESTION("Really? ")))
except KeyboardInterrupt:
    print("interrupted")
"""


def asked(tmp_path: Path, question: str, typed: str) -> str:
    program = PROGRAM.replace("QUESTION", question)
    env = environment(tmp_path)
    with TerminalProcess(["-c", program], env, tmp_path, size=(24, 80)) as terminal:
        terminal.read_until("Really? ")
        terminal.send(typed)
        shown = terminal.read_until(None)
        assert terminal.wait() == 0
    return shown


@pytest.mark.parametrize("question", ["ask_line", "ask_secret", "ask_keystroke"])
def test_ctrl_c_before_the_read_counts(tmp_path: Path, question: str) -> None:
    assert "interrupted" in asked(tmp_path, question, "\x03")


@pytest.mark.parametrize("question", ["ask_line", "ask_secret"])
def test_an_answer(tmp_path: Path, question: str) -> None:
    assert "answer: 'y\\xe9s'" in asked(tmp_path, question, "yés\n")


def test_a_key(tmp_path: Path) -> None:
    assert "answer: 'k'" in asked(tmp_path, "ask_keystroke", "k")


def test_reports_are_no_answer(tmp_path: Path) -> None:
    typed = "\x1b[Iye\x1b]11;rgb:0/0/0\x1b\\\x1b[?62c\x1b[Os\n"
    assert "answer: 'yes'" in asked(tmp_path, "ask_line", typed)
