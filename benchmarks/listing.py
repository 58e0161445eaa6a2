"""Listing and showing on 100,000 turns, against imports, the ``sqlite3`` shell and a small store."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from benchmarks.fill import fill
from benchmarks.meter import Command, Meter, chatmgr, python, same
from benchmarks.ratios import Result, compare
from benchmarks.shell import MISSING, SHELL, shell
from benchmarks.sizes import size
from chatmgr.domain.filters import EVERYTHING

TARGET = 0.6
TURNS, FEW = size(100_000), size(1_000)


def listing(meter: Meter, folder: Path, runs: int) -> Iterator[Result]:
    """The list, the tail of a long conversation, one turn of it; then the whole of it."""
    home, small = folder / "large", folder / "small"
    fill(home, TURNS)
    fill(small, FEW)
    meter.run(chatmgr("db", "check", home=home))
    database = home / "chatmgr.db"
    pk, branch, name, turns = _longest(database)
    path = {"conversation": pk, "branch": branch, "last": turns}
    yield from _verb(
        meter,
        runs,
        "history",
        chatmgr("history", home=home),
        shell(database, "conversations.list", limit=20, **EVERYTHING.values()),
    )
    tail = chatmgr("history", name, "-n", "5", home=home)
    yield from _verb(
        meter, runs, "history NAME -n 5", tail, shell(database, "turns.list", first=turns - 4, **path)
    )
    last = chatmgr("history", f"{name}@-1", home=home)
    yield from _verb(meter, runs, "history NAME@-1", last, shell(database, "turns.list", first=turns, **path))
    yield from _growth(meter, runs, home, small)
    shown = {"whole": same(chatmgr("history", name, home=home))}
    if command := shell(database, "turns.list", first=1, **path):
        samples = meter.alternate(shown | {SHELL: same(command)}, runs)
        yield compare(f"history NAME ({turns:,} turns)", SHELL, "wall", (samples["whole"], samples[SHELL]))


def _verb(meter: Meter, runs: int, what: str, ours: Command, bare: Command | None) -> Iterator[Result]:
    commands = {
        "ours": ours,
        "import openai": python("import openai"),
        "import click": python("import click"),
    }
    commands["python -c pass"] = python("pass")
    if bare:
        commands[SHELL] = bare
    samples = meter.alternate({key: same(command) for key, command in commands.items()}, runs)
    mine = samples.pop("ours")
    for against, theirs in samples.items():
        target = TARGET if against == "import openai" else None
        yield compare(what, against, "wall", (mine, theirs), target)
    yield compare(what, "import openai", "cpu", (mine, samples["import openai"]))
    if not bare:
        yield Result(what, SHELL, "wall", (), note=MISSING)


def _growth(meter: Meter, runs: int, large: Path, small: Path) -> Iterator[Result]:
    samples = meter.alternate(
        {"large": same(chatmgr("history", home=large)), "small": same(chatmgr("history", home=small))}, runs
    )
    against = f"on {FEW:,} turns"
    yield compare(f"history on {TURNS:,} turns", against, "wall", (samples["large"], samples["small"]))


def _longest(database: Path) -> tuple[int, int, str, int]:
    with closing(sqlite3.connect(database)) as connection:
        row = connection.execute(
            "SELECT id, branch_id, name, turns FROM conversations ORDER BY turns DESC LIMIT 1"
        ).fetchone()
    return int(row[0]), int(row[1]), str(row[2]), int(row[3])
