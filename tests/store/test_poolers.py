"""Locks behind a real PgBouncer: kept in session mode; in the other modes they would be lost, so refused."""

from typing import Any

import psycopg
import pytest

from chatmgr.domain.errors import DatabaseUnreachable
from chatmgr.store import locks
from chatmgr.store.connection import PostgresSource
from tests.support.pgbouncer import pooled

NUMBER = 7


def _advisory_locks(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database"
            " WHERE locktype = 'advisory' AND datname = current_database()"
        ).fetchone()
        assert row
        return int(row[0])


@pytest.mark.parametrize("wait", [False, True])
@pytest.mark.parametrize("mode", ["transaction", "statement"])
def test_a_pooler_that_loses_locks_is_refused_and_none_stays_behind(
    postgres_url: str, mode: str, wait: bool
) -> None:
    with pooled(postgres_url, mode) as url:
        with pytest.raises(DatabaseUnreachable, match="pooler") as refused:
            locks.acquire(url, NUMBER, wait=wait)
        assert "pool_mode = session" in refused.value.hint
        assert not refused.value.passing
        assert _advisory_locks(postgres_url) == 0


def test_a_pooler_that_takes_its_processes_in_turn_is_refused(postgres_url: str) -> None:
    """Two processes, each connection asking by turns, would look like a process for each connection."""
    with pooled(postgres_url, "transaction", "server_round_robin = 1") as url:
        with psycopg.connect(url) as first, psycopg.connect(url) as second:
            first.execute("SELECT 1")
            second.execute("SELECT 1")  # at the same time: from now on, there are two
        with pytest.raises(DatabaseUnreachable, match="pooler"):
            locks.acquire(url, NUMBER, wait=False)


def test_in_session_mode_a_lock_keeps_others_out(postgres_url: str) -> None:
    with pooled(postgres_url, "session") as url:
        lock = locks.acquire(url, NUMBER, wait=False)
        with pytest.raises(BlockingIOError):
            locks.acquire(url, NUMBER, wait=False)
        with pytest.raises(BlockingIOError):
            locks.acquire(postgres_url, NUMBER, wait=False)
        lock.release()
        locks.acquire(postgres_url, NUMBER, wait=True).release()


def test_without_a_pooler_a_lock_is_one_question(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    ask = PostgresSource.ask

    def counted(source: PostgresSource, sql: str) -> list[tuple[Any, ...]]:
        asked.append(sql)
        return ask(source, sql)

    monkeypatch.setattr(PostgresSource, "ask", counted)
    lock = locks.acquire(postgres_url, NUMBER, wait=False)
    assert len(asked) == 1
    lock.release()
