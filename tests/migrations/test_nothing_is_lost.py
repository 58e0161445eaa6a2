"""Upgrades of the databases that were kept lose no row and no value, on both databases, and give keys."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from chatmgr.domain.filters import Filters
from chatmgr.services.export import Exporter
from chatmgr.store import integrity, migrate
from chatmgr.store.reader import Reader
from tests.formats.test_lossless import flattened, of_lines
from tests.migrations.past_databases import BEFORE_THE_TREE, PAST, Rows, load, load_postgres, lost, rows
from tests.support.store import Store, query

_KEYS = {
    "tags": ["conversation_id", "name"],
    "blobs": ["sha256", "size"],
    "path_segments": ["conversation_id", "first"],
    "sources": ["kind", "source_id"],
}
_KEYED = {
    "turns": "created_at",
    "runs": "started_at",
    "branches": "created_at",
    "assistant_versions": "created_at",
}
_UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def _check_export(url: str, before: Rows) -> None:
    """A lossless export holds every row of before, of conversations that are not in the trash."""
    with Reader(url) as reader:
        chosen = reader.export.chosen(Filters(archived=None))
        exported = flattened(of_lines("".join(Exporter(reader).pieces(chosen, "jsonl"))))
    after: Rows = {}
    for table in before:
        if table == "answer_parts":  # the export has the message that they are part of
            continue
        keys = _KEYS.get(table, ["id"])
        after[table] = {tuple(record[key] for key in keys): record for record in exported[table]}
    wanted = {table: records for table, records in before.items() if table in after}
    assert lost(wanted, after) == []


def _check_keys(url: str) -> None:
    """Keys are UUIDs of version 7, each of the time of its row, and none is there twice."""
    keys: list[str] = []
    for table, column in _KEYED.items():
        for key, at in query(url, f"SELECT key, {column} FROM {table}"):
            moment = at if isinstance(at, datetime) else datetime.fromisoformat(f"{at}+00:00")
            assert _UUID7.fullmatch(key), (table, key)
            milliseconds = int(key.replace("-", "")[:12], 16)
            assert datetime.fromtimestamp(milliseconds / 1000, UTC) <= moment.astimezone(UTC)
            assert abs(milliseconds / 1000 - moment.timestamp()) < 0.002
            keys.append(key)
    assert len(keys) == len(set(keys)) > 0


def _check(url: str, before: Rows) -> None:
    assert lost(before, rows(url)) == []
    _check_export(url, before)
    _check_keys(url)
    assert integrity.damage(url) == []
    assert migrate.check_search(url)
    store = Store(url)
    count = store.now("demo").turns
    assert store.answer("and on it goes", "as before", "demo").position == count + 1
    store.writer.tree.fork(store.now("demo").pk, 3, "fork")
    assert [turn.turn for turn in store.reader.turns.list(store.now("fork"))] == [1, 2, 3]
    store.close()


@pytest.mark.parametrize("past", PAST, ids=lambda path: path.stem)
def test_sqlite(sqlite_url: str, past: Path) -> None:
    before = load(sqlite_url, past)
    assert migrate.upgrade(sqlite_url)[0] == past.stem
    _check(sqlite_url, before)


def test_sqlite_with_many_turns(sqlite_url: str) -> None:
    before = load(sqlite_url, BEFORE_THE_TREE, 3_000)
    migrate.upgrade(sqlite_url)
    _check(sqlite_url, before)


@pytest.mark.parametrize(("past", "more"), [(BEFORE_THE_TREE, 500), (PAST[-1], 0)], ids=["0004", "newest"])
def test_postgresql(
    postgres_url: str, sqlite_url: str, monkeypatch: pytest.MonkeyPatch, past: Path, more: int
) -> None:
    before = load_postgres(postgres_url, load(sqlite_url, past, more), monkeypatch, past.stem)
    assert migrate.upgrade(postgres_url) == (past.stem, None)
    _check(postgres_url, before)
