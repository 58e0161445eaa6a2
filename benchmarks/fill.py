"""Fills a SQLite store with turns: ``python -m benchmarks.fill N``."""

import argparse
import json
import sqlite3
import tempfile
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from benchmarks.filler import SEED, Filler
from benchmarks.timeline import Kind
from benchmarks.vocabulary import MIX, SCRIPTS
from chatmgr.store import migrate
from chatmgr.store.engine import tune_sqlite
from chatmgr.store.writer import Writer

STAMP = "filled.json"
EDITION = 1  # raise it when a store filled before is no longer what would be filled now
_CACHE = "PRAGMA cache_size=-400000"  # kilobytes
_CHECKPOINT = "PRAGMA wal_autocheckpoint=20000"  # pages


def fill(
    home: Path,
    turns: int,
    extra: Mapping[str, tuple[int, Kind]] | None = None,
    seed: int = SEED,
    mix: Mapping[str, float] = MIX,
) -> int:
    """Fill the store of a home with a mix and with named conversations of a given length; returns how
    many conversations it has.

    Without waiting for the disk: a store that a power cut spoils is filled again.
    """
    path = home / "chatmgr.db"
    Writer(f"sqlite:///{path}").close()
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        tune_sqlite(db)
        for pragma in ("PRAGMA synchronous=OFF", _CACHE, _CHECKPOINT):
            db.execute(pragma)
        count = Filler(db, seed, mix).fill(turns, extra or {})
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return count


def filled(home: Path, turns: int, mix: Mapping[str, float] = MIX) -> Path:
    """A home with a store of so many turns: the one that was filled there before, else filled now."""
    wanted = {"turns": turns, "seed": SEED, "edition": EDITION, "schema": migrate.HEAD, "mix": dict(mix)}
    stamp = home / STAMP
    if stamp.exists() and json.loads(stamp.read_text(encoding="utf-8")) == wanted:
        return home
    if (home / "chatmgr.db").exists():
        raise SystemExit(f"{home} holds another store than is needed: name another folder, or remove it.")
    fill(home, turns, mix=mix)
    stamp.write_text(json.dumps(wanted) + "\n", encoding="utf-8")
    return home


def main() -> None:
    """Fill a new store, and say where it is."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.fill", description="Fill a SQLite store with turns."
    )
    parser.add_argument("turns", type=int, help="how many turns, in all")
    parser.add_argument(
        "--home", type=Path, help="the CHATMGR_HOME to fill; a new temporary folder if left out"
    )
    parser.add_argument("--only", choices=list(SCRIPTS), help="one script instead of a mix")
    options = parser.parse_args()
    home = (options.home or Path(tempfile.mkdtemp(prefix="chatmgr-fill-"))).absolute()
    began = time.monotonic()
    filled(home, options.turns, {options.only: 1.0} if options.only else MIX)
    size = (home / "chatmgr.db").stat().st_size / 2**20
    print(f"{options.turns:,} turns, {size:,.0f} MB, in {time.monotonic() - began:.1f} s")
    print(f"export CHATMGR_HOME={home}")


if __name__ == "__main__":
    main()
