"""A whole database is copied into another one: equal, whatever happens on the way."""

from contextlib import closing
from pathlib import Path

import pytest

from chatmgr.domain.errors import DatabaseUnreachable, SchemaMismatch, UsageFault
from chatmgr.store import integrity, migrate
from chatmgr.store.copy import database_copy
from chatmgr.store.copy.database_copy import CopyReport, copy_database
from chatmgr.store.copy.sqlite_side import SqliteSide
from chatmgr.store.reader import Reader
from chatmgr.store.revision_check import copying
from chatmgr.store.writer import Writer
from tests.store.row_counts import trashed
from tests.store.test_restore import content, exported, played
from tests.support.sample_stores import fill
from tests.support.store import Store, execute


def _ignore(_done: int, _total: int) -> None:
    """Nobody watches."""


def copied(source: str, target: str, *, verify_only: bool = False) -> CopyReport:
    return copy_database(source, target, _ignore, _ignore, verify_only=verify_only)


@pytest.fixture
def places(home: Path) -> tuple[str, str]:
    """Where two SQLite files can be."""
    for name in ("from", "to"):
        (home / name).mkdir(parents=True)
    return f"sqlite:///{home / 'from' / 'chatmgr.db'}", f"sqlite:///{home / 'to' / 'chatmgr.db'}"


def assert_equal(source: str, target: str) -> None:
    """The same rows, and a database that works."""
    assert content(exported(source)) == content(exported(target))
    assert copied(source, target, verify_only=True).written == 0
    assert migrate.check_search(target)


def test_there_and_back_again(places: tuple[str, str], postgres_url: str) -> None:
    fill(places[0])
    there = copied(places[0], postgres_url)
    back = copied(postgres_url, places[1])
    assert there.rows == back.rows
    assert there.digest == back.digest
    assert there.rows["blobs"] == 2
    assert_equal(places[0], postgres_url)
    assert_equal(places[0], places[1])


@pytest.mark.parametrize("seed", [3, 8])
def test_random_trees_go_on_in_the_copy(places: tuple[str, str], postgres_url: str, seed: int) -> None:
    with played(places[0], seed) as store:
        store.answer("東京は?", "日本の首都です。", "demo")
        for target in (places[1], postgres_url):
            copied(places[0], target)
            assert_equal(places[0], target)
    for target in (places[1], postgres_url):
        with closing(Store(target)) as copy:
            copy.answer("and on", "it goes", "demo")
            copy.answer("else", "where", "other")
            copy.writer.tree.fork(copy.now("demo").pk, 1, "fork")
        assert integrity.damage(target) == []
        assert migrate.check_search(target)


class Killed(BaseException):
    """As SIGKILL: nothing of ours runs after it."""


@pytest.mark.parametrize("after", range(0, 12, 2))
def test_one_that_was_cut_off_goes_on(
    places: tuple[str, str], after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(Store(places[0])) as store:
        for number in range(8):
            store.answer(f"question {number}", f"answer {number}", f"c{number % 3}")
    monkeypatch.setattr(database_copy, "_RANGE", 3)
    left = [after]
    insert = SqliteSide.insert

    def killed_in_time(side: SqliteSide, *arguments: object) -> None:
        if not left[0]:
            raise Killed
        left[0] -= 1
        insert(side, *arguments)  # type: ignore[arg-type]

    with monkeypatch.context() as until_killed:
        until_killed.setattr(SqliteSide, "insert", killed_in_time)
        with pytest.raises(Killed):
            copied(*places)
    with pytest.raises(SchemaMismatch, match="unfinished copy"), Reader(places[1]) as reader:
        reader.meta.counts()
    with closing(Store(places[0])) as store:  # meanwhile, the source goes on
        store.answer("one more", "indeed", "c1")
        store.writer.conversations.rename({store.now("c0").pk: "renamed"})
        store.writer.trash.purge(trashed(store, "c2"))
    report = copied(*places)
    assert report.written <= sum(report.rows.values())
    assert_equal(*places)
    assert integrity.damage(places[1]) == []


def test_a_target_that_holds_something_else(places: tuple[str, str], postgres_url: str) -> None:
    with closing(Store(places[0])) as store:
        store.answer("one", "1", "demo")
    with closing(Store(places[1])) as store:
        store.answer("two", "2", "other")
    with pytest.raises(UsageFault, match="not empty"):
        copied(*places)
    with pytest.raises(UsageFault, match="There is no database"):
        copied(f"{places[0]}.none", postgres_url)
    side = SqliteSide(Path(places[1].removeprefix("sqlite:///")))
    side.mark(copying("postgresql://another/one"))
    side.close()
    with pytest.raises(UsageFault, match="unfinished copy of another"):
        copied(*places)


def test_what_differs_is_seen(places: tuple[str, str]) -> None:
    with closing(Store(places[0])) as store:
        store.answer("one", "1", "demo")
    copied(*places)
    execute(places[1], "UPDATE messages SET content = 'two' WHERE role = 'user'")
    with pytest.raises(DatabaseUnreachable, match="messages"):
        copied(*places, verify_only=True)


def test_an_empty_one(places: tuple[str, str], postgres_url: str) -> None:
    Writer(places[0]).close()
    assert sum(copied(places[0], postgres_url).rows.values()) == 0
