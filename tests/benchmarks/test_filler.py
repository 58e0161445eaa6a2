"""A store filled for the benchmarks is one that chatmgr could have written, and the same every time."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from benchmarks.fill import fill, filled
from benchmarks.filler import RARES
from benchmarks.prose import COMMON, RARE
from benchmarks.timeline import Kind

TURNS, LONG = 900, 60


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("filled")
    fill(home, TURNS, {"long": (LONG, Kind())})
    return home


@pytest.fixture
def db(home: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(home / "chatmgr.db")) as store:
        yield store


def test_it_is_whole(home: Path) -> None:
    environment = {**os.environ, "CHATMGR_HOME": str(home)}
    environment.pop("CHATMGR_DATABASE_URL", None)
    command = [sys.executable, "-m", "chatmgr", "db", "check"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("The database is intact.\n", "")


@pytest.mark.parametrize("table", ["words", "grams"])
def test_its_index_holds_what_the_tables_say(db: sqlite3.Connection, table: str) -> None:
    db.execute(f"INSERT INTO {table}({table}, rank) VALUES ('integrity-check', 1)")
    [rows] = db.execute(f"SELECT count(*) FROM {table}_data").fetchone()
    assert rows > 2


@pytest.mark.parametrize(
    "wrong",
    [
        "conversations c WHERE turns <> (SELECT count(*) FROM turns t WHERE t.branch_id = c.branch_id)",
        "conversations c WHERE last_run_id <> (SELECT max(id) FROM runs r WHERE r.conversation_id = c.id)",
        "conversations c WHERE updated_at <> "
        "(SELECT max(finished_at) FROM runs r WHERE r.conversation_id = c.id)",
        "conversations c WHERE created_at <> "
        "(SELECT min(created_at) FROM turns t WHERE t.branch_id = c.branch_id)",
        "turns t WHERE run_id <> (SELECT max(id) FROM runs r WHERE r.turn_id = t.id)",
        "turns a JOIN turns b ON b.id = a.id + 1 WHERE b.stamp <= a.stamp OR b.created_at < a.created_at",
        "turns a JOIN turns b ON b.branch_id = a.branch_id AND b.position = a.position + 1 "
        "WHERE b.id <= a.id",
        "turns t WHERE position > (SELECT count(*) FROM turns a WHERE a.branch_id = t.branch_id)",
        "threads t WHERE synced <> (SELECT coalesce(max(position), 0) FROM turns JOIN messages m "
        "ON m.run_id = turns.run_id WHERE turns.branch_id = t.branch_id)",
        "conversations a JOIN conversations b ON b.id = a.id + 1 WHERE b.created_at < a.created_at",
    ],
)
def test_its_counters_are_the_ledgers(db: sqlite3.Connection, wrong: str) -> None:
    assert db.execute(f"SELECT count(*) FROM {wrong}").fetchone() == (0,)


def test_every_stamp_is_the_turns_second_or_the_next_that_was_free(db: sqlite3.Connection) -> None:
    taken: set[int] = set()
    for message, stamp in db.execute("SELECT created_at, stamp FROM turns ORDER BY id"):
        free = int(datetime.fromisoformat(message).replace(tzinfo=UTC).timestamp())
        while free in taken:
            free += 1
        assert stamp == free
        taken.add(stamp)
    assert len(taken) == TURNS + LONG


def test_it_has_something_for_every_filter(db: sqlite3.Connection) -> None:
    for some in (
        "tags",
        "attachments",
        "runs WHERE cost > 0",
        "conversations WHERE archived_at IS NOT NULL",
        "conversations WHERE deleted_at IS NOT NULL",
        "conversations WHERE folder <> ''",
        "conversations WHERE provider = 'ollama'",
        "runs WHERE state = 'failed'",
    ):
        assert db.execute(f"SELECT count(*) FROM {some}").fetchone()[0] > 0, some
    assert db.execute("SELECT turns FROM conversations WHERE name = 'long'").fetchone() == (LONG,)


def test_a_rare_word_is_spread_over_the_years_and_a_common_one_is_in_a_third(db: sqlite3.Connection) -> None:
    keys = "SELECT t.id FROM words w JOIN turns t ON t.stamp = w.rowid WHERE words MATCH ? ORDER BY t.id"
    rare = [row[0] for row in db.execute(keys, (RARE,))]
    every = (TURNS + LONG) // RARES
    assert rare == list(range(every // 2 + 1, TURNS + LONG, every))
    common = len(db.execute(keys, (COMMON,)).fetchall())
    assert common == pytest.approx((TURNS + LONG) / 3, rel=0.15)


def test_scripts_without_spaces_are_found_by_their_parts(db: sqlite3.Connection) -> None:
    assert db.execute("SELECT count(*) FROM searchable_spaceless").fetchone()[0] > 10


def test_the_same_seed_gives_the_same_rows(home: Path, db: sqlite3.Connection, tmp_path: Path) -> None:
    fill(tmp_path, TURNS, {"long": (LONG, Kind())})
    with closing(sqlite3.connect(tmp_path / "chatmgr.db")) as other:
        for table in ("conversations", "turns", "runs", "messages", "threads", "tags", "attachments"):
            everything = f"SELECT * FROM {table} ORDER BY 1, 2"
            assert other.execute(everything).fetchall() == db.execute(everything).fetchall()


def test_a_store_is_filled_once(tmp_path: Path) -> None:
    filled(tmp_path, 10)
    before = (tmp_path / "chatmgr.db").stat()
    assert filled(tmp_path, 10) == tmp_path
    assert (tmp_path / "chatmgr.db").stat() == before
    with pytest.raises(SystemExit, match="another store"):
        filled(tmp_path, 11)
