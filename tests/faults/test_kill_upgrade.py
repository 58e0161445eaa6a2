"""An upgrade that is killed leaves the database as it was, or whole; the next one finishes it."""

import random
import shutil
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from chatmgr.store import integrity, migrate
from chatmgr.store.location import sqlite_path
from tests.migrations.past_databases import BEFORE_THE_TREE, Rows, load, load_postgres, lost, rows
from tests.support.postgres import Server
from tests.support.store import query
from tests.support.store_processes import OtherProcess

SEED = 20261127
KILLS = [5, pytest.param(30, marks=pytest.mark.campaign)]
OLD = BEFORE_THE_TREE.stem


def upgrade(url: str, pipe: Connection) -> None:
    """Upgrade when told, and say so at the end."""
    import alembic.command  # noqa: F401 - what is killed is the upgrade, not the imports

    pipe.send("ready")
    pipe.recv()
    migrate.upgrade(url)
    pipe.send("done")


def _kill_in_the_middle(url: str, delay: float) -> bool:
    """Kill an upgrade after a while; whether it was quicker."""
    other = OtherProcess(upgrade, url)
    assert other.pipe.recv() == "ready"
    other.pipe.send("now")
    time.sleep(delay)  # not to wait for anything: to meet it within the upgrade
    other.kill()
    done = "done" in other.rest()
    other.close()
    return done


def _whole_upgrade(url: str) -> float:
    """How long an upgrade takes that nobody kills."""
    other = OtherProcess(upgrade, url)
    assert other.pipe.recv() == "ready"
    began = time.monotonic()
    other.pipe.send("now")
    assert other.pipe.recv() == "done"
    assert other.join() == 0
    other.close()
    return time.monotonic() - began


def _check_one_or_the_other(url: str, before: Rows, done: bool) -> bool:
    """The schema is the old or the new one, and nothing is lost; whether it is the old one."""
    [(revision,)] = query(url, "SELECT version_num FROM alembic_version")
    assert revision in {OLD, migrate.HEAD}
    assert revision == migrate.HEAD or not done
    assert rows(url) == before if revision == OLD else lost(before, rows(url)) == []
    return bool(revision == OLD)


def _check_finished(url: str, before: Rows) -> None:
    migrate.upgrade(url)
    assert lost(before, rows(url)) == []
    assert integrity.damage(url) == []
    assert migrate.check_search(url)


@pytest.mark.parametrize("kills", KILLS)
def test_sqlite(sqlite_url: str, kills: int, record_property: Callable[[str, object], None]) -> None:
    path = sqlite_path(sqlite_url)
    assert path is not None
    before = load(sqlite_url, BEFORE_THE_TREE, 3_000)
    shutil.copy(path, kept := path.with_suffix(".kept"))
    whole, moments, unfinished = _whole_upgrade(sqlite_url), random.Random(SEED), 0
    for _ in range(kills):
        for left in path.parent.glob("chatmgr.db*"):
            left.unlink()
        shutil.copy(kept, path)
        done = _kill_in_the_middle(sqlite_url, moments.uniform(0, 1.2 * whole))
        unfinished += _check_one_or_the_other(sqlite_url, before, done)
        for copy in path.parent.glob("backups/*.db"):
            _check_backup(copy)
            copy.unlink()
        _check_finished(sqlite_url, before)
    record_property("kill:upgrade, SQLite", {"kills": kills, "unfinished": unfinished})


def _check_backup(copy: Path) -> None:
    with closing(sqlite3.connect(copy)) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert db.execute("SELECT version_num FROM alembic_version").fetchall() == [(OLD,)]


@pytest.mark.parametrize("kills", KILLS)
def test_postgresql(
    server: Server,
    postgres_url: str,
    sqlite_url: str,
    kills: int,
    monkeypatch: pytest.MonkeyPatch,
    record_property: Callable[[str, object], None],
) -> None:
    before = load_postgres(postgres_url, load(sqlite_url, BEFORE_THE_TREE, 1_000), monkeypatch, OLD)
    template = postgres_url.partition("@/")[2].partition("?")[0]
    with server.database(template) as url:
        whole = _whole_upgrade(url)
    moments, unfinished = random.Random(SEED), 0
    for _ in range(kills):
        with server.database(template) as url:
            done = _kill_in_the_middle(url, moments.uniform(0, 1.2 * whole))
            unfinished += _check_one_or_the_other(url, before, done)
            _check_finished(url, before)
    record_property("kill:upgrade, PostgreSQL", {"kills": kills, "unfinished": unfinished})
