"""Databases as earlier versions left them, with more in them where that matters, and their rows."""

import json
import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from chatmgr.store import migrate
from chatmgr.store.location import sqlite_path
from tests.support.store import connected

PAST = sorted(Path(__file__).with_name("past").glob("*.sql"))
# Parents first.
TABLES = (
    *("assistants", "assistant_versions", "remote_assistants", "branches", "conversations", "path_segments"),
    *("tags", "threads", "journal", "sources", "turns", "runs", "messages", "answer_parts", "blobs", "items"),
    *("attachments", "remote_files"),
)
BEFORE_THE_TREE = PAST[3]  # more turns can be added to it, a row each
_WITHOUT_ID = {"tags", "answer_parts", "blobs", "path_segments", "sources"}
_JSON = {"assistant_versions.params", "journal.detail", "items.content"}
_MORE = """WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {count})"""
_CONVERSATION = """INSERT INTO conversations (id, key, name, title, assistant_id, model, provider, turns,
last_run_id, created_at, updated_at, used_at, folder)
VALUES (100, 'abcdabcdabcdabcd', 'long', 'Long', 1, '', 'openai', {count}, 1000 + {count},
'2026-11-27 02:00:00.000000', '2026-11-27 02:00:00.000000', '2026-11-27 02:00:00.000000', '')"""
_TURNS = """INSERT INTO turns (id, conversation_id, position, run_id, created_at, stamp)
{more} SELECT 1000 + n, 100, n, 1000 + n, '2026-11-27 02:00:00.' || printf('%06d', n), 1000 + n FROM n"""
_RUNS = """INSERT INTO runs (id, turn_id, conversation_id, assistant_version_id, provider, model, state,
detail, error, thread_id, remote_id, started_at, pid, host, cost)
{more} SELECT 1000 + n, 1000 + n, 100, 1, 'openai', 'gpt-x', 'completed', '', '', '', '',
'2026-11-27 02:00:00.' || printf('%06d', n), 1, 'here', n FROM n"""
_QUESTIONS = """INSERT INTO messages (id, turn_id, run_id, role, content, created_at)
{more} SELECT 10000 + n, 1000 + n, NULL, 'user', 'question ' || n, '2026-11-27 02:00:00.000000' FROM n"""
_ANSWERS = """INSERT INTO messages (id, turn_id, run_id, role, content, created_at)
{more} SELECT 30000 + n, 1000 + n, 1000 + n, 'assistant', 'answer ' || n, '2026-11-27 02:00:00.000000'
FROM n"""

Rows = dict[str, dict[object, dict[str, object]]]


def load(url: str, past: Path, turns: int = 0) -> Rows:
    """Make a SQLite database as it was kept, with so many turns more; returns its rows.

    Only one of ``BEFORE_THE_TREE`` takes more turns.
    """
    path = sqlite_path(url)
    assert path is not None
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as old:
        old.executescript(past.read_text(encoding="utf-8"))
        if turns:
            more = _MORE.format(count=turns)
            for statement in (_CONVERSATION, _TURNS, _RUNS, _QUESTIONS, _ANSWERS):
                old.execute(statement.format(count=turns, more=more))
        old.commit()
    return rows(url)


def load_postgres(url: str, source: Rows, patch: pytest.MonkeyPatch, revision: str) -> Rows:
    """Make a PostgreSQL database of an earlier revision, with the rows of a SQLite one; returns its rows."""
    with patch.context() as earlier:
        earlier.setattr(migrate, "HEAD", revision)
        migrate.upgrade(url)
    with psycopg.connect(url) as db:
        for table in filter(source.__contains__, TABLES):
            kinds: dict[str, str] = dict(
                db.execute(
                    "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = %s",
                    [table],
                ).fetchall()
            )
            for row in source[table].values():
                values = [_as_postgres(value, kinds[name]) for name, value in row.items()]
                places = ", ".join(["%s"] * len(values))
                db.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({places})".encode(), values)
            if table not in _WITHOUT_ID:
                sequence = f"pg_get_serial_sequence('{table}', 'id')"
                db.execute(f"SELECT setval({sequence}, (SELECT max(id) FROM {table}))".encode())
    return rows(url)


def _as_postgres(value: Any, kind: str) -> Any:
    if value is None:
        return None
    if kind == "json":
        return json.dumps(value)
    return bool(value) if kind == "boolean" else value


def rows(url: str) -> Rows:
    """All rows, by table and primary key, the same from either database."""
    found: Rows = {}
    with connected(url) as db:
        for table in TABLES:
            try:
                cursor = db.execute(f"SELECT * FROM {table}")
            except (sqlite3.OperationalError, psycopg.errors.UndefinedTable):
                continue
            names = [column[0] for column in cursor.description]
            records = [
                {name: _portable(table, name, value) for name, value in zip(names, row, strict=True)}
                for row in cursor
            ]
            keys = names[:1] if table not in _WITHOUT_ID else names[:2]
            found[table] = {tuple(record[key] for key in keys): record for record in records}
    return found


def _portable(table: str, name: str, value: Any) -> object:
    if name.endswith("_at") and value is not None:
        return value if isinstance(value, datetime) else datetime.fromisoformat(f"{value}+00:00")
    if f"{table}.{name}" in _JSON:
        return json.loads(value) if isinstance(value, str) else value
    return bytes(value) if isinstance(value, bytes | memoryview) else value


def lost(before: Rows, after: Rows) -> list[str]:
    """What of rows is no longer there, or not as it was. Turns are on the branch of their conversation."""
    problems = []
    for table, records in before.items():
        for key, record in records.items():
            kept = after[table].get(key)
            if kept is None:
                problems.append(f"{table} {key} is gone")
                continue
            for name, value in record.items():
                column = (
                    "branch_id"
                    if (table, name) == ("turns", "conversation_id") and name not in kept
                    else name
                )
                if column in kept and kept[column] != value:
                    problems.append(f"{table} {key}: {name} was {value!r}, is {kept[column]!r}")
                elif column not in kept:
                    problems.append(f"{table} has no column {name}")
    return problems
