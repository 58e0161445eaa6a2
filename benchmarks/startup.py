"""Cold start of ``--help``: a new process each time, nothing kept from the one before but compiled files."""

from collections.abc import Iterator
from pathlib import Path

from benchmarks.meter import Meter, chatmgr, python, same
from benchmarks.ratios import Result, compare

TARGET = 1.3


def startup(meter: Meter, folder: Path, runs: int) -> Iterator[Result]:
    """``--help`` against an interpreter that does nothing, and against one that imports Click."""
    found = meter.alternate(
        {
            "help": same(chatmgr("--help", home=folder)),
            "click": same(python("import click")),
            "pass": same(python("pass")),
        },
        runs,
    )
    yield compare("--help", "import click", "wall", (found["help"], found["click"]), TARGET)
    yield compare("--help", "import click", "cpu", (found["help"], found["click"]))
    yield compare("--help", "python -c pass", "wall", (found["help"], found["pass"]))
