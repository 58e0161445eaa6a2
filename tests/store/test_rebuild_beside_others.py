"""Rebuilding the search index beside other processes: none waits for more than a batch."""

from multiprocessing.connection import Connection

import psycopg
import pytest

from chatmgr.domain.states import RunState
from chatmgr.store import migrate, write_queue
from chatmgr.store.location import sqlite_path
from chatmgr.store.search import rebuild
from chatmgr.store.writer import RunOutcome
from tests.support.store import Store, query
from tests.support.store_processes import OtherProcess

TURNS = 30


@pytest.fixture
def filled(store: Store) -> Store:
    """More turns than there are in a few batches."""
    for number in range(TURNS):
        store.answer(f"question {number} 東京", f"answer {number}")
    store.reader.close()
    return store


def reindex(url: str, pipe: Connection) -> None:
    """Rebuild; tell how far it is after each batch, and wait for an answer after the second."""
    rebuild.MOST = 4
    store = Store(url)

    def report(done: int, _total: int) -> None:
        pipe.send(done)
        if done == 8:
            pipe.recv()

    store.writer.search_index.rebuild(report)
    store.close()
    pipe.send("done")


def write_turns(url: str, pipe: Connection) -> None:
    """Run turns of a conversation."""
    (name,) = pipe.recv()
    store = Store(url)
    for number in range(5):
        run = store.open(f"{name} {number}", name)
        store.writer.runs.checkpoint(run, "so far")
        store.writer.runs.close(run, RunOutcome(RunState.COMPLETED, "so far, so good"))
    store.close()
    pipe.send("written")


def test_turns_are_stored_while_a_rebuilding_is_under_way(filled: Store) -> None:
    """It is half done, and goes no further until the writers have ended."""
    indexer = OtherProcess(reindex, filled.url)
    while indexer.pipe.recv() != 8:
        pass
    writers = [OtherProcess(write_turns, filled.url) for _ in range(4)]
    for number, writer in enumerate(writers):
        writer.pipe.send((f"writer-{number}",))
    assert [writer.pipe.recv() for writer in writers] == ["written"] * 4
    indexer.pipe.send("go on")
    assert indexer.rest()[-1] == "done"
    assert migrate.check_search(filled.url)
    for process in (indexer, *writers):
        process.close()


def test_two_at_once_share_the_work(filled: Store) -> None:
    indexer = OtherProcess(reindex, filled.url)
    while indexer.pipe.recv() != 8:
        pass
    filled.writer.search_index.rebuild()
    assert migrate.check_search(filled.url)
    indexer.pipe.send("go on")
    assert indexer.rest()[-1] == "done"
    assert migrate.check_search(filled.url)
    indexer.close()


def reindex_watched(url: str, pipe: Connection) -> None:
    """Rebuild; at the third batch, wait until somebody queues; tell what is written by the fourth."""
    rebuild.MOST = 4
    store, path = Store(url), sqlite_path(url)
    assert path is not None
    batches, original = [], rebuild.index_batch

    def watched(*arguments: object) -> rebuild.Batch:
        batches.append(arguments)
        if len(batches) == 3:
            pipe.send("in a batch")
            while not write_queue.others_wait(path):
                pass
        elif len(batches) == 4:
            pipe.send(query(url, "SELECT title FROM conversations WHERE id = 1")[0][0])
        return original(*arguments)  # type: ignore[arg-type]

    rebuild.index_batch = watched  # type: ignore[assignment]
    store.writer.search_index.rebuild()
    store.close()


def test_who_queues_during_a_batch_writes_before_the_next(sqlite_store: Store) -> None:
    store = sqlite_store
    for number in range(TURNS):
        store.answer(f"question {number}", "answer")
    indexer = OtherProcess(reindex_watched, store.url)
    assert indexer.pipe.recv() == "in a batch"
    store.writer.conversations.set_title(1, "written meanwhile")
    assert indexer.rest() == ["written meanwhile"]
    assert migrate.check_search(store.url)
    indexer.close()


def test_on_postgres_it_waits_for_nobody_while_it_holds_locks(
    postgres_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Documents that somebody writes are left alone until that is committed; others are not blocked."""
    monkeypatch.setattr(rebuild, "MOST", 4)
    store = postgres_store
    for number in range(TURNS):
        store.answer(f"question {number}", "answer")
    store.reader.close()
    reports: list[int] = []
    with psycopg.connect(store.url) as other:
        other.execute("UPDATE messages SET content = 'being edited' WHERE id = 21")

        def report(done: int, _total: int) -> None:
            reports.append(done)
            if len(reports) > 10 and len(set(reports[-5:])) == 1:
                other.execute("UPDATE turns SET run_id = run_id")  # would wait for ever for a lock
                other.commit()

        store.writer.search_index.rebuild(report)
    assert len(reports) > len(set(reports)) + 4
    assert migrate.check_search(store.url)
