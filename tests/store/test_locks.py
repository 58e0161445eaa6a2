"""Holds: one process at a time, and never a dead one. With real processes, and pipes instead of sleeps."""

from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection

import pytest

from chatmgr.store import locks
from tests.support.store import Store, query
from tests.support.store_processes import OtherProcess

NUMBER = 7


def _obey(url: str, pipe: Connection) -> None:
    """Another chatmgr, which takes, awaits and releases holds as it is told."""
    held: dict[int, locks.Lock] = {}
    while True:
        order, number = pipe.recv()
        if order == "release":
            held.pop(number).release()
            pipe.send("released")
            continue
        if order == "wait":
            pipe.send("waiting")
        try:
            held[number] = locks.acquire(url, number, wait=order == "wait")
            pipe.send("held")
        except BlockingIOError:
            pipe.send("refused")


@pytest.fixture
def others(url: str) -> Iterator[Callable[[], OtherProcess]]:
    """Makes other processes on the same database, and ends them."""
    Store(url).close()
    made: list[OtherProcess] = []

    def make() -> OtherProcess:
        made.append(OtherProcess(_obey, url))
        return made[-1]

    yield make
    for process in made:
        process.close()


def test_a_second_process_is_refused_until_the_first_lets_go(others: Callable[[], OtherProcess]) -> None:
    first, second = others(), others()
    assert first.ask("take", NUMBER) == "held"
    assert second.ask("take", NUMBER) == "refused"
    assert first.ask("release", NUMBER) == "released"
    assert second.ask("take", NUMBER) == "held"
    assert first.ask("take", NUMBER) == "refused"


def test_a_dead_process_holds_nothing(url: str, others: Callable[[], OtherProcess]) -> None:
    first = others()
    assert first.ask("take", NUMBER) == "held"
    with pytest.raises(BlockingIOError):
        locks.acquire(url, NUMBER, wait=False)
    first.kill()
    locks.acquire(url, NUMBER, wait=True).release()  # waits: a server takes a moment to notice


def test_waiting_ends_with_the_release(url: str, others: Callable[[], OtherProcess]) -> None:
    other = others()
    hold = locks.acquire(url, NUMBER, wait=False)
    assert other.ask("wait", NUMBER) == "waiting"
    assert not other.pipe.poll(0.15)
    hold.release()
    assert other.pipe.recv() == "held"


def test_waiting_ends_with_the_holders_death(others: Callable[[], OtherProcess]) -> None:
    first, second = others(), others()
    assert first.ask("take", NUMBER) == "held"
    assert second.ask("wait", NUMBER) == "waiting"
    first.kill()
    assert second.pipe.recv() == "held"


def test_conversations_are_held_one_by_one(url: str, others: Callable[[], OtherProcess]) -> None:
    other = others()
    mine = [locks.acquire(url, number, wait=False) for number in (1, 2, 2_147_483_647)]
    assert [other.ask("take", number) for number in (1, 2, 3, 2_147_483_647)] == [
        "refused",
        "refused",
        "held",
        "refused",
    ]
    mine[0].release()
    assert [other.ask("take", number) for number in (1, 2)] == ["held", "refused"]
    for hold in mine[1:]:
        hold.release()
    assert other.ask("take", 2) == "held"


def test_a_process_excludes_itself_too(url: str) -> None:
    Store(url).close()
    hold = locks.acquire(url, NUMBER, wait=False)
    with pytest.raises(BlockingIOError):
        locks.acquire(url, NUMBER, wait=False)
    hold.release()
    for _ in range(20):  # a released hold is free at once, not a moment later
        locks.acquire(url, NUMBER, wait=False).release()


def test_releasing_never_fails(postgres_url: str) -> None:
    """Where the server went away, so did the lock."""
    hold = locks.acquire(postgres_url, NUMBER, wait=False)
    ours = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    assert query(postgres_url, f"SELECT pg_terminate_backend(pid, 5000) {ours}") == [(True,)]
    hold.release()
    locks.acquire(postgres_url, NUMBER, wait=False).release()


def test_a_hold_survives_everything_else_the_process_does(
    url: str, others: Callable[[], OtherProcess]
) -> None:
    """Closing any descriptor of a file drops the locks a process has on it: nothing else may open it."""
    other = others()
    hold = locks.acquire(url, NUMBER, wait=False)
    store = Store(url)
    store.answer("hello", "hi")
    store.close()
    locks.acquire(url, NUMBER + 1, wait=False).release()
    assert other.ask("take", NUMBER) == "refused"
    hold.release()
