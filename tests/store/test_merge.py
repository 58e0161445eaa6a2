"""Merging by keys, beside others: who speaks, merges or deletes at once gets what he asked for."""

from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection

import pytest

from chatmgr.store import integrity, migrate
from chatmgr.store.writer import Writer
from tests.store.merging import FIRST, PERSONA, conversation, line, run, turn
from tests.support.store import Store, query
from tests.support.store_processes import OtherProcess

ROUNDS = [8, pytest.param(80, marks=pytest.mark.campaign)]
CONVERSATIONS = 6


@contextmanager
def other_process(store: Store, act: object) -> Iterator[OtherProcess]:
    other = OtherProcess(act, store.url)  # type: ignore[arg-type]
    try:
        yield other
    finally:
        other.close()


def merge(writer: Writer, *conversations: object) -> list[str]:
    outcomes = writer.merging.merge(list(conversations), {PERSONA.key: PERSONA}, "import")  # type: ignore[arg-type]
    return [outcome.became for outcome in outcomes]


def texts(store: Store, name: str) -> list[str]:
    return [turn.user for turn in store.reader.turns.list(store.now(name))]


def sound(store: Store) -> bool:
    return integrity.damage(store.url) == [] and migrate.check_search(store.url)


def merge_all(url: str, pipe: Connection) -> None:
    """Merge the same conversations as they grow, backwards."""
    store = Store(url)
    for count in range(1, pipe.recv() + 1):
        batch = [line(f"c{number}", count) for number in reversed(range(CONVERSATIONS))]
        store.writer.merging.merge(batch, {PERSONA.key: PERSONA}, "import")
    pipe.send("done")
    store.close()


@pytest.mark.parametrize("rounds", ROUNDS)
def test_two_that_merge_the_same_give_one_copy(store: Store, rounds: int) -> None:
    with other_process(store, merge_all) as other:
        other.pipe.send(rounds)
        for count in range(1, rounds + 1):
            merge(store.writer, *(line(f"c{number}", count) for number in range(CONVERSATIONS)))
        assert other.pipe.recv() == "done"
    names = [name for (name,) in query(store.url, "SELECT name FROM conversations ORDER BY name")]
    assert names == [f"c{number}" for number in range(CONVERSATIONS)]
    for name in names:
        assert texts(store, name) == [f"{name}:{number}" for number in range(rounds)]
    assert query(store.url, "SELECT count(*) FROM branches") == [(CONVERSATIONS,)]
    assert sound(store)


def speak(url: str, pipe: Connection) -> None:
    """Say something in all conversations, again and again."""
    store = Store(url)
    for number in range(pipe.recv()):
        for name in range(CONVERSATIONS):
            store.answer(f"here {number}", "yes", f"c{name}")
    pipe.send("done")
    store.close()


@pytest.mark.parametrize("rounds", ROUNDS)
def test_merging_while_another_speaks_there(store: Store, rounds: int) -> None:
    """What is said here stays on the path; what comes from the source is there as well, to the last turn."""
    merge(store.writer, *(line(f"c{number}", 1) for number in range(CONVERSATIONS)))
    store.assistant()
    with other_process(store, speak) as other:
        other.pipe.send(rounds)
        for count in range(2, rounds + 2):
            merge(store.writer, *(line(f"c{number}", count) for number in range(CONVERSATIONS)))
        assert other.pipe.recv() == "done"
    for number in range(CONVERSATIONS):
        said = [text for text in texts(store, f"c{number}") if text.startswith("here")]
        assert said == [f"here {turn}" for turn in range(rounds)]
        [(count,)] = query(store.url, f"SELECT count(*) FROM turns WHERE key LIKE 'c{number}:%'")
        assert count == rounds + 1
    assert sound(store)


def test_a_thread_that_holds_another_answer_is_doubtful(store: Store) -> None:
    merge(store.writer, conversation("talk", turn("a"), turn("b", "a")))
    talk = store.now("talk")
    columns = "conversation_id, provider, endpoint, remote_id, synced, doubtful, created_at, branch_id"
    with store.writer.database.begin() as db:
        [(branch,)] = db.exec_driver_sql("SELECT branch_id FROM conversations").fetchall()
        for endpoint, synced in (("behind", 1), ("level", 2)):
            values = f"{talk.pk}, 'p', '{endpoint}', 'r', {synced}, false, '2026-03-01 12:00:00', {branch}"
            db.exec_driver_sql(f"INSERT INTO threads ({columns}) VALUES ({values})")
    runs = (run("b-run"), run("again", "another answer"))
    assert merge(store.writer, conversation("talk", turn("a"), turn("b", "a", *runs))) == ["grown"]
    assert [turn.answer for turn in store.reader.turns.list(store.now("talk"))] == ["yes", "another answer"]
    doubtful = query(store.url, "SELECT endpoint, doubtful FROM threads ORDER BY endpoint")
    assert [(endpoint, bool(doubt)) for endpoint, doubt in doubtful] == [("behind", False), ("level", True)]


def test_turns_of_one_second_get_the_seconds_after_it(store: Store) -> None:
    """A source without times gives all its turns the same one."""
    first = int(FIRST.timestamp())
    for number in range(3):
        keys = [f"{number}-{turn:03}" for turn in range(500)]
        merge(store.writer, conversation(f"c{number}", *map(turn, keys)))
    stamps = [stamp for (stamp,) in query(store.url, "SELECT stamp FROM turns ORDER BY stamp")]
    assert stamps == [*range(first + 5, first + 1505)]
    assert sound(store)
