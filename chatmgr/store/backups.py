"""Backups in a folder: each under its date, checked after it was written, and only so many of them.

An old one is removed only when the new one is there and sound, and only if both its name and its content are
those of a backup of ours.
"""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

from chatmgr.domain.errors import DatabaseUnreachable
from chatmgr.store import migrate
from chatmgr.store.backup import Progress
from chatmgr.store.location import sqlite_path

_DATED = re.compile(r".+-\d{8}T\d{12}Z\.db")


def backup_to(url: str, folder: Path | None, progress: Progress, keep: int = 0) -> tuple[Path, list[Path]]:
    """Copy a database into a folder, under its name and the date; returns the copy, and what was removed.

    Without a folder, that is ``backups`` beside the database. A PostgreSQL database becomes a SQLite file,
    which is complete in itself. ``keep``: so many stay, the newest ones; 0 for all.
    """
    copy = migrate.dated_copy(url, folder)
    if sqlite_path(url):
        migrate.backup(url, target=copy, progress=progress)
    else:
        _copy_from_server(url, copy, progress)
    _verify(copy)
    stem = copy.name.rpartition("-")[0]
    return copy, _remove_oldest(copy.parent, stem, keep) if keep else []


def _copy_from_server(url: str, copy: Path, progress: Progress) -> None:
    """Copy row by row into a file of another name, which gets its own when it is complete."""
    from chatmgr.domain.scratch_files import sync_folder
    from chatmgr.store.copy.database_copy import copy_database

    unfinished = copy.with_name(f".{copy.name}.unfinished")
    try:
        copy_database(url, f"sqlite:///{unfinished}", progress, lambda done, total: None)
        unfinished.rename(copy)
    finally:
        for left in copy.parent.glob(f"{unfinished.name}*"):
            left.unlink()
    sync_folder(copy.parent)


def _verify(copy: Path) -> None:
    """Check the pages and counts of a backup; one that is not sound is removed."""
    from chatmgr.store.integrity import damage

    problems = damage(f"sqlite:///{copy}", quick=True)
    if problems is None or problems:
        copy.unlink(missing_ok=True)
        reason = problems[0] if problems else "it is empty"
        raise DatabaseUnreachable(
            f"The backup {copy} was not sound, and is removed: {reason}",
            "Check the database: chatmgr db check",
        )


def _remove_oldest(folder: Path, stem: str, keep: int) -> list[Path]:
    ours = sorted(
        path for path in folder.glob(f"{stem}-*.db") if _DATED.fullmatch(path.name) and _is_ours(path, stem)
    )
    removed = []
    for path in ours[:-keep]:
        path.unlink(missing_ok=True)
        removed.append(path)
    return removed


def _is_ours(path: Path, stem: str) -> bool:
    """Whether a file is a backup that was made under this name, and holds a database of ours."""
    if path.name.rpartition("-")[0] != stem or path.is_symlink() or not path.is_file():
        return False
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as db:
            versions = db.execute("SELECT version_num FROM alembic_version").fetchall()
    except sqlite3.Error:
        return False
    return [version for (version,) in versions if version in migrate.REVISIONS] != []
