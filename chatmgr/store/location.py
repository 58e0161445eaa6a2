"""Where the database is, and what to tell people when it cannot be used. Standard library only."""

import errno
import os
import stat
from pathlib import Path

from chatmgr.domain.errors import ConfigurationFault, DatabaseUnreachable

BUSY_SECONDS = 10
_NO_LOCKS = {
    errno.ENOLCK,
    errno.ENOSYS,
    errno.ENOTSUP,
    errno.EOPNOTSUPP,
    errno.EINVAL,
    errno.EIO,
    errno.EPERM,
}
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
        if not path.parent.is_dir():
            from chatmgr.domain.folders import create_private

            create_private(path.parent)
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        except FileExistsError:
            if stat.S_IMODE(path.stat().st_mode) & 0o077:
                path.chmod(0o600)
    except OSError as error:
        raise unreachable(path, error) from error


def unreachable(path: Path, error: Exception) -> DatabaseUnreachable:
    """The error for a database file that cannot be used: why, and what to do about it."""
    reason = getattr(error, "strerror", None) or str(getattr(error, "orig", None) or error)
    text = reason.lower()
    if "could not decode" in text or isinstance(error, UnicodeDecodeError):
        reason = text = "it is malformed: it holds text that is not UTF-8"  # SQLite's words hold that text
    if "not a database" in text or "malformed" in text or "corrupt" in text:
        hint = "Move the file away, or set CHATMGR_HOME to another folder; nothing was changed."
    elif "full" in text or "no space" in text or ("i/o error" in text and _free_bytes(path) < _LOW_DISK):
        reason = reason if "full" in text or "no space" in text else "its disk is full"
        hint = "Free some room and try again; what was committed before is kept."
    elif ("locked" in text or "i/o error" in text or "locking" in text) and (fault := lock_fault(path)):
        return no_locks(path, fault)
    elif "locked" in text:
        hint = "Another program holds it; try again when it is done."
    else:
        hint = "Check the folder's owner and rights, or set CHATMGR_HOME to another folder."
    return DatabaseUnreachable(f"The database {path} cannot be used: {reason}.", hint)


def lock_fault(path: Path) -> OSError | None:
    """What a file system without locks says to the attempt to take one; None where locks work.

    SQLite says “database is locked” of both. A scratch file beside the database tells them apart: closing
    a file would drop this process's locks on it.
    """
    try:
        import fcntl
        import tempfile

        with tempfile.TemporaryFile(dir=path.parent) as scratch:
            fcntl.lockf(scratch, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except ImportError:
        return None
    except OSError as error:
        return error if error.errno in _NO_LOCKS else None
    return None


def no_locks(path: Path, error: OSError) -> DatabaseUnreachable:
    """The error for a file on a file system whose locks do not work, as some network mounts have none."""
    return DatabaseUnreachable(
        f"The file system of {path} has no working locks ({error.strerror or error}), without which two "
        "processes could harm the database.",
        "Set CHATMGR_HOME to a folder on a local disk, mount this one with locks, or use PostgreSQL.",
    )


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
