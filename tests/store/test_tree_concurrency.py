"""Several processes at one tree: who forks, speaks and deletes at once gets what he asked for, or Busy."""

from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection

import pytest

from chatmgr.domain.errors import Busy
from chatmgr.domain.model import Turn
from chatmgr.store import integrity, migrate
from tests.store.row_counts import counts, trashed
from tests.support.store import Store, query
from tests.support.store_processes import OtherProcess

ROUNDS = [6, pytest.param(60, marks=pytest.mark.campaign)]
TURNS = 5
REST = ("conversations", "branches", "path_segments", "turns", "runs", "messages", "journal")


@contextmanager
def _other(other: OtherProcess) -> Iterator[OtherProcess]:
    try:
        yield other
    finally:
        other.close()


def _sound(store: Store) -> bool:
    return integrity.damage(store.url) == [] and migrate.check_search(store.url)


def _turns(store: Store, name: str) -> list[Turn]:
    return list(store.reader.turns.list(store.now(name)))


def speak(url: str, pipe: Connection) -> None:
    """Say something in one conversation, again and again."""
    store = Store(url)
    for number in range(pipe.recv()):
        store.answer(f"question {number}", f"answer {number}", "plan")
    pipe.send("done")
    store.close()


@pytest.mark.parametrize("rounds", ROUNDS)
def test_a_fork_while_another_speaks_in_the_source(store: Store, rounds: int) -> None:
    store.answer("first", "yes", "plan")
    forks: dict[str, int] = {}
    with _other(OtherProcess(speak, store.url)) as other:
        other.pipe.send(rounds * TURNS)
        while not other.pipe.poll():
            source = store.now("plan")
            name = f"fork-{len(forks)}"
            store.writer.tree.fork(source.pk, source.turns, name)
            forks[name] = source.turns
            if len(forks) % 3 == 0:
                store.answer("and now", "for something else", name)
                forks[name] += 1
        assert other.pipe.recv() == "done"
        assert other.join() == 0
    turns = _turns(store, "plan")
    assert [turn.answer for turn in turns[1:]] == [f"answer {number}" for number in range(rounds * TURNS)]
    for name, length in forks.items():
        own = _turns(store, name)
        assert len(own) == length
        shared = [turn.user for turn in own if turn.user != "and now"]
        assert shared == [turn.user for turn in turns[: len(shared)]]
    assert forks
    assert _sound(store)


def fork_on(url: str, pipe: Connection) -> None:
    """Fork the newest fork, and speak there; the name of each, then "done"."""
    store = Store(url)
    source = "plan"
    for number in range(pipe.recv()):
        conversation = store.now(source)
        name = f"fork-{number}"
        store.writer.tree.fork(conversation.pk, conversation.turns, name)
        store.answer(f"question {number}", "yes", name)
        pipe.send(source)
        source = name
    pipe.send("done")
    store.close()


@pytest.mark.parametrize("rounds", ROUNDS)
def test_sources_are_deleted_while_their_forks_are_forked(store: Store, rounds: int) -> None:
    """Each fork goes on from the one before, whose turns and runs it inherits."""
    for number in range(TURNS):
        store.answer(f"first {number}", "yes", "plan")
    with _other(OtherProcess(fork_on, store.url)) as other:
        other.pipe.send(rounds)
        while (name := other.pipe.recv()) != "done":
            keys = trashed(store, name)
            store.writer.trash.purge(keys)
        assert other.join() == 0
    last = f"fork-{rounds - 1}"
    expected = [f"first {number}" for number in range(TURNS)] + [
        f"question {number}" for number in range(rounds)
    ]
    assert [turn.user for turn in _turns(store, last)] == expected
    assert query(store.url, "SELECT DISTINCT conversation_id FROM runs") == [(store.now(last).pk,)]
    assert _sound(store)
    store.writer.trash.purge(trashed(store, last))
    assert counts(store, *REST) == [0] * len(REST)


def purge(url: str, pipe: Connection) -> None:
    """Delete what comes through the pipe for good."""
    store = Store(url)
    pipe.send("ready")
    while keys := pipe.recv():
        store.writer.trash.purge(keys)
        pipe.send("done")
    store.close()


@pytest.mark.parametrize("rounds", ROUNDS)
def test_a_fork_and_its_source_are_deleted_at_once(store: Store, rounds: int) -> None:
    """Neither leaves the turns that both hold to the other."""
    with _other(OtherProcess(purge, store.url)) as other:
        assert other.pipe.recv() == "ready"
        for number in range(rounds):
            for turn in range(TURNS):
                store.answer(f"question {turn}", "yes", "plan")
            store.writer.tree.fork(store.now("plan").pk, TURNS - 1, "fork")
            store.answer("own", "yes", "fork")
            one, two = trashed(store, "plan"), trashed(store, "fork")
            store.reader.close()
            other.pipe.send(one if number % 2 else two)
            store.writer.trash.purge(two if number % 2 else one)
            assert other.pipe.recv() == "done"
            assert counts(store, *REST) == [0] * len(REST)
        other.pipe.send([])
        assert other.join() == 0
    assert _sound(store)


def fork_repeatedly(url: str, pipe: Connection) -> None:
    """Fork one conversation until it is gone; the names of the forks."""
    store = Store(url)
    source = store.now("plan").pk
    forks: list[str] = []
    pipe.send("ready")
    try:
        while True:
            store.writer.tree.fork(source, TURNS, name := f"fork-{len(forks)}")
            forks.append(name)
    except Busy:
        pipe.send(forks)
    store.close()


@pytest.mark.parametrize("rounds", ROUNDS)
def test_the_source_is_deleted_under_who_forks_it(store: Store, rounds: int) -> None:
    """Who comes too late is told so; forks that were made before have their turns."""
    for _ in range(rounds):
        for turn in range(TURNS):
            store.answer(f"question {turn}", "yes", "plan")
        with _other(OtherProcess(fork_repeatedly, store.url)) as other:
            assert other.pipe.recv() == "ready"
            store.writer.trash.purge(trashed(store, "plan"))
            forks = other.pipe.recv()
            assert other.join() == 0
        for name in forks:
            assert [turn.user for turn in _turns(store, name)] == [
                f"question {turn}" for turn in range(TURNS)
            ]
        assert _sound(store)
        if forks:
            store.writer.trash.purge(trashed(store, *forks))
        assert counts(store, *REST) == [0] * len(REST)
