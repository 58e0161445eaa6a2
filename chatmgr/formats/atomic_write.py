"""Writing exports and pages to files: private, whole or not at all, and never over what is not ours."""

import os
import stat
import tempfile
from collections.abc import Iterable
from pathlib import Path

from chatmgr.domain.errors import UsageFault, unwritable
from chatmgr.domain.export_schema import FORMAT, HTML_HEAD

_MARKS = (
    f'{{"format": "{FORMAT}"',
    f'{{"type": "header", "format": "{FORMAT}"',
    f"---\ngenerator: {FORMAT}\n",
    HTML_HEAD,
)


def write_file(path: Path, pieces: Iterable[str], *, force: bool = False) -> None:
    """Write a file that only its owner reads; what stood there is replaced at the last moment."""
    try:
        if not force:
            _refuse_foreign(path)
        elif path.is_dir():
            raise IsADirectoryError(21, "it is a folder")
        elif path.exists() and not path.is_file():
            raise UsageFault(f"{path} is no ordinary file.", "Name another place.")
        handle, name = tempfile.mkstemp(prefix=".chatmgr-", dir=path.parent)
        temporary = Path(name)
        try:
            with os.fdopen(handle, "w", encoding="utf-8", errors="replace", newline="\n") as file:
                file.writelines(pieces)
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise unwritable(path, error) from error


def private_folder(folder: Path) -> None:
    """Make a folder, and those above it, that only its owner enters; what exists stays as it is."""
    try:
        for missing in reversed([folder, *folder.parents]):  # mkdir's mode is for the last of them alone
            if not missing.exists():
                missing.mkdir(mode=0o700)
        if not folder.is_dir():
            raise NotADirectoryError(20, "it is no folder")
    except OSError as error:
        raise unwritable(folder, error) from error


def _refuse_foreign(path: Path) -> None:
    """Leave a file alone that no export wrote."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    if stat.S_ISREG(found.st_mode):
        with path.open("rb") as file:
            begin = file.read(256).decode("utf-8", "replace")
        if begin.startswith(_MARKS):
            return
    raise UsageFault(f"{path} exists already and was not written by chatmgr.", "To replace it: --force")
