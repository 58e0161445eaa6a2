"""Folders that only their owner can enter, and in which one process at a time changes what is there."""

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import takewhile
from pathlib import Path


def create_private(folder: Path) -> None:
    """Create a folder, and missing ones above it, that only their owner can enter.

    Existing ones stay as they are. Raises OSError where that fails, or where the folder is something else.
    """
    missing = list(takewhile(lambda path: not path.exists(), (folder, *folder.parents)))
    for path in reversed(missing):  # mkdir applies its mode only to the last one
        path.mkdir(mode=0o700, exist_ok=True)
    if not folder.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, "it is not a folder")


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Be the only process in this block with this folder: for reading a file, changing and replacing it.

    The lock is the folder's own, so no file is left behind, and the operating system releases it when the
    process ends. Where folders cannot be locked (Windows, some network mounts), there is none.
    """
    descriptor = -1
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
    try:
        if descriptor >= 0:
            _lock(descriptor)
        yield
    finally:
        if descriptor >= 0:
            os.close(descriptor)


if sys.platform == "win32":

    def _lock(descriptor: int) -> None:
        """There, folders have no locks."""
else:
    import fcntl

    def _lock(descriptor: int) -> None:
        """Wait for the lock in a way that Ctrl-C ends."""
        from chatmgr.domain.interrupts import interrupts

        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            interrupts.run_beside(lambda: fcntl.flock(descriptor, fcntl.LOCK_EX))
        except OSError:
            pass  # the file system has no such locks
