"""Ctrl-C beside a PostgreSQL server that went silent: commands end within seconds, with one line."""

import signal
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.support.commands import AHEAD, TURN, one_line
from tests.support.processes import PATIENCE, Home, until
from tests.support.silent_proxy import SilentProxy
from tests.support.store import Store, query
from tests.wire import Fault, Gate, WireServer


@pytest.fixture
def proxy(migrated_postgres_url: str) -> Iterator[SilentProxy]:
    with SilentProxy(migrated_postgres_url) as running:
        yield running


@pytest.fixture
def silent_home(proxy: SilentProxy, tmp_path: Path) -> Iterator[Home]:
    """A home whose database is behind the proxy."""
    with Home(tmp_path / "home", proxy.url) as home:
        yield home


def test_within_an_answer(proxy: SilentProxy, silent_home: Home, migrated_postgres_url: str) -> None:
    """What cannot be written is not waited for; the next command picks the run up."""
    with WireServer() as wire:
        silent_home.provider("completions", wire.base_url)
        silent_home.conversation("demo", "completions")
        gate = Gate()
        wire.fault(Fault(kind="gate", match=TURN["completions"], after=AHEAD["completions"] + 3, gate=gate))
        running = silent_home.start("send", "demo", "first")
        gate.wait_reached(PATIENCE)
        until(lambda: running.out, "the first words")
        proxy.go_silent()
        running.signal(signal.SIGINT)
        done = running.wait()
        gate.open()
    assert (done.code, one_line(done)) == (
        130,
        "chatmgr: Stopped before all of it was saved. The next command on the conversation picks the run up.",
    )
    with Home(silent_home.folder.parent / "again", migrated_postgres_url) as again:
        [turn] = again.run("history", "demo", "--json").json()
    assert turn["user"] == "first"


@pytest.mark.parametrize("arguments", [("history",), ("archive", "demo"), ("db", "check")])
def test_connecting(proxy: SilentProxy, silent_home: Home, arguments: tuple[str, ...]) -> None:
    silent_home.conversation("demo", "openai")
    proxy.go_silent()
    running = silent_home.start(*arguments)
    until(lambda: proxy.unheard, "the connection that nobody answers")
    running.signal(signal.SIGINT)
    done = running.wait()
    assert (done.code, one_line(done)) == (130, "chatmgr: Interrupted.")


@pytest.mark.parametrize("silent", [False, True], ids=["listens", "silent"])
@pytest.mark.parametrize(
    ("table", "arguments"),
    [("turns", ("history", "demo")), ("tags", ("tag", "demo", "+x")), ("search", ("db", "reindex"))],
    ids=["reader", "writer", "long"],
)
def test_a_statement_that_does_not_end(
    proxy: SilentProxy,
    silent_home: Home,
    migrated_postgres_url: str,
    table: str,
    arguments: tuple[str, ...],
    silent: bool,
) -> None:
    """A server that listens is told to cancel it; one that does not is left alone."""
    store = Store(migrated_postgres_url)
    store.answer("question", "answer", "demo")
    store.close()
    waiting = (  # here: other tests' databases are on the same server
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    with psycopg.connect(migrated_postgres_url) as holder:
        holder.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE".encode())
        running = silent_home.start(*arguments)
        until(lambda: query(migrated_postgres_url, waiting) == [(1,)], "the statement that waits")
        if silent:
            proxy.go_silent()
        running.signal(signal.SIGINT)
        done = running.wait()
        assert (done.code, one_line(done)) == (130, "chatmgr: Interrupted.")
        if not silent:
            until(lambda: query(migrated_postgres_url, waiting) == [(0,)], "its end at the server")
