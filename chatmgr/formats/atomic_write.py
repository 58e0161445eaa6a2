"""Writes exports and pages to files: private, completely or not at all, and only over chatmgr's own files."""

import errno
import os
import stat
from collections.abc import Iterable
from pathlib import Path

from chatmgr.domain.errors import UsageFault, unwritable
from chatmgr.domain.folders import create_private
from chatmgr.domain.interrupts import interrupts
from chatmgr.domain.lossless_columns import FORMAT, HTML_HEAD
from chatmgr.domain.scratch_files import ScratchFile, sweep

_OWN_PREFIXES = (
    f'{{"format": "{FORMAT}"',
    f'{{"type": "header", "format": "{FORMAT}"',
    f"---\ngenerator: {FORMAT}\n",
    HTML_HEAD,
)

_swept: set[Path] = set()  # folders that this process has looked through for what others left


def write_file(path: Path, pieces: Iterable[str], *, force: bool = False) -> None:
    """Write a file that only its owner can read; an existing file is replaced at the very end.

    A process that is killed leaves nothing, or, where files need a name, what the next export removes.

    Without ``force``, a file that chatmgr did not write is left alone. Raises UsageFault if the path is
    wrong, ChatmgrError if the disk takes no more.
    """
    try:
        if not force:
            _refuse_foreign(path)
        elif path.is_dir():
            raise IsADirectoryError(errno.EISDIR, "it is a folder")
        elif path.exists() and not path.is_file():
            raise UsageFault(f"{path} is not a regular file.", "Choose another path.")
        if path.parent not in _swept:
            _swept.add(path.parent)
            sweep(path.parent)
        with ScratchFile(path.parent, named=False) as scratch:
            with os.fdopen(
                scratch.descriptor, "w", encoding="utf-8", errors="replace", newline="\n", closefd=False
            ) as file:
                for piece in pieces:
                    interrupts.check_work()
                    file.write(piece)
            scratch.publish(path, replace=True)
    except OSError as error:
        raise unwritable(path, error) from error


def private_folder(folder: Path) -> None:
    """Create a folder and its parents so that only their owner can enter; existing ones stay as they are."""
    try:
        create_private(folder)
    except OSError as error:
        raise unwritable(folder, error) from error


def _refuse_foreign(path: Path) -> None:
    """Raise UsageFault if the file exists and no export wrote it."""
    try:
        status = path.lstat()
    except FileNotFoundError:
        return
    if stat.S_ISREG(status.st_mode):
        with path.open("rb") as file:
            first_bytes = file.read(256).decode("utf-8", "replace")
        if first_bytes.startswith(_OWN_PREFIXES):
            return
    raise UsageFault(f"{path} already exists and was not written by chatmgr.", "To replace it: --force")
