"""A rebuilding of the search index that is killed: what is left says so, and running it again repairs it."""

import random
import time
from multiprocessing.connection import Connection

import pytest

from chatmgr.domain.filters import Filters
from chatmgr.domain.search import parse_query
from chatmgr.store import migrate
from chatmgr.store.location import sqlite_path
from chatmgr.store.search import rebuild
from tests.support.commands import Chatmgr
from tests.support.store import Store
from tests.support.store_processes import OtherProcess

SEED = 20261127
KILLS = [4, pytest.param(40, marks=pytest.mark.campaign)]
TURNS = 60


def reindex(url: str, pipe: Connection) -> None:
    """Rebuild for ever, in small batches, and tell when each rebuilding begins and is done."""
    rebuild.MOST = 2
    store = Store(url)
    while True:
        pipe.send("begun")
        store.writer.search_index.rebuild()
        pipe.send("done")


def hits(store: Store) -> list[tuple[str, int | None]]:
    """What a search for the turns of ``_fill`` finds."""
    results = store.reader.search.find(parse_query("question"), Filters(), 0)
    addresses = [(hit.conversation, hit.turn) for hit in results.hits]
    store.reader.close()
    return addresses


def _fill(store: Store) -> None:
    for number in range(TURNS):
        store.answer(f"question {number} 東京", f"answer {number}", f"plan-{number % 5}")
    store.reader.close()


@pytest.mark.parametrize("kills", KILLS)
def test_killed_at_any_moment(store: Store, kills: int) -> None:
    _fill(store)
    before = hits(store)
    numbers = random.Random(SEED)
    for number in range(kills):
        other = OtherProcess(reindex, store.url)
        assert other.pipe.recv() == "begun"
        began = time.monotonic()
        other.pipe.recv()
        whole = time.monotonic() - began
        time.sleep(numbers.uniform(0, 2 * whole))  # not to wait for anything: to meet it within a rebuilding
        other.kill()
        other.close()
        assert migrate.check_search(store.url) or store.reader.search.is_incomplete()
        store.answer(f"written after kill {number}", "yes", "later")
        store.writer.conversations.set_title(store.now("plan-0").pk, f"title {number}")
        store.reader.close()
        if sqlite_path(store.url) is None:
            assert migrate.check_search(store.url)
        store.writer.search_index.rebuild()
        assert migrate.check_search(store.url)
        assert not store.reader.search.is_incomplete()
        assert hits(store) == before


def test_what_the_user_sees(sqlite_store: Store, chatmgr: Chatmgr) -> None:
    _fill(sqlite_store)
    before = chatmgr("history", "-q", "question 7").out
    other = OtherProcess(stop_half_way, sqlite_store.url)
    assert other.pipe.recv() == "half done"
    other.kill()
    other.close()
    check = chatmgr("db", "check", code=3).err
    assert "The search index is incomplete" in check
    assert "chatmgr db reindex" in check
    search = chatmgr("history", "-q", "question 7")
    assert "older turns may be missing" in search.err
    assert "chatmgr db reindex" in search.err
    assert chatmgr("db", "reindex").err == "The search index is rebuilt.\n"
    assert chatmgr("db", "check").out == "The database is intact.\n"
    again = chatmgr("history", "-q", "question 7")
    assert again.out == before
    assert "missing" not in again.err


def stop_half_way(url: str, pipe: Connection) -> None:
    """Rebuild, and stand still when half of it is done."""
    rebuild.MOST = 2
    store = Store(url)

    def report(done: int, total: int) -> None:
        if done * 2 >= total:
            pipe.send("half done")
            pipe.recv()

    store.writer.search_index.rebuild(report)
