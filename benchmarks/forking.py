"""Forks of a conversation of 100,000 turns, and lists of conversations that were forked a thousand times."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from benchmarks.fill import fill
from benchmarks.meter import Meter, chatmgr, same
from benchmarks.ratios import Result, compare
from benchmarks.sizes import size
from benchmarks.timeline import Kind
from chatmgr.store.reader import Reader
from chatmgr.store.writer import Writer

LONG, SHORT, FORKS = size(100_000), 10, size(1_000)
AROUND = size(1_000)  # turns of other conversations
FORK_TARGET = 1.1
LIST_TARGET = 1.05
BYTES = 8_192  # of the file, for a fork


def forking(meter: Meter, folder: Path, runs: int) -> Iterator[Result]:
    """A fork in the middle of a long and of a short conversation; what it adds; lists, search and tail."""
    home, unforked = folder / "forked", folder / "unforked"
    kind = Kind("wire", endpoint="", thread="")
    fill(home, AROUND, {"long": (LONG, kind), "short": (SHORT, kind)})
    shutil.copytree(home, unforked)
    commands = {
        name: [chatmgr("fork", f"{name}@{turns // 2}", home=home) for _ in range(runs + 1)]
        for name, turns in (("long", LONG), ("short", SHORT))
    }
    samples = meter.alternate({name: iter(each).__next__ for name, each in commands.items()}, runs)
    what = f"fork of {LONG:,} turns"
    yield compare(what, f"of {SHORT} turns", "cpu", (samples["long"], samples["short"]), FORK_TARGET)
    yield Result(f"{FORKS:,} forks", f"{BYTES:,} bytes each", "bytes", [(_fork(home), BYTES * FORKS)], 1.0)
    for arguments in (("history",), ("history", "long", "-n", "5"), ("history", "-q", "budget")):
        pair = {place.name: same(chatmgr(*arguments, home=place)) for place in (home, unforked)}
        samples = meter.alternate(pair, runs)
        sides = samples["forked"], samples["unforked"]
        yield compare(f"{' '.join(arguments)}, {FORKS:,} forks", "none", "cpu", sides, LIST_TARGET)


def _fork(home: Path) -> float:
    """Fork the long conversation many times; returns by how many bytes the file grew."""
    url = f"sqlite:///{home / 'chatmgr.db'}"
    with Reader(url) as reader:
        source = reader.conversations.get("long").pk
    before = _bytes(home)
    with closing(Writer(url)) as writer:
        for number in range(FORKS):
            writer.tree.fork(source, LONG // 2, f"fork-{number}")
    return _bytes(home) - before


def _bytes(home: Path) -> float:
    """The size of the database with its log."""
    return float(sum(path.stat().st_size for path in home.glob("chatmgr.db*")))
