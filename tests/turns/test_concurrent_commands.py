"""Two processes at one conversation: the second says who is there, or waits; a dead one is in no way."""

import platform
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.commands import TURN, Running, one_line
from tests.support.processes import PATIENCE, Home, until
from tests.wire import Fault, Gate, WireServer

API = "completions"


@dataclass(frozen=True, slots=True)
class Scene:
    """A process in the middle of the turn `first`, of which four words have come, and its server's gate."""

    place: Home
    wire: WireServer
    holder: Running
    gate: Gate

    def transcript(self) -> list[tuple[str, str]]:
        """What everybody said, as the database has it."""
        return [(str(role), str(text)) for role, text in self.place.ask("SELECT role, content FROM messages")]


@pytest.fixture
def scene(either: Home) -> Iterator[Scene]:
    """One process at work, on each database."""
    with WireServer() as wire, _at_work(either, wire) as (holder, gate):
        yield Scene(either, wire, holder, gate)
    assert wire.violations == []


@contextmanager
def _at_work(place: Home, wire: WireServer, api: str = API) -> Iterator[tuple[Running, Gate]]:
    place.provider(api, wire.base_url)
    place.conversation("demo", api)
    place.conversation("other", api)
    gate = Gate()
    wire.fault(Fault(kind="gate", match=TURN[api], after=5, gate=gate))
    holder = place.start("send", "demo", "first")
    try:
        gate.wait_reached(PATIENCE)
        until(lambda: place.value("SELECT sent_at FROM runs"), "the first process's run")
        yield holder, gate
    finally:
        gate.open()
        holder.kill()


def test_the_second_says_who_is_there(scene: Scene) -> None:
    since = scene.place.value("SELECT started_at FROM runs")
    moment = datetime.fromisoformat(since) if isinstance(since, str) else since
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    before = scene.transcript()
    second = scene.place.run("send", "demo", "second")
    assert (second.code, second.out) == (8, "")
    error = one_line(second)
    assert f"process {scene.holder.pid} on {platform.node()}" in error
    assert f"since {moment.astimezone():%H:%M:%S}" in error
    assert "--wait" in error
    assert [text for role, text in scene.transcript() if role == "user"] == ["first"]
    assert scene.transcript()[: len(before)] == before
    scene.gate.open()
    assert scene.holder.wait().out == "1 user turns; you said: 'first'\n"


def test_reading_and_other_conversations_go_on(scene: Scene) -> None:
    history = scene.place.run("history", "demo", "--json")
    assert (history.code, [turn["state"] for turn in history.json()]) == (0, ["running"])
    assert f"process {scene.holder.pid}" in history.err
    assert scene.place.run("send", "other", "hello").out == "1 user turns; you said: 'hello'\n"
    scene.gate.open()
    assert scene.holder.wait().code == 0


def test_wait(scene: Scene) -> None:
    second = scene.place.start("send", "demo", "second", "--wait")
    try:
        until(lambda: _waits(scene.place, second), "the second process to wait")
        assert [text for role, text in scene.transcript() if role == "user"] == ["first"]
        scene.gate.open()
        assert scene.holder.wait().code == 0
        done = second.wait()
    finally:
        second.kill()
    assert (done.code, done.out, done.err) == (0, "2 user turns; you said: 'second'\n", "")


def test_interrupted_while_waiting(scene: Scene) -> None:
    second = scene.place.start("send", "demo", "second", "--wait")
    try:
        until(lambda: _waits(scene.place, second), "the second process to wait")
        second.signal(signal.SIGINT)
        done = second.wait()
    finally:
        second.kill()
    assert done.code == 130
    assert one_line(done) == "chatmgr: Stopped."
    assert [text for role, text in scene.transcript() if role == "user"] == ["first"]


@pytest.mark.parametrize("waiting", [False, True])
def test_a_dead_holder_is_in_nobodys_way(scene: Scene, waiting: bool) -> None:
    if waiting:
        second = scene.place.start("send", "demo", "second", "--wait")
        until(lambda: _waits(scene.place, second), "the second process to wait")
        scene.holder.kill()
        done = second.wait()
    else:
        assert "running" in scene.place.run("runs").out
        scene.holder.kill()
        assert "left behind" in scene.place.run("runs").out
        [left] = scene.place.run("runs", "--json").json()
        assert left["state"] == "running"
        done = scene.place.run("send", "demo", "second")
    assert (done.code, "you said: 'second'" in done.out) == (0, True)
    assert re.fullmatch(
        f"demo@1 was interrupted: process {scene.holder.pid} on {re.escape(platform.node())} ended before "
        r"its answer did; (nothing had arrived|\d+ characters of the answer are kept)\.\n",
        done.err,
    )


def test_whoever_takes_up_a_run_is_named(place: Home) -> None:
    """Not the dead process whose run it was: the one that is asking the server for the rest of it."""
    with WireServer() as wire, _at_work(place, wire, "responses") as (dead, gate):
        until(lambda: place.value("SELECT remote_id FROM runs"), "the response's id")
        dead.kill()
        reader = place.start("history", "demo", "--json")
        try:
            until(
                lambda: place.value("SELECT pid FROM runs") == reader.pid, "the second process to take over"
            )
            third = place.run("send", "demo", "second")
            gate.open()
            done = reader.wait()
        finally:
            reader.kill()
        assert third.code == 8
        assert f"process {reader.pid} on {platform.node()}" in one_line(third)
        assert f"process {dead.pid} on {platform.node()} ended" in done.err
        assert [turn["state"] for turn in done.json()] == ["completed"]


def _waits(place: Home, running: Running) -> bool:
    """Whether a process stands in the queue for a conversation."""
    assert not running.over, running.wait()
    if place.url.startswith("postgresql"):
        count = place.value(  # here: other tests' databases are on the same server
            "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database "
            "WHERE locktype = 'advisory' AND NOT granted AND datname = current_database()"
        )
        return bool(count)
    # Only the kernel knows: in /proc/locks a waiting process is listed behind an arrow.
    waiting = [line.split() for line in Path("/proc/locks").read_text().splitlines() if "->" in line]
    return any(str(running.pid) in words for words in waiting)
