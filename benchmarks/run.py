"""Measures chatmgr against its neighbours: ``python -m benchmarks.run``.

Every figure is a ratio of two processes that ran one after the other in the same run, A B A B, so that
it means something on any machine. Wall is the clock, CPU and peak are the kernel's accounts of the
whole process, start-up included. The targets are on medians. ``searching``, ``summing``, ``inserting`` and
``index`` need a store of a million turns, ``importing`` an export of a gigabyte: ``--store DIR`` keeps them.
``BENCH_SMALL=1`` runs every item once at a hundredth of its size, and no target counts: CI sees that the
benchmarks work.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.deltas import deltas
from benchmarks.entering import entering
from benchmarks.forking import forking
from benchmarks.importing import importing
from benchmarks.inserting import index, inserting
from benchmarks.listing import listing
from benchmarks.long_answers import long_answers
from benchmarks.meter import Meter
from benchmarks.ratios import Result, table
from benchmarks.rendering import rendering
from benchmarks.resuming import resuming
from benchmarks.searching import searching
from benchmarks.sending import sending
from benchmarks.sizes import SMALL
from benchmarks.startup import startup
from benchmarks.streaming import streaming
from benchmarks.summing import summing

Item = Callable[[Meter, Path, int], Iterator[Result]]
ITEMS: dict[str, tuple[Item, int]] = {
    "startup": (startup, 25),
    "listing": (listing, 11),
    "streaming": (streaming, 5),
    "deltas": (deltas, 5),
    "resuming": (resuming, 11),
    "sending": (sending, 11),
    "rendering": (rendering, 5),
    "entering": (entering, 5),
    "long-answers": (long_answers, 5),
    "forking": (forking, 11),
    "searching": (searching, 11),
    "summing": (summing, 5),
    "importing": (importing, 1),
    "inserting": (inserting, 10),
    "index": (index, 1),
}
LARGE = {"searching", "summing", "importing", "inserting", "index"}  # on what takes minutes to make


def main() -> int:
    """Measure, print the table, and fail if a target was missed."""
    options = _options()
    results: list[Result] = []
    with tempfile.TemporaryDirectory(prefix="chatmgr-bench-") as folder, Meter(Path(folder)) as meter:
        for name in options.only or ITEMS:
            item, runs = ITEMS[name]
            place = (options.store or Path(folder) / "stores") if name in LARGE else Path(folder) / name
            place.mkdir(exist_ok=True, parents=True)
            for result in item(meter, place, options.runs or (1 if SMALL else runs)):
                results.append(result)
                if options.json:
                    print(json.dumps(result.as_json(), ensure_ascii=False), flush=True)
                else:
                    print(f"{name}: {result.what}, {result.against}", file=sys.stderr)
    if not options.json:
        print(table(results))
    return int(not SMALL and any(result.met is False for result in results))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.run", description="Print what chatmgr costs, as ratios."
    )
    parser.add_argument("--only", action="append", choices=list(ITEMS), help="one item; may be repeated")
    parser.add_argument("--runs", type=int, help="pairs of runs per ratio, after one that does not count")
    parser.add_argument(
        "--store",
        type=lambda text: Path(text).absolute(),
        metavar="DIR",
        help="keep the large stores there, and use those that are there; they take minutes to fill",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object per ratio")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
