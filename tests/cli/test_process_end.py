"""The end of a process: it leaves without freeing its modules, and nothing may be lost or left by that."""

import os
import pty
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path
from typing import Any

import pytest

from chatmgr.backends.http.sdk import openai
from tests.support.commands import CHATMGR, ROOT, TIMEOUT, Chatmgr
from tests.support.sample_stores import SampleStore
from tests.wire import Fault, WireServer

MEGABYTE = 1_000_000
ENDING = """
import atexit, os, sys, threading, time
from chatmgr.__main__ import leave
def work():
    time.sleep(0.2)
    sys.stdout.write("thread, ")
threading.Thread(target=work).start()
atexit.register(lambda: sys.stdout.write("registered"))
sys.stdout.write("main, ")
sys.stderr.write("error")
try:
    leave(7)
except SystemExit:
    sys.stdout.write("usual, ")
    raise
"""
BROKEN_PIPE = """
import os, sys
from chatmgr.__main__ import leave
reader, writer = os.pipe()
os.dup2(writer, 1)
os.close(writer)
os.close(reader)
sys.stdout.write("lost")
leave(7)
"""
# A suite in the background ignores SIGINT, and its children inherit that.
INTERRUPTIBLE = """
import runpy, signal
signal.signal(signal.SIGINT, signal.default_int_handler)
runpy.run_module("chatmgr", run_name="__main__", alter_sys=True)
"""
THREADS = """
import atexit, os, runpy, threading
def tell():
    names = [t.name for t in threading.enumerate() if not t.daemon and t is not threading.main_thread()]
    os.write(2, f"threads: {names}".encode())
atexit.register(tell)
runpy.run_module("chatmgr", run_name="__main__", alter_sys=True)
"""


@pytest.fixture
def api() -> str:
    return "completions"


def ended(code: str, *options: str) -> tuple[int, str, str]:
    """Exit code and output of a Python program."""
    done = subprocess.run(
        [sys.executable, *options, "-c", code],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def test_threads_registered_functions_and_streams_come_first() -> None:
    assert ended(ENDING) == (7, "main, thread, registered", "error")


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ((), "import sys; sys.argv.append('--debug')"),
        ((), "import sys; sys.setprofile(lambda *_: None)"),
        ((), "import sys; sys.settrace(lambda *_: None)"),
        (("-X", "dev"), ""),
    ],
    ids=["debug", "profiler", "tracer", "development"],
)
def test_who_looks_at_the_end_gets_the_usual_one(options: tuple[str, ...], code: str) -> None:
    assert ended(code + ENDING, *options) == (7, "main, usual, thread, registered", "error")


def test_a_reader_that_is_gone_changes_no_exit_code() -> None:
    assert ended(BROKEN_PIPE) == (7, "", "")


def test_large_output_arrives_whole(chatmgr: Chatmgr, samples: SampleStore, tmp_path: Path) -> None:
    answer = "word " * (MEGABYTE // 5) + "the last"
    samples.say("large", "hello", answer)
    piped = chatmgr.fresh("export", "large", "--format", "text").out
    assert len(piped) > MEGABYTE
    assert piped.rstrip().endswith("the last")
    command = ["sh", "-c", '"$@" > whole', "-", *CHATMGR, "export", "large", "--format", "text"]
    chatmgr.program(command)
    assert (chatmgr.home.parent / "whole").read_text("utf-8") == piped
    chatmgr.program(["sh", "-c", '"$@" | head -c 10', "-", *CHATMGR, "export", "large", "--format", "text"])


def test_a_turn_leaves_no_process_no_thread_and_no_file(
    talking: Chatmgr, wire: WireServer, tmp_path: Path
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    env = talking.environment(TMPDIR=str(scratch))
    before = sorted(path.name for path in talking.home.iterdir())
    process = subprocess.Popen(
        [sys.executable, "-c", THREADS, "send", "demo", "two"],
        cwd=talking.home.parent,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    _, err = process.communicate(timeout=TIMEOUT)
    assert (process.returncode, err) == (0, b"threads: []")
    with pytest.raises(ProcessLookupError):  # nobody of its session is left
        os.killpg(process.pid, 0)
    assert list(scratch.iterdir()) == []
    assert sorted(path.name for path in talking.home.iterdir()) == before
    assert not [name for name in before if name.endswith(("-wal", "-shm"))]


def test_exit_codes_are_those_of_the_errors(talking: Chatmgr, wire: WireServer) -> None:
    talking.fresh("history", code=0)
    talking.fresh("archive", "--nope", code=2)
    talking.fresh("history", "nobody", code=5)
    defect = (
        "import chatmgr.cli.main as m; m.cli = lambda **_: 1 / 0; from chatmgr.__main__ import main; main()"
    )
    talking.program([sys.executable, "-c", defect], code=1)
    wire.fault(Fault(kind="status", status=400, times=0))
    talking.fresh("send", "demo", "two", code=8)


def test_an_interrupted_turn_ends_with_130(talking: Chatmgr, wire: WireServer) -> None:
    wire.fault(Fault(kind="hang", after=1))
    process = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTIBLE, "send", "demo", "two"],
        cwd=talking.home.parent,
        env=talking.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    until = time.monotonic() + TIMEOUT
    while len(wire.turns_heard) < 2 and time.monotonic() < until:
        time.sleep(0.05)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=TIMEOUT)
    assert process.returncode == 130
    assert not [path.name for path in talking.home.iterdir() if path.name.endswith(("-wal", "-shm"))]


def test_a_chat_leaves_the_terminal_as_it_was(talking: Chatmgr) -> None:
    ours, theirs = pty.openpty()
    before: list[Any] = termios.tcgetattr(theirs)
    process = subprocess.Popen(
        [*CHATMGR, "resume", "demo"],
        cwd=talking.home.parent,
        env=talking.environment(TERM="xterm-256color"),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    shown = b""
    while b"\x1b[6n" not in shown and "❯".encode() not in shown and b"> " not in shown:
        shown += os.read(ours, 65536)
    os.write(ours, b"\x04")
    os.set_blocking(ours, False)
    until = time.monotonic() + TIMEOUT
    while process.poll() is None and time.monotonic() < until:
        try:
            if b"\x1b[6n" in os.read(ours, 65536):
                os.write(ours, b"\x1b[1;1R\x04")
        except BlockingIOError:
            time.sleep(0.05)
    assert process.wait(TIMEOUT) == 0
    assert termios.tcgetattr(theirs) == before
    os.close(ours)
    os.close(theirs)


def test_the_types_of_the_sdk_are_there_for_who_asks() -> None:
    assert openai.types.Batch.__name__ == "Batch"
    assert openai.types.chat.ChatCompletion is sys.modules["openai.types.chat.chat_completion"].ChatCompletion
