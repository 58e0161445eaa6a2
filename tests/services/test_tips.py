"""What a message is compared with, as processes that wait for each other, on both databases."""

from tests.support.processes import Home, until
from tests.wire import Fault, Gate, WireServer

TURN = ("POST", "/responses")


def test_who_waited_is_told_what_happened_meanwhile(either: Home, wire: WireServer) -> None:
    either.provider("responses", wire.base_url)
    either.conversation("demo", "responses")
    gate = Gate()
    wire.fault(Fault(kind="gate", match=TURN, after=4, gate=gate))
    first = either.start("send", "demo", "--after", "0", "one")
    until(lambda: wire.turns_heard == ["one"], "the first message")
    second = either.start("send", "demo", "--after", "0", "--wait", "two")
    third = either.run("send", "demo", "--after", "0", "three")
    assert third.code == 8
    assert "is busy" in third.err
    gate.open()
    assert first.wait().code == 0
    done = second.wait()
    assert done.code == 8
    assert "1 turn was added by process" in done.err
    assert len(done.err.splitlines()) == 1
    assert wire.turns_heard == ["one"]
    assert either.value("SELECT count(*) FROM turns") == 1


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
