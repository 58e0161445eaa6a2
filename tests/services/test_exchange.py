"""``push`` and ``pull``: machines with a database each, and one that all of them exchange with."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatmgr.domain.states import RunState
from chatmgr.store.writer import RunOutcome, ThreadKey
from tests.services.exchange_machines import Machine, contents, texts
from tests.store.tree_player import hasten
from tests.support.store import ENDPOINT, Store, query

SEEDS = [
    *range(7),
    *(pytest.param(range(first, first + 10), marks=pytest.mark.campaign) for first in range(100, 200, 10)),
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


def _names(machine: Machine) -> list[str]:
    machine.store.reader.close()
    return sorted(
        state.name for state in machine.store.reader.exchange.states().values() if not state.trashed
    )


def _questions(machine: Machine, name: str) -> list[str]:
    machine.store.reader.close()
    turns = machine.store.reader.turns.tail(machine.store.now(name), 100)
    return [turn.user for turn in turns]


def test_a_new_turn_is_all_that_goes_over(pair: tuple[Machine, Machine]) -> None:
    laptop, desktop = pair
    for number in range(3):
        laptop.store.answer(f"question {number}", "yes", f"c{number}")
    assert laptop.exchange().push().sent["new"] == 3
    laptop.store.answer("one more", "yes", "c1")
    report = laptop.exchange().push()
    assert (report.looked_at, report.sent["turns"], report.sent["runs"]) == (1, 1, 0)
    assert laptop.exchange().push().looked_at == 0
    assert desktop.exchange().pull().received["turns"] == 4
    assert desktop.exchange().push().sent["turns"] == 0


def test_what_was_said_apart_is_kept_on_both_sides(pair: tuple[Machine, Machine]) -> None:
    laptop, desktop = pair
    laptop.store.answer("first", "yes")
    laptop.settle()
    desktop.settle()
    desktop.store.answer("from the desktop", "yes")
    laptop.store.answer("from the laptop", "yes")
    desktop.settle()
    assert laptop.settle().parted == [("plan", "plan-laptop")]
    desktop.settle()
    for machine in pair:
        assert _names(machine) == ["plan", "plan-laptop"]
        assert _questions(machine, "plan") == ["first", "from the desktop"]
        assert _questions(machine, "plan-laptop") == ["first", "from the laptop"]


def test_an_undo_counts_if_it_came_last(pair: tuple[Machine, Machine]) -> None:
    laptop, desktop = pair
    laptop.store.answer("first", "yes")
    laptop.settle()
    desktop.settle()
    desktop.store.answer("second", "yes")
    desktop.settle()
    laptop.store.writer.tree.move_tip(laptop.store.now().pk, 0, "undo")
    laptop.settle()
    desktop.settle()
    assert _questions(laptop, "plan") == _questions(desktop, "plan") == []
    assert desktop.store.reader.tree.last_position(desktop.store.now().pk) == 2  # redo brings both back


def test_the_newest_name_title_and_tag_count(pair: tuple[Machine, Machine]) -> None:
    laptop, desktop = pair
    laptop.store.answer("first", "yes")
    laptop.settle()
    desktop.settle()
    desktop.store.writer.conversations.rename({desktop.store.now().pk: "older"})
    laptop.store.writer.conversations.rename({laptop.store.now().pk: "newer"})
    laptop.store.writer.conversations.tag([laptop.store.now("newer").pk], ["work"], [])
    desktop.store.writer.conversations.set_title(desktop.store.now("older").pk, "A title")
    for machine in (laptop, desktop, laptop):  # the older one comes last
        machine.settle()
    for machine in pair:
        assert _names(machine) == ["newer"]
        conversation = machine.store.now("newer")
        assert (conversation.title, list(conversation.tags)) == ("A title", ["work"])
    desktop.store.writer.conversations.tag([desktop.store.now("newer").pk], [], ["work"])
    desktop.settle()
    laptop.settle()
    assert list(laptop.store.now("newer").tags) == []


def test_two_conversations_of_one_name_stay_two(pair: tuple[Machine, Machine]) -> None:
    laptop, desktop = pair
    laptop.store.answer("from the laptop", "yes")
    desktop.store.answer("from the desktop", "yes")
    for machine in (laptop, desktop, laptop, desktop):
        machine.settle()
    assert _names(laptop) == _names(desktop) == ["plan", "plan-2"]
    assert _questions(laptop, "plan") == ["from the laptop"]
    assert _questions(desktop, "plan") == ["from the desktop"]
    assert not any(desktop.exchange().push().sent.values())


@pytest.mark.parametrize("for_good", [False, True])
def test_what_was_deleted_here_stays_deleted_here(pair: tuple[Machine, Machine], for_good: bool) -> None:
    laptop, desktop = pair
    laptop.store.answer("first", "yes")
    laptop.settle()
    desktop.settle()
    pk = laptop.store.now().pk
    laptop.store.writer.trash.put([pk])
    if for_good:
        laptop.store.writer.trash.purge([pk])
    desktop.store.answer("second", "yes")
    desktop.settle()
    laptop.settle()
    assert _names(laptop) == []
    assert _names(desktop) == ["plan"]
    assert laptop.exchange().send_deletions() == 1
    desktop.settle()
    assert _names(desktop) == ["plan"]  # nothing is deleted elsewhere
    assert not laptop.exchange().deletions()


def test_a_turn_that_is_being_answered_waits(pair: tuple[Machine, Machine]) -> None:
    laptop, desktop = pair
    run = laptop.store.open("first")
    assert laptop.exchange().push().left == ["plan"]
    laptop.store.writer.runs.close(run, RunOutcome(RunState.COMPLETED, "yes", thread_synced=True))
    assert laptop.exchange().push().sent["new"] == 1
    desktop.settle()
    assert _questions(desktop, "plan") == ["first"]


def test_a_thread_at_a_server_belongs_to_both(pair: tuple[Machine, Machine]) -> None:
    laptop, desktop = pair
    laptop.store.answer("first", "yes")
    key = ThreadKey(laptop.store.now().pk, "openai", ENDPOINT)
    laptop.store.writer.threads.set(key, "conv_1", 1)
    laptop.settle()
    desktop.settle()
    desktop.store.answer("second", "yes")  # in the same thread
    desktop.settle()
    laptop.settle()
    held = "SELECT remote_id, synced, doubtful FROM threads"
    assert [tuple(map(int, row[1:])) for row in query(laptop.store.url, held)] == [(2, 0)]
