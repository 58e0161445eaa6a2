"""Files that appear under their name completely or not at all, whenever the process is killed.

What is written goes to a scratch file in the same folder first. Where the system can (``O_TMPFILE``), it
has no name, and vanishes with its process. Elsewhere, and for SQLite, which needs a name, it is called
``.chatmgr-partial-…`` and locked: a lock ends with its process, so ``sweep`` knows what is left over.
"""

import os
import re
import secrets
import sys
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

PREFIX = ".chatmgr-partial-"
_LEFT_OVER = re.compile(re.escape(PREFIX) + r"[0-9a-f]{12}(-journal|-wal|-shm)?")
_PRIVATE = 0o600


class ScratchFile:
    """A file being written: ``descriptor`` to write to, ``path`` where it has a name.

    ``publish`` gives it its name, ``discard`` removes it; either closes it. A block (``with``) that raises
    discards it.
    """

    def __init__(self, folder: Path, *, named: bool) -> None:
        self._folder = folder
        self.path: Path | None = None
        self.descriptor = -1 if named else _unnamed(folder)
        if self.descriptor < 0:
            self.path, self.descriptor = _named(folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self.discard()

    def publish(self, target: Path, *, replace: bool) -> None:
        """Let the file appear as ``target``; raises FileExistsError unless it may replace what is there."""
        if self.path is None:
            try:
                _link(self.descriptor, target)
            except FileExistsError:
                if not replace:
                    raise
                self.path = self._folder / _scratch_name()
                _link(self.descriptor, self.path)
        if self.path is not None:
            _move(self.path, target, replace=replace)
            self.path = None
        os.close(self.descriptor)

    def sync(self) -> None:
        """Wait until what was written is on the disk."""
        os.fsync(self.descriptor)

    def discard(self) -> None:
        """Remove the file, and what SQLite put beside it."""
        if self.path is not None:
            for path in (self.path, *_beside(self.path)):
                path.unlink(missing_ok=True)
        with suppress(OSError):
            os.close(self.descriptor)


def sweep(folder: Path) -> None:
    """Remove the scratch files that dead processes left in a folder."""
    with suppress(OSError):
        for path in [path for path in folder.iterdir() if _LEFT_OVER.fullmatch(path.name)]:
            with suppress(OSError):
                _remove_left_over(path)


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk."""
    with suppress(OSError):  # not every system opens folders
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _scratch_name() -> str:
    return f"{PREFIX}{secrets.token_hex(6)}"


def _unnamed(folder: Path) -> int:
    """A file without a name; -1 where there is no such thing."""
    flag = getattr(os, "O_TMPFILE", 0)
    if flag and Path("/proc/self/fd").is_dir():
        with suppress(OSError):
            return os.open(folder, flag | os.O_RDWR, _PRIVATE)
    return -1


def _named(folder: Path) -> tuple[Path, int]:
    """A new file that is locked; made again if somebody swept it away before it was."""
    while True:
        path = folder / _scratch_name()
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, _PRIVATE)
        _try_lock(descriptor)
        if path.exists():
            return path, descriptor
        os.close(descriptor)


def _link(descriptor: int, path: Path) -> None:
    # With a folder given, Python calls the function that follows links; the folder itself is not used.
    os.link(f"/proc/self/fd/{descriptor}", path, src_dir_fd=descriptor, follow_symlinks=True)


def _move(path: Path, target: Path, *, replace: bool) -> None:
    if replace:
        path.replace(target)
        return
    try:
        os.link(path, target)
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        if target.exists():
            raise FileExistsError(str(target)) from None
        path.rename(target)
    else:
        path.unlink()


def _beside(path: Path) -> list[Path]:
    return [path.with_name(path.name + end) for end in ("-journal", "-wal", "-shm")]


def _remove_left_over(path: Path) -> None:
    if path.is_symlink() or not path.is_file():
        return
    if (
        path.name.endswith(("-journal", "-wal", "-shm"))
        and path.with_name(path.name.rpartition("-")[0]).exists()
    ):
        return  # it goes with the file that it belongs to
    descriptor = os.open(path, os.O_RDWR)
    try:
        if _try_lock(descriptor):
            for left_over in (path, *_beside(path)):
                left_over.unlink(missing_ok=True)
    finally:
        os.close(descriptor)


if sys.platform == "win32":

    def _try_lock(descriptor: int) -> bool:
        """There, an open file cannot be removed anyway."""
        return True
else:
    import fcntl

    def _try_lock(descriptor: int) -> bool:
        """Whether a file was locked; not with the locks that SQLite uses, which it would drop."""
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
