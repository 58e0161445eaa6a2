"""What a message is compared with, as processes that wait for each other, on both databases."""

from contextlib import suppress
from multiprocessing.connection import Connection

from chatmgr.domain.errors import UsageFault
from chatmgr.services.forks import fork_under_free_name
from tests.support.processes import Home, until
from tests.support.store import Store
from tests.support.store_processes import OtherProcess
from tests.wire import Fault, Gate, WireServer

TURN = ("POST", "/responses")


def test_of_two_who_waited_one_is_told_what_the_other_did(either: Home, wire: WireServer) -> None:
    either.provider("responses", wire.base_url)
    either.conversation("demo", "responses")
    gate = Gate()
    wire.fault(Fault(kind="gate", match=TURN, after=4, gate=gate))
    first = either.start("send", "demo", "--after", "0", "one")
    until(lambda: wire.turns_heard == ["one"], "the first message")
    early = either.run("send", "demo", "--after", "0", "--wait", "zero")
    assert early.code == 8
    assert "1 turn was added by process" in early.err
    waiting = [either.start("send", "demo", "--after", "1", "--wait", text) for text in ("two", "three")]
    gate.open()
    assert first.wait().code == 0
    sent, refused = sorted((running.wait() for running in waiting), key=lambda done: done.code)
    assert (sent.code, refused.code) == (0, 8)
    assert "1 turn was added by process" in refused.err
    assert "Nothing was sent." in refused.err
    assert len(wire.turns_heard) == 2
    assert either.value("SELECT count(*) FROM turns") == 2


def test_a_fork_of_what_was_undone_meanwhile(either: Home, wire: WireServer) -> None:
    either.provider("responses", wire.base_url)
    either.conversation("demo", "responses")
    for text in ("one", "two", "three"):
        assert either.run("send", "demo", text).code == 0
    assert either.run("undo", "demo", "-n", "2").code == 0
    done = either.run("send", "demo", "--after", "3", "four")
    assert done.code == 8
    assert "2 turns were undone by process" in done.err
    assert "“demo” ends at @1 now." in done.err
    assert either.run("send", "demo", "--after", "3", "--fork-if-moved", "four").code == 0
    assert either.run("send", "demo", "deux").code == 0
    done = either.run("send", "demo", "--after", "~1@1", "trois")
    assert done.code == 8
    assert "1 turn was added by process" in done.err
    done = either.run("send", "demo", "--after", "~1@2", "trois")
    assert "“demo” was switched to another path by process" in done.err
    assert "after @1 it is another one, and “demo” ends at @2 now." in done.err
    assert either.run("send", "demo", "--after", "~1@2", "--fork-if-moved", "trois").code == 0
    shown = either.run("history", "demo-3")
    assert [line for line in shown.out.splitlines() if line.startswith("> ")] == ["> one", "> two", "> trois"]
    assert wire.turns_heard == ["one", "two", "three", "four", "deux", "trois"]


def test_a_fork_waits_for_whoever_is_in_the_source(either: Home, wire: WireServer) -> None:
    either.provider("responses", wire.base_url)
    either.conversation("demo", "responses")
    assert either.run("send", "demo", "one").code == 0
    gate = Gate()
    wire.fault(Fault(kind="gate", match=TURN, after=4, gate=gate))
    first = either.start("send", "demo", "two")
    until(lambda: wire.turns_heard == ["one", "two"], "the second message")
    fork = ("send", "demo", "--after", "1", "--fork-if-moved")
    busy = either.run(*fork, "deux")
    assert busy.code == 8
    assert "“demo” is busy: process" in busy.err
    assert either.value("SELECT count(*) FROM conversations") == 1
    waiting = [either.start(*fork, "--wait", text) for text in ("deux", "zwei")]
    gate.open()
    assert first.wait().code == 0
    assert [running.wait().code for running in waiting] == [0, 0]
    shown = [either.run("history", name).out.splitlines() for name in ("demo", "demo-2", "demo-3")]
    demo, *forks = [[line for line in lines if line.startswith("> ")] for lines in shown]
    assert demo == ["> one", "> two"]
    assert sorted(forks) == [["> one", "> deux"], ["> one", "> zwei"]]


def take_names(url: str, pipe: Connection) -> None:
    """Make conversations under the names that forks would get, again and again."""
    store = Store(url)
    for number in range(2, pipe.recv()):
        if not store.reader.conversations.taken(f"plan-{number}"):
            with suppress(UsageFault):
                store.writer.conversations.create(f"plan-{number}", store.assistant().id, "", "openai")
    pipe.send("done")
    store.close()


def test_a_name_that_is_taken_just_now_is_passed_over(store: Store) -> None:
    store.answer("one", "yes")
    source, names = store.now(), []
    other = OtherProcess(take_names, store.url)
    other.pipe.send(60)
    while not other.pipe.poll():
        names.append(fork_under_free_name(store, source, 1, "plan"))
    assert other.join() == 0
    other.close()
    assert names
    assert all(store.now(name).turns == 1 for name in names)
    assert len({*names}) == len(names)
