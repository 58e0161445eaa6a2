"""Fills a SQLite store with turns: ``python -m benchmarks.fill N``."""

import argparse
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from benchmarks.filler import SEED, Filler, Kind
from chatmgr.store import engine
from chatmgr.store.ledger import Ledger


def fill(
    home: Path, turns: int, extra: Mapping[str, tuple[int, Kind]] | None = None, seed: int = SEED
) -> int:
    """Fill the store of a home, in one transaction, with a mix and with named conversations of a given
    length; returns how many conversations the mix has.
    """
    url = f"sqlite:///{home / 'chatmgr.db'}"
    Ledger(url).close()
    opened = engine.create(url)
    try:
        with opened.begin() as db:
            filler = Filler(db, seed)
            count = filler.mixed(turns)
            for name, (length, kind) in (extra or {}).items():
                filler.conversation(length, kind, name)
            filler.finish()
    finally:
        opened.dispose()
    return count


def main() -> None:
    """Fill a new store, and say where it is."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.fill", description="Fill a SQLite store with turns."
    )
    parser.add_argument("turns", type=int, help="how many turns, in all")
    parser.add_argument(
        "--home", type=Path, help="the CHATMGR_HOME to fill; a new temporary folder if left out"
    )
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args()
    home = (options.home or Path(tempfile.mkdtemp(prefix="chatmgr-fill-"))).absolute()
    began = time.monotonic()
    count = fill(home, options.turns, seed=options.seed)
    size = (home / "chatmgr.db").stat().st_size / 2**20
    seconds = time.monotonic() - began
    print(f"{options.turns:,} turns in {count:,} conversations, {size:,.0f} MB, in {seconds:.1f} s")
    print(f"export CHATMGR_HOME={home}")


if __name__ == "__main__":
    main()
