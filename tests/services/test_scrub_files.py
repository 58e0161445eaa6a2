"""Scrubbing the bytes of a SQLite home: the database, its log, its backups, pages and scratch files."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from chatmgr.domain.secret_matches import MARK, LiteralMatcher, Matcher
from chatmgr.services.app import App
from chatmgr.services.secret_patterns import SecretPatterns
from chatmgr.store import migrate
from chatmgr.store.search import HIGHEST, rebuild
from chatmgr.store.writer.scrub import Scrub
from tests.migrations.test_past_revisions import PAST
from tests.store.row_counts import indexed
from tests.support.scrubbing import scrub
from tests.support.secrets import in_files, openai_key, plant, spaceless
from tests.support.store import Store, query


@pytest.fixture
def app(store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[App]:
    """The application on the same database as the store."""
    monkeypatch.setenv("CHATMGR_DATABASE_URL", store.url)
    made = App()
    yield made
    made.close()


@pytest.fixture
def store(sqlite_store: Store) -> Store:
    """Only SQLite's bytes are ours."""
    return sqlite_store


@pytest.mark.parametrize("rewritten", [True, False], ids=["rewritten", "in place"])
@pytest.mark.parametrize("by", ["kinds", "text"])
def test_nothing_is_left_in_any_file(
    store: Store, app: App, home: Path, rewritten: bool, by: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not rewritten:
        monkeypatch.setattr(Scrub, "_rewriting_pays", lambda _self: False)
    for number in range(20):
        store.answer(f"question {number}", f"answer {number} is longer " * 40, f"c{number % 4}")
    planted = plant(store, plain=spaceless() if by == "text" else "")
    store.answer("after", "it", "c1")
    migrate.backup(store.url)
    (home / f".chatmgr-partial-{'a' * 12}").write_text(planted.secrets[0])
    (home / "pages").mkdir()
    page = home / "pages" / f"demo-{store.now('demo').id[:8]}.html"
    page.write_text("".join(planted.secrets) + planted.plain)
    words = planted.secrets if by == "kinds" else [planted.plain]
    assert sorted(in_files(home, words)) == sorted(words)
    store.reader.close()
    matcher: Matcher = SecretPatterns() if by == "kinds" else LiteralMatcher([planted.plain])
    _, remainder = scrub(app, matcher)
    assert (remainder.unscrubbed, remainder.backups) == ("", [])
    assert in_files(home, words) == []
    [backup] = (home / "backups").iterdir()
    for path in (home / "chatmgr.db", backup):
        with closing(sqlite3.connect(path)) as db:
            assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert db.execute("PRAGMA foreign_key_check").fetchall() == []
            [(marks,)] = db.execute("SELECT count(*) FROM messages WHERE content LIKE '%[removed]%'")
            assert marks == 2
            [(sha256, raw)] = db.execute("SELECT sha256, raw FROM items").fetchall()
            assert json.loads(raw)["result"] == f"sha256:{sha256}"
    assert len(indexed(store.url)) == len(indexed(f"sqlite:///{backup}"))


@pytest.mark.parametrize("past", PAST, ids=lambda path: path.stem)
def test_a_backup_of_any_schema(store: Store, app: App, home: Path, past: Path) -> None:
    (home / "backups").mkdir()
    copy = home / "backups" / f"chatmgr-schema-{past.stem}.db"
    with closing(sqlite3.connect(copy)) as old:
        old.executescript(past.read_text(encoding="utf-8"))
        before = old.execute("SELECT content FROM messages ORDER BY id").fetchall()
    _, remainder = scrub(app, LiteralMatcher(["hello one"]))
    assert remainder.backups == []
    assert b"hello" not in copy.read_bytes()
    with closing(sqlite3.connect(copy)) as new:
        after = new.execute("SELECT content FROM messages ORDER BY id").fetchall()
        assert new.execute("SELECT version_num FROM alembic_version").fetchall() == [(past.stem,)]
    assert after == [(row.replace("hello one", MARK),) for (row,) in before]


def test_what_was_found_in_named_conversations_goes_from_backups(store: Store, app: App, home: Path) -> None:
    store.answer(f"mine {(mine := openai_key())}", "yes", "mine")
    store.answer(f"yours {(yours := openai_key())}", "yes", "yours")
    migrate.backup(store.url)
    scrub(app, SecretPatterns(), "mine")
    [backup] = (home / "backups").iterdir()
    assert mine.encode() not in backup.read_bytes()
    assert yours.encode() in backup.read_bytes()


def test_a_backup_that_cannot_be_read_is_named(store: Store, app: App, home: Path) -> None:
    store.answer(f"mine {openai_key()}", "yes")
    (home / "backups").mkdir()
    (broken := home / "backups" / "broken.db").write_bytes(b"SQLite format 3\0" + b"x" * 5000)
    findings, remainder = scrub(app, SecretPatterns())
    assert [backup.path for backup in remainder.backups] == [broken]
    assert remainder.backups[0].error
    assert len(findings.places) == 1
    assert MARK in query(store.url, "SELECT content FROM messages WHERE role = 'user'")[0][0]


def test_a_backup_whose_index_was_being_rebuilt(store: Store, app: App, home: Path) -> None:
    """It stays one that is to be rebuilt, without a word in it."""
    store.answer(f"mine {(secret := openai_key())}", "yes")
    with store.writer.database.begin() as db:
        rebuild.begin(db)
    with store.writer.database.begin() as db:
        rebuild.index_batch(db, HIGHEST)
    migrate.backup(store.url)
    scrub(app, SecretPatterns())
    [backup] = (home / "backups").iterdir()
    assert in_files(home / "backups", [secret]) == []
    assert query(f"sqlite:///{backup}", "SELECT value FROM meta WHERE key = 'search_indexed_from'") == [
        (str(HIGHEST),)
    ]
    migrate_url = f"sqlite:///{backup}"
    restored = Store(migrate_url)
    restored.writer.search_index.rebuild()
    assert len(indexed(migrate_url)) == 2
    restored.close()
