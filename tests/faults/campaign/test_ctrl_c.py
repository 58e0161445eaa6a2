"""Ctrl-C at random moments from Enter to the last word, at a real terminal, idle and on a loaded machine."""

import random
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.commands import TURN, Chatmgr
from tests.support.sampling import sampled
from tests.support.screen import CTRL_C, CTRL_D, ENTER, PATIENCE, Screen, environment
from tests.wire import Fault, WireServer

BATCHES, TRIALS = 25, 20
SOON = 0.3  # seconds, a figure for the report: nothing here fails for being slow
LONGEST = 0.8  # seconds from Enter to Ctrl-C; the answer's end is held back for longer
WORDS = 30  # of the answer, of which a random number arrives
STOPPED = re.compile(r"Stopped(; what had arrived is kept)?\.")
SPINNER = re.compile("[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]")
BUSY_LOOP = "while True: pass"
APIS = ("responses", "completions", "assistants")


@contextmanager
def load(busy: bool) -> Iterator[None]:
    """Another program that takes all the time it gets, within this block."""
    if not busy:
        yield
        return
    loop = subprocess.Popen([sys.executable, "-c", BUSY_LOOP])
    try:
        yield
    finally:
        loop.kill()
        loop.wait()


def until_stopped(screen: Screen, since: int) -> None:
    """Read until the chat says that it stopped, and waits for the next line."""
    deadline = time.monotonic() + PATIENCE
    while not (STOPPED.search(screen.raw, since) and screen.prompt == "❯"):
        assert screen.read(), f"chatmgr ended:\n{screen.text}"
        assert time.monotonic() < deadline, f"not stopped:\n{screen.text}"


def check_clean(screen: Screen) -> None:
    """Nothing is on the screen but messages, pieces of answers, what was said of the stop, the toolbar."""
    for line in screen.lines[:-1]:
        assert not SPINNER.search(line), screen.text
        assert "^C" not in line, screen.text
    for wrong in ("Traceback", "Exception ignored", "waiting for", "KeyboardInterrupt"):
        assert wrong not in screen.text, screen.text


def stop_one(screen: Screen, wire: WireServer, api: str, message: str, moment: random.Random) -> float:
    """Say something, press Ctrl-C at a random moment, look at the screen; the seconds until the prompt."""
    wire.clear_faults()
    wire.fault(Fault(kind="hang", match=TURN[api], after=moment.choice([None, *range(WORDS)])))
    screen.until(at_prompt=True)
    screen.type(message)
    screen.until(f"❯ {message}")
    screen.type(ENTER)
    press = time.monotonic() + moment.uniform(0, LONGEST)
    while (left := press - time.monotonic()) > 0:
        screen.read(min(left, 0.05))
    since = len(screen.raw)
    pressed = time.monotonic()
    screen.type(CTRL_C)
    until_stopped(screen, since)
    taken = time.monotonic() - pressed
    check_clean(screen)
    stopped = STOPPED.search(screen.raw, since)
    assert stopped
    assert not SPINNER.search(screen.raw, stopped.end()), "the spinner outlived the stop"
    return taken


@pytest.mark.parametrize("batch", sampled(range(BATCHES), lambda batch: batch % 2))
def test_ctrl_c_stops_whenever_it_comes(
    batch: int, home: Path, chatmgr: Chatmgr, record_property: Callable[[str, object], None]
) -> None:
    """Every other batch runs beside a busy loop."""
    api = APIS[batch % len(APIS)]
    moment = random.Random(batch)
    messages = [f"message {batch}.{number}" for number in range(TRIALS)]
    with WireServer(deltas=WORDS) as wire, load(batch % 2 == 1):
        chatmgr.provider(api, wire.base_url)
        arguments = ["-m", "chatmgr", "new", "demo", "-i", "Be brief.", "--provider", "wire"]
        env = environment(home, WIRE_KEY=chatmgr.env["WIRE_KEY"])
        with Screen(arguments, env, home.parent) as screen:
            seconds = [stop_one(screen, wire, api, message, moment) for message in messages]
            screen.type(CTRL_D)
            assert screen.end() == 0
        slow = sum(taken > SOON for taken in seconds)
        record_property("campaign:ctrl-c", {"trials": TRIALS, f"later than {SOON} s": slow})
        turns = chatmgr.json("history", "demo", "--count", str(TRIALS))
        assert [turn["user"] for turn in turns] == messages
        assert {turn["state"] for turn in turns} == {"cancelled"}
        assert chatmgr.json("runs") == []
        assert wire.violations == []
