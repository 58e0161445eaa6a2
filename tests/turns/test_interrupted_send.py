"""Ctrl-C at `send`: exit 130 and one line, what had arrived is kept, and the conversation goes on."""

import fcntl
import os
import signal
import sys
import termios
from collections.abc import Iterator

import pytest

from chatmgr.store import write_queue
from tests.support.commands import AHEAD, APIS, TURN, CommandResult, one_line
from tests.support.processes import PATIENCE, Home, until
from tests.wire import Fault, Gate, WireServer

FIRST = "1 user turns; you said: 'first'\n"


@pytest.fixture(scope="module", autouse=True)
def _heeding() -> Iterator[None]:
    """A test run in the background of a shell ignores Ctrl-C, and what it starts would too."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(params=APIS)
def api(request: pytest.FixtureRequest) -> str:
    """Each API in turn."""
    return str(request.param)


@pytest.fixture
def wire(place: Home, api: str) -> Iterator[WireServer]:
    """A server, and the conversation `demo` with one turn on it."""
    with WireServer() as running:
        place.provider(api, running.base_url)
        place.conversation("demo", api)
        assert place.run("send", "demo", "first").out == FIRST
        yield running
    assert running.violations == []


def _interrupt(place: Home, wire: WireServer, api: str, after: int | None, shown: str) -> CommandResult:
    """Interrupt a turn once `shown` is all that was printed and the server stands at the gate."""
    gate = Gate()
    wire.fault(Fault(kind="gate", match=TURN[api], after=after, gate=gate))
    running = place.start("send", "demo", "second")
    try:
        gate.wait_reached(PATIENCE)
        until(lambda: running.out == shown, "the first words")
        until(lambda: place.value("SELECT count(sent_at) FROM runs") == 2, "the run")
        running.signal(signal.SIGINT)
        return running.wait()
    finally:
        running.kill()
        gate.open()
        wire.wait_idle()
        wire.clear_faults()


def _states(place: Home) -> list[tuple[str, str, str]]:
    result = place.run("history", "demo", "--json")
    assert (result.code, result.err) == (0, "")
    return [(turn["user"], turn["state"], turn["answer"] or "") for turn in result.json()]


def _goes_on(place: Home, answered: int) -> None:
    third = place.run("send", "demo", "third")
    assert (third.code, third.out) == (0, f"{answered + 1} user turns; you said: 'third'\n")


def test_while_waiting_for_the_first_word(place: Home, wire: WireServer, api: str) -> None:
    done = _interrupt(place, wire, api, None, "")
    assert (done.code, done.out, one_line(done)) == (130, "", "chatmgr: Stopped.")
    assert _states(place)[1] == ("second", "cancelled", "")
    _goes_on(place, 1)


def test_in_the_middle_of_an_answer(place: Home, wire: WireServer, api: str) -> None:
    done = _interrupt(place, wire, api, AHEAD[api] + 3, "2 user turns;")
    assert (done.code, done.out) == (130, "2 user turns;\n")
    assert one_line(done) == "chatmgr: Stopped; what had arrived is kept."
    assert _states(place)[1] == ("second", "cancelled", "2 user turns;")
    cancels = [request for request in wire.requests if request.path.endswith("/cancel")]
    assert [cancel.status for cancel in cancels] == ([200] if api == "assistants" else [])
    _goes_on(place, 2)


@pytest.mark.parametrize("api", ["responses"], indirect=True)
def test_json_is_told_all_the_same(place: Home, wire: WireServer, api: str) -> None:
    """The one object on stdout says that the run was cancelled, and with what."""
    gate = Gate()
    wire.fault(Fault(kind="gate", match=TURN[api], after=AHEAD[api] + 3, gate=gate))
    running = place.start("send", "demo", "second", "--json")
    try:
        gate.wait_reached(PATIENCE)
        until(lambda: place.value("SELECT count(*) FROM messages") == 4, "the checkpoint")
        running.signal(signal.SIGINT)
        done = running.wait()
    finally:
        running.kill()
        gate.open()
    [turn] = done.json()
    assert (done.code, turn["state"], turn["answer"]) == (130, "cancelled", "2 user turns;")


def test_while_the_answer_is_being_printed(place: Home) -> None:
    """Ctrl-C does not only meet a process that waits for its server: this one waits for its reader."""
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    with WireServer(deltas=4000, check=False) as wire, open(reader, encoding="utf-8") as pipe:  # noqa: PTH123
        place.provider("completions", wire.base_url)
        place.conversation("demo", "completions")
        running = place.start("send", "demo", "first", stdout=writer)
        os.close(writer)
        try:
            until(lambda: _unread(reader) > 0, "the first word, after which there is no room")
            running.signal(signal.SIGINT)
            printed = pipe.read()
            done = running.wait()
        finally:
            running.kill()
    assert (done.code, one_line(done)) == (130, "chatmgr: Stopped; what had arrived is kept.")
    [(_, state, answer)] = _states(place)
    assert state == "cancelled"
    assert answer.startswith(printed.rstrip("\n"))


def _unread(pipe: int) -> int:
    return int.from_bytes(fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)), sys.byteorder)


def test_with_the_embedded_model(embedded: Home) -> None:
    """The model's thread is stopped too, or the process would not end before the answer is whole."""
    endless = ("--param", "ignore_eos=true", "--param", "max_tokens=1500")
    running = embedded.start(
        "new", "demo", "Tell me a story.", "--provider", "local", "-i", "You talk.", *endless
    )
    try:
        until(lambda: len(running.out) > 40, "the first words")
        running.signal(signal.SIGINT)
        done = running.wait()
    finally:
        running.kill()
    assert (done.code, one_line(done)) == (130, "chatmgr: Stopped; what had arrived is kept.")
    [turn] = embedded.run("history", "demo", "--json").json()
    assert (turn["state"], turn["answer"]) == ("cancelled", done.out.removesuffix("\n"))


def test_while_another_process_writes(place: Home, wire: WireServer) -> None:
    """Who waits for a place in the queue of writers can leave it."""
    with write_queue.writing(place.folder / "chatmgr.db", purpose="is tidying"):
        running = place.start("send", "demo", "second")
        until(lambda: "Waiting to write to the database" in running.err, "the line on what is waited for")
        running.signal(signal.SIGINT)
        result = running.wait()
    assert result.code == 130
    assert wire.turns_heard == ["first"]
    assert place.run("send", "demo", "second").code == 0
