"""How often commands wait for a PostgreSQL server that is far away: counted, not timed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.commands import TURN
from tests.support.counting_proxy import CountingProxy
from tests.support.processes import PATIENCE, Home
from tests.wire import Fault, Gate, WireServer

# Until its request leaves, of all connections: 35, and more where a slow machine checks the schema again.
TRIPS_OF_A_TURN = 45


@pytest.fixture
def proxy(migrated_postgres_url: str) -> Iterator[CountingProxy]:
    with CountingProxy(migrated_postgres_url) as running:
        yield running


@pytest.fixture
def far_home(proxy: CountingProxy, tmp_path: Path) -> Iterator[Home]:
    """A home whose database is behind the proxy."""
    with Home(tmp_path / "home", proxy.url) as home:
        yield home


def _trips(proxy: CountingProxy, home: Home, *arguments: str) -> int:
    proxy.trips = 0
    home.run(*arguments)
    return proxy.trips


def test_round_trips(proxy: CountingProxy, far_home: Home) -> None:
    with WireServer() as wire:
        far_home.provider("completions", wire.base_url)
        far_home.conversation("demo", "completions")
        far_home.run("send", "demo", "hello")
        gate = Gate()
        wire.fault(Fault(kind="gate", match=TURN["completions"], after=0, gate=gate))
        proxy.trips = 0
        running = far_home.start("send", "demo", "again")
        gate.wait_reached(PATIENCE)
        until_it_leaves = proxy.trips
        gate.open()
        assert running.wait().code == 0
    assert 0 < until_it_leaves <= TRIPS_OF_A_TURN
    assert _trips(proxy, far_home, "history") == 2
    assert _trips(proxy, far_home, "runs") == 2
    assert _trips(proxy, far_home, "history", "demo") == 4
    assert _trips(proxy, far_home, "search", "hello") == 5
