"""Lossless exports that come back in small batches, are interrupted, or were changed by somebody."""

import json
import random
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from chatmgr.services.imports import own_exports
from chatmgr.store import integrity, migrate
from tests.store.test_restore import content, exported, played, restore
from tests.support.sample_stores import fill
from tests.support.store import Store

STRANGE: tuple[Any, ...] = (None, "zz", 10**30, -1, 0.5, [], {}, True)
Place = tuple[str | int, ...]


@pytest.fixture
def source(home: Path) -> str:
    (home / "from").mkdir(parents=True)
    return f"sqlite:///{home / 'from' / 'chatmgr.db'}"


@pytest.mark.parametrize("seed", [3, 4])
@pytest.mark.parametrize("after", [1, 2])
def test_what_was_interrupted_goes_on(
    store: Store, source: str, monkeypatch: pytest.MonkeyPatch, seed: int, after: int
) -> None:
    """Each conversation is a batch, and some of them are there already when the rest comes."""
    monkeypatch.setattr(own_exports, "_BATCH", 1)
    with played(source, seed):
        text = exported(source)
    monkeypatch.setattr(own_exports, "interrupts", _Stops(after))
    with pytest.raises(KeyboardInterrupt):
        restore(store.url, text)
    monkeypatch.setattr(own_exports, "interrupts", _Stops(1000))
    assert restore(store.url, text).faults == []
    assert content(exported(store.url)) == content(text)
    assert integrity.damage(store.url) == []
    assert migrate.check_search(store.url)


class _Stops:
    """Ctrl-C after some batches."""

    def __init__(self, after: int) -> None:
        self._left = after

    def check_work(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise KeyboardInterrupt


def _places(value: Any, before: Place = ()) -> Iterator[Place]:
    """Where the fields of a record are."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, inner in pairs:
        yield (*before, name)
        yield from _places(inner, (*before, name))


def _changed(lines: list[str], seed: int) -> str:
    """An export with one field of another kind, or without it."""
    chance = random.Random(seed)
    records = [json.loads(line) for line in lines]
    record = chance.choice(records[1:-1])
    *way, last = chance.choice([place for place in _places(record) if place[0] != "type"])
    inner: Any = record
    for step in way:
        inner = inner[step]
    if chance.random() < 0.2:
        del inner[last]
    else:
        inner[last] = chance.choice(STRANGE)
    return "".join(json.dumps(each) + "\n" for each in records)


def test_what_somebody_changed_is_a_fault_and_damages_nothing(store: Store, source: str) -> None:
    fill(source)
    lines = exported(source).splitlines()
    faults = 0
    for seed in range(80):
        faults += bool(restore(store.url, _changed(lines, seed)).faults)
    assert faults > 5
    assert migrate.check_search(store.url)


def test_a_bad_conversation_does_not_stop_the_others(store: Store, source: str) -> None:
    with closing(Store(source)) as there:
        for name in ("first", "second", "third"):
            there.answer("one", "1", name)
    records = [json.loads(line) for line in exported(source).splitlines()]
    bad = next(record for record in records if record.get("name") == "second")
    bad["turns"] = "many"
    report = restore(store.url, "".join(json.dumps(record) + "\n" for record in records))
    [fault] = report.faults
    assert (fault.place.id, report.of("chatmgr", "").new) == (bad["key"], 2)
    assert "conversations.turns" in fault.reason
    assert [store.now(name).turns for name in ("first", "third")] == [1, 1]
    assert integrity.damage(store.url) == []
