"""Whole databases: copied into others, and kept as backups."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from chatmgr.store import migrate
from tests.support.commands import Chatmgr
from tests.support.store import Store


@pytest.fixture
def filled(chatmgr: Chatmgr) -> Chatmgr:
    """A home in which something was said."""
    chatmgr.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with closing(Store(f"sqlite:///{chatmgr.home / 'chatmgr.db'}")) as store:
        store.answer("What is the capital of Peru?", "Lima.", "demo")
    return chatmgr


@pytest.fixture
def api() -> str:
    return "completions"


def test_a_copy_is_complete_and_says_how_to_use_it(filled: Chatmgr, tmp_path: Path) -> None:
    target = tmp_path / "copy.db"
    done = filled("db", "copy", ".", str(target))
    assert "both sides are equal" in done.err
    assert f"export CHATMGR_DATABASE_URL=sqlite:///{target}" in done.err
    assert target.stat().st_mode & 0o077 == 0
    there = {"CHATMGR_DATABASE_URL": f"sqlite:///{target}"}
    assert "Lima." in filled("history", "demo", env=there).out
    assert "demo@1" in filled("history", "-q", "peru", env=there).out
    assert "Both are equal" in filled("db", "copy", ".", str(target), "--verify").err
    assert "is not empty" in filled.refused(2, "db", "copy", ".", str(target))
    facts = filled("db", "copy", ".", str(target), "--verify", "--json").json()[0]
    assert facts["rows"]["turns"] == 1


def test_to_a_server_and_back(filled: Chatmgr, postgres_url: str, tmp_path: Path) -> None:
    filled("db", "copy", ".", postgres_url)
    there = {"CHATMGR_DATABASE_URL": postgres_url}
    assert "Lima." in filled("history", "demo", env=there).out
    [backup] = filled("db", "backup", "--to", str(tmp_path), env=there).out.split()
    here = {"CHATMGR_DATABASE_URL": f"sqlite:///{backup}"}
    assert "Lima." in filled("history", "demo", env=here).out
    assert "Name a folder" in filled.refused(2, "db", "backup", env=there)


def test_so_many_backups_are_kept_and_nothing_else_is_removed(filled: Chatmgr, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    others = [
        folder / "chatmgr-notes.db",
        folder / "chatmgr-20200101T000000000000Z.db",
        folder / "other-20200101T000000000000Z.db",
    ]
    for other in others:
        other.write_bytes(b"mine")
    kept: list[str] = []
    for _ in range(4):
        kept.append(filled("db", "backup", "--to", str(folder), "--keep", "2").out.strip())
    assert sorted(folder.iterdir()) == sorted([*map(Path, kept[-2:]), *others])
    with closing(sqlite3.connect(kept[-1])) as db:
        assert db.execute("SELECT version_num FROM alembic_version").fetchall() == [(migrate.HEAD,)]
    assert Path(kept[-1]).stat().st_mode & 0o077 == 0
    facts = filled("db", "backup", "--to", str(folder), "--keep", "1", "--json").json()[0]
    assert facts["removed"] == kept[-2:]


def test_what_cannot_be(filled: Chatmgr, tmp_path: Path) -> None:
    assert "one name" in filled.refused(2, "db", "backup", "x.db", "--to", str(tmp_path))
    filled.refused(2, "db", "backup", "--to", str(tmp_path), "--keep", "0")
    assert "There is no database" in filled.refused(2, "db", "copy", str(tmp_path / "none.db"), "x.db")
