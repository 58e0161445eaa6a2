"""Cold start: a new process each time, nothing kept from the one before but compiled files."""

from collections.abc import Iterator
from pathlib import Path

from benchmarks.fill import fill
from benchmarks.meter import Command, Meter, chatmgr, python, same
from benchmarks.ratios import Result, compare
from benchmarks.searching import completion
from benchmarks.shell import SHELL, shell
from benchmarks.sizes import size
from chatmgr.domain.filters import EVERYTHING

TARGET, HALF = 1.3, 0.5
TURNS = size(1_000)
_ORM = "import sqlalchemy.orm, click"


def startup(meter: Meter, folder: Path, runs: int) -> Iterator[Result]:
    """``--help`` against an interpreter that does nothing, and against one that imports Click; then what
    reads the store, against the libraries that are not needed for it.
    """
    samples = meter.alternate(
        {
            "help": same(chatmgr("--help", home=folder)),
            "click": same(python("import click")),
            "pass": same(python("pass")),
        },
        runs,
    )
    yield compare("--help", "import click", "wall", (samples["help"], samples["click"]), TARGET)
    yield compare("--help", "import click", "cpu", (samples["help"], samples["click"]))
    yield compare("--help", "python -c pass", "wall", (samples["help"], samples["pass"]))
    fill(folder, TURNS)
    database = folder / "chatmgr.db"
    listed = shell(database, "conversations.list", limit=20, **EVERYTHING.values())
    yield from _reading(meter, runs, "history", chatmgr("history", home=folder), listed)
    named = shell(database, "conversations.names", low="tri", high="tri\U0010ffff", limit=50)
    yield from _reading(meter, runs, "completing a name", completion(folder), named)


def _reading(meter: Meter, runs: int, what: str, ours: Command, bare: Command | None) -> Iterator[Result]:
    commands = {"ours": ours, _ORM: python(_ORM), "import click": python("import click")}
    commands["python -c pass"] = python("pass")
    if bare:
        commands[SHELL] = bare
    samples = meter.alternate({key: same(command) for key, command in commands.items()}, runs)
    mine = samples.pop("ours")
    for against, theirs in samples.items():
        yield compare(what, against, "wall", (mine, theirs), HALF if against == _ORM else None)
    yield compare(what, _ORM, "cpu", (mine, samples[_ORM]))
