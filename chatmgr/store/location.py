"""Where the database is, and what to tell people when it cannot be used. Standard library only."""

import os
import stat
from pathlib import Path

from chatmgr.domain.errors import ConfigurationFault, DatabaseUnreachable

BUSY_SECONDS = 10
_LOW_DISK = 1_048_576  # bytes; with less than this free, even a short answer may not fit


def sqlite_path(url: str) -> Path | None:
    """The file that a ``sqlite:///…`` URL names; None for any other database."""
    prefix = "sqlite:///"
    return Path(url.removeprefix(prefix)).absolute() if url.startswith(prefix) else None


def libpq_url(url: str) -> str:
    """A PostgreSQL URL as libpq takes it, without SQLAlchemy's driver suffix.

    Raises ConfigurationFault for a URL of any other database.
    """
    scheme, _, address = url.partition("://")
    if scheme.split("+")[0] not in {"postgresql", "postgres"}:
        raise ConfigurationFault(
            f"CHATMGR_DATABASE_URL begins with “{scheme}”, which is no database that chatmgr knows.",
            "Use sqlite:////path/to/file.db or postgresql://user@host/database.",
        )
    return f"postgresql://{address}"


def create_file(path: Path) -> None:
    """Create a file that only its owner can read, before SQLite creates one that others can read, too."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        except FileExistsError:
            if stat.S_IMODE(path.stat().st_mode) & 0o077:
                path.chmod(0o600)
    except OSError as error:
        raise unreachable(path, error) from error


def sync_folder(folder: Path) -> None:
    """Make sure that a file's new name survives a power failure, where the system can do that."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def unreachable(path: Path, error: Exception) -> DatabaseUnreachable:
    """The error for a database file that cannot be used: why, and what to do about it."""
    reason = getattr(error, "strerror", None) or str(getattr(error, "orig", None) or error)
    text = reason.lower()
    if "could not decode" in text:
        reason = text = "it is malformed: it holds text that is not UTF-8"  # SQLite's words hold that text
    if "not a database" in text or "malformed" in text or "corrupt" in text:
        hint = "Move the file away, or set CHATMGR_HOME to another folder; nothing was changed."
    elif "full" in text or "no space" in text or ("i/o error" in text and _free_bytes(path) < _LOW_DISK):
        reason = reason if "full" in text or "no space" in text else "its disk is full"
        hint = "Free some room and try again; what was committed before is kept."
    elif "locked" in text:
        hint = "Another program holds it; try again when it is done."
    else:
        hint = "Check the folder's owner and rights, or set CHATMGR_HOME to another folder."
    return DatabaseUnreachable(f"The database {path} cannot be used: {reason}.", hint)


def check_room(path: Path) -> None:
    """Refuse to begin a turn when the disk has no room for even a short answer."""
    free = _free_bytes(path)
    if free < _LOW_DISK:
        raise DatabaseUnreachable(
            f"The disk of {path} is full: {free // 1024:.0f} KiB are free. Nothing was sent.",
            "Free some room, then send the message again.",
        )


def _free_bytes(path: Path) -> float:
    """How much room the disk of a file has; endless where nobody can tell."""
    if not hasattr(os, "statvfs"):
        return float("inf")
    try:
        disk = os.statvfs(path.parent)
    except OSError:
        return float("inf")
    return disk.f_bavail * disk.f_frsize
