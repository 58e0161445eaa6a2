"""A database of every past revision, kept as that version wrote it, opens today with all that was said."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from chatmgr.store import migrate
from chatmgr.store.reader import Reader

PAST = sorted(Path(__file__).with_name("past").glob("*.sql"))


@pytest.mark.parametrize("past", PAST, ids=lambda path: path.stem)
def test_what_was_said_is_all_there(home: Path, past: Path) -> None:
    home.mkdir(mode=0o700, exist_ok=True)
    path = home / "chatmgr.db"
    with closing(sqlite3.connect(path)) as old:
        old.executescript(past.read_text(encoding="utf-8"))
        rows = old.execute("SELECT content FROM messages ORDER BY id").fetchall()
    with Reader(f"sqlite:///{path}") as reader:
        conversation = reader.conversations.get("demo")
        turns = list(reader.turns.list(conversation))
    assert (conversation.turns, len(turns)) == (6, 6)
    assert [turn.state for turn in turns][3:] == ["interrupted", "completed", "interrupted"]
    with closing(sqlite3.connect(path)) as new:
        assert new.execute("SELECT content FROM messages ORDER BY id").fetchall() == rows
        assert new.execute("SELECT version_num FROM alembic_version").fetchall() == [(migrate.HEAD,)]
        assert new.execute("PRAGMA foreign_key_check").fetchall() == []
    assert len(list((home / "backups").glob(f"*schema-{past.stem}-*"))) == 1


def test_no_past_revision_is_forgotten() -> None:
    assert {path.stem for path in PAST} == set(migrate.REVISIONS[:-1])
