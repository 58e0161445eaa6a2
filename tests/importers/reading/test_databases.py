"""Databases of other programs are read as they are, and nothing is written to them or beside them."""

import os
import sqlite3
from pathlib import Path

import pytest

from chatmgr.importers.reading import databases
from chatmgr.importers.reading.members import containers
from chatmgr.importers.source import Unreadable
from chatmgr.importers.surroundings import Around
from tests.importers.chatgpt.export import archive


def rows(path: Path) -> list[str]:
    """What the one table of a database holds."""
    given = containers([str(path)])
    container = next(given)
    member = next(file for file in container.files if not file.name.endswith(("-wal", "-shm")))
    with databases.opened(Around(container, member)) as db:
        assert databases.tables_of(db) == {"said": {"text"}}
        return [text for (text,) in db.execute("SELECT text FROM said ORDER BY rowid")]


def make(path: Path, *, with_log: bool = False) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None)
    if with_log:
        db.execute("PRAGMA journal_mode = wal")
    db.execute("CREATE TABLE Said (Text)")
    db.execute("INSERT INTO said VALUES ('one'), (CAST(X'74FF00776F' AS TEXT))")
    return db


def listing(folder: Path) -> list[tuple[str, bytes]]:
    return sorted((path.name, path.read_bytes()) for path in folder.iterdir())


@pytest.mark.parametrize("with_log", [False, True])
def test_a_closed_database(tmp_path: Path, with_log: bool) -> None:
    make(tmp_path / "x.db", with_log=with_log).close()
    before = listing(tmp_path)
    assert rows(tmp_path / "x.db") == ["one", "t\ufffdwo"]
    assert listing(tmp_path) == before


def test_one_that_is_in_use(tmp_path: Path) -> None:
    db = make(tmp_path / "x.db", with_log=True)
    assert rows(tmp_path / "x.db") == ["one", "t\ufffdwo"]
    db.close()


def test_a_log_that_was_left_behind(tmp_path: Path) -> None:
    db = make(tmp_path / "x.db", with_log=True)
    copy = tmp_path / "copy"
    copy.mkdir()
    for name in ("x.db", "x.db-wal"):
        (copy / name).write_bytes((tmp_path / name).read_bytes())
    db.close()
    before = listing(copy)
    assert rows(copy / "x.db") == ["one", "t\ufffdwo"]
    assert listing(copy) == before
    zipped = archive(tmp_path / "x.zip", {f"in/{name}": data for name, data in before})
    assert rows(zipped) == ["one", "t\ufffdwo"]


def test_a_locked_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(databases, "_WAIT", 0.01)
    db = make(tmp_path / "x.db")
    db.execute("BEGIN EXCLUSIVE")
    with pytest.raises(Unreadable, match="another program holds"):
        rows(tmp_path / "x.db")
    db.close()


def test_damaged_ones(tmp_path: Path) -> None:
    make(tmp_path / "x.db").close()
    data = (tmp_path / "x.db").read_bytes()
    for end, start in ((100, 0), (len(data) - 4096, 0), (len(data), 4000)):
        (tmp_path / "y.db").write_bytes(
            data[:start] + os.urandom(200 if start else 0) + data[start + 200 if start else 0 : end]
        )
        try:
            rows(tmp_path / "y.db")
        except Unreadable as error:
            assert "damaged" in str(error)  # noqa: PT017
