"""A million turns against none: listing, showing, completing and searching, each a new process.

Showing is measured against a store that holds nothing but a conversation of the same name and length.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from benchmarks.fill import fill, filled
from benchmarks.meter import Command, Meter, chatmgr, same
from benchmarks.prose import COMMON, RARE
from benchmarks.ratios import Result, compare
from benchmarks.sizes import size
from benchmarks.timeline import Kind
from chatmgr.store.writer import Writer

TURNS = size(1_000_000)
SAME, FAST, TWICE = 1.15, 1.2, 2.0
_LENGTH = 40
_SHOWN = "SELECT name FROM conversations WHERE turns = ? AND deleted_at IS NULL ORDER BY id DESC LIMIT 1"


def completion(home: Path, line: str = "chatmgr resume tri") -> Command:
    """What bash calls at a Tab."""
    env = {
        "_CHATMGR_COMPLETE": "bash_complete",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(line.split()) - 1),
    }
    return chatmgr(home=home, env=env)


def empty(home: Path) -> Path:
    """A home whose store has no turn yet."""
    Writer(f"sqlite:///{home / 'chatmgr.db'}").close()
    return home


def searching(meter: Meter, folder: Path, runs: int) -> Iterator[Result]:
    """Each command on the large store and on the one it is measured against, in turn."""
    large, nothing = filled(folder / f"{TURNS}", TURNS), empty(folder / "0")
    with closing(sqlite3.connect(large / "chatmgr.db")) as db:
        [name] = db.execute(_SHOWN, (_LENGTH,)).fetchone()
    alone = folder / "alone" / name
    if not alone.exists():
        fill(alone, 0, {name: (_LENGTH, Kind())})
    for words, small, target in (
        ((), nothing, SAME),
        ((f"{name}@-1",), alone, SAME),
        ((name, "-n", "5"), alone, SAME),
        (("-q", RARE), nothing, FAST),
        (("-q", COMMON), nothing, TWICE),
        (("-q", COMMON, "--newest"), nothing, FAST),
    ):
        commands = {home: chatmgr("history", *words, home=home) for home in (large, small)}
        yield _compared(meter, runs, " ".join(("history", *words)), commands, target)
    yield _compared(
        meter, runs, "completing a name", {home: completion(home) for home in (large, nothing)}, SAME
    )


def _compared(meter: Meter, runs: int, what: str, commands: dict[Path, Command], target: float) -> Result:
    large, small = commands
    samples = meter.alternate({str(home): same(command) for home, command in commands.items()}, runs)
    if not samples[str(large)][0].output.strip():
        raise RuntimeError(f"{what} printed nothing on a store of {TURNS:,} turns")
    against = "only that conversation" if small.parent.name == "alone" else "an empty store"
    return compare(what, against, "wall", (samples[str(large)], samples[str(small)]), target)
