"""Copies a SQLite database with SQLite's own backup, even while it is in use.

A copy is written under a scratch name, synced, and only then given its own: there is no half a copy, whenever
the process is killed. What such processes left is removed by the next copy into the same folder.
"""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from chatmgr.domain.interrupts import interrupts
from chatmgr.domain.scratch_files import ScratchFile, sweep, sync_folder

_PAGES = 2_048  # copied at a time
Progress = Callable[[int, int], None]  # bytes done, bytes in all


def copy_database(database: Path, target: Path, progress: Progress | None = None) -> None:
    """Copy a database as it is at one moment; others write on meanwhile.

    Raises FileExistsError where there is a target already, OSError or sqlite3.Error where it fails.
    """
    if target.exists():
        raise FileExistsError(str(target))
    sweep(target.parent)
    with ScratchFile(target.parent, named=True) as scratch:
        copy_pages(database, scratch.path or target, progress)
        scratch.sync()
        scratch.publish(target, replace=False)
    sync_folder(target.parent)


def copy_pages(database: Path, copy: Path, progress: Progress | None = None) -> None:
    """Copy page by page, within one snapshot: else SQLite begins anew whenever somebody writes."""
    uri = f"{database.absolute().as_uri()}?mode=rw"
    with (
        closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as origin,
        closing(sqlite3.connect(copy, isolation_level=None)) as destination,
    ):
        destination.execute("PRAGMA journal_mode=OFF")
        destination.execute("PRAGMA synchronous=OFF")
        [[size]] = origin.execute("PRAGMA page_size")
        origin.execute("BEGIN")
        origin.execute("SELECT count(*) FROM sqlite_master").fetchall()

        def report(_status: int, remaining: int, total: int) -> None:
            interrupts.check_work()
            if progress:
                progress((total - remaining) * size, total * size)

        origin.backup(destination, pages=_PAGES, progress=report)
        origin.execute("ROLLBACK")
