"""A million turns counted and checked: ``stats`` against one bare scan, a quick check against a whole one."""

from collections.abc import Iterator
from pathlib import Path

from benchmarks.fill import filled
from benchmarks.meter import Meter, chatmgr, python, same
from benchmarks.ratios import Result, compare
from benchmarks.searching import TURNS

STATS, QUICK = 4.0, 0.3
_SCAN = """
import sqlite3
db = sqlite3.connect({path!r})
sums = ", ".join(f"sum({{name}})" for name in ("input_tokens", "output_tokens", "cached_tokens", "cost"))
print(db.execute(f"SELECT count(*), {{sums}} FROM runs").fetchone())
"""


def summing(meter: Meter, folder: Path, runs: int) -> Iterator[Result]:
    """Each command on the large store, and what it is measured against, in turn."""
    large = filled(folder / f"{TURNS}", TURNS)
    commands = {
        "stats": same(chatmgr("stats", home=large)),
        "scan": same(python(_SCAN.format(path=str(large / "chatmgr.db")))),
    }
    samples = meter.alternate(commands, runs)
    yield compare(f"stats at {TURNS:,}", "one scan", "cpu", (samples["stats"], samples["scan"]), STATS)
    commands = {
        "quick": same(chatmgr("db", "check", "--quick", home=large)),
        "whole": same(chatmgr("db", "check", home=large)),
    }
    samples = meter.alternate(commands, 1)
    yield compare("db check --quick", "db check", "cpu", (samples["quick"], samples["whole"]), QUICK)
