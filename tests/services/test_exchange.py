"""``push`` and ``pull``: machines with a database each, and one that all of them exchange with."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services.exchange_machines import Machine, contents, texts
from tests.store.tree_player import hasten
from tests.support.store import Store

SEEDS = [
    *range(12),
    *(pytest.param(range(first, first + 100), marks=pytest.mark.campaign) for first in range(100, 3100, 100)),
]
LONGEST = 60  # deeds in a schedule


def _machines(folder: Path, server: Store, *names: str) -> list[Machine]:
    made = [Machine(name, Store(f"sqlite:///{folder / name}.db"), server) for name in names]
    for machine in made:
        hasten(machine.store)
    return made


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[Machine, Machine]]:
    """Two machines and the server between them."""
    server = Store(f"sqlite:///{tmp_path / 'server.db'}")
    laptop, desktop = _machines(tmp_path, server, "laptop", "desktop")
    yield laptop, desktop
    for store in (laptop.store, desktop.store, server):
        store.close()


@pytest.mark.parametrize("seeds", SEEDS)
def test_nothing_is_lost_whatever_the_schedule(tmp_path: Path, seeds: int | range) -> None:
    for seed in [seeds] if isinstance(seeds, int) else seeds:
        folder = tmp_path / str(seed)
        folder.mkdir()
        server = Store(f"sqlite:///{folder / 'server.db'}")
        hasten(server)
        _schedule(folder, server, seed)
        server.close()


def test_a_postgresql_server_serves_as_well(tmp_path: Path, postgres_store: Store) -> None:
    _schedule(tmp_path, postgres_store, 1)


def _schedule(folder: Path, server: Store, seed: int) -> None:
    chance = random.Random(seed)
    machines = _machines(folder, server, "ada", "bob", "cy")
    rarely = bool(seed % 3)
    log: list[str] = []
    said: dict[str, str] = {}
    try:
        for _ in range(LONGEST):
            machine = chance.choice(machines)
            log.append(machine.work(chance, rarely=rarely))
            said |= texts(machine.store)
        for _ in range(2):
            for machine in machines:
                machine.settle()
        problem = _difference(machines, server, said, rarely)
    except Exception as error:
        lines = "\n".join(log)
        raise AssertionError(f"seed {seed}:\n{lines}") from error
    finally:
        for machine in machines:
            machine.store.close()
    assert not problem, f"seed {seed}: {problem}\n" + "\n".join(log)


def _difference(machines: list[Machine], server: Store, said: dict[str, str], rarely: bool) -> str:
    """What is wrong after everybody pushed and pulled twice; "" for nothing."""
    every = {machine.name: contents(machine.store) for machine in machines} | {"server": contents(server)}
    gone = {
        key
        for store in (server, *(machine.store for machine in machines))
        for key in (
            *store.reader.exchange.deleted(),
            *(key for key, state in store.reader.exchange.states().items() if state.trashed),
        )
    }
    for name, found in every.items():
        for key, conversation in found.items():
            there = every["server"].get(key)
            if key not in gone and conversation != there:
                other = there or {}
                fields = [field for field in conversation if conversation[field] != other.get(field)]
                return f"{key} differs on {name}: {[(conversation[f], other.get(f)) for f in fields]}"
    if not rarely:
        for store in (server, *(machine.store for machine in machines)):
            if texts(store) != said:
                return f"{store.url} has other turns: {texts(store).keys() ^ said.keys()}"
    for machine in machines:
        report = machine.settle()
        if any((report.sent | report.received).values()):
            return f"{machine.name} still had something: {report}"
    return _unsound([server, *(machine.store for machine in machines)])


def _unsound(stores: list[Store]) -> str:
    for store in stores:
        store.reader.close()
        for statement in (
            "meta.miscounted",
            "meta.without_message",
            "meta.broken_paths",
            "meta.lost_branches",
        ):
            if rows := list(store.reader.meta._session.rows(statement, lambda _: list)):
                return f"{store.url}: {statement}: {rows}"
    return ""
