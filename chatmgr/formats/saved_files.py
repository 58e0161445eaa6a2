"""Writes the images and files of answers into a folder: private, under safe names, replacing nothing.

A model chooses the names, so they are made harmless: no folders, nothing hidden, valid on every system.
"""

import errno
import os
import re
from contextlib import suppress
from pathlib import Path

from chatmgr.domain.errors import unwritable
from chatmgr.domain.scratch_files import ScratchFile
from chatmgr.formats.atomic_write import private_folder
from chatmgr.formats.file_names import safe_file_name

_LONGEST_EXTENSION = 12  # characters
_EXTENSION = re.compile(r"[A-Za-z0-9]+")


def save_file(folder: Path, name: str, data: bytes) -> Path:
    """Write bytes into a folder, which is made if need be; returns the path.

    A file of these bytes that is there already is the result; beside any other of the name, the new one gets
    a number. Raises UsageFault or ChatmgrError where the folder cannot be written to.
    """
    private_folder(folder)
    stem, extension = _safe(name)
    number = 1
    while True:
        path = folder / (f"{stem}-{number}{extension}" if number > 1 else f"{stem}{extension}")
        try:
            if _is_same(path, data):
                return path
            if not path.exists() and not path.is_symlink():
                _write(path, data)
                return path
        except FileExistsError:
            pass  # made by somebody else just now
        except OSError as error:
            raise unwritable(path, error) from error
        number += 1


def _safe(name: str) -> tuple[str, str]:
    """A name as a stem and an extension that hold no surprises."""
    last = re.split(r"[/\\]", name)[-1]
    stem, dot, extension = last.rpartition(".")
    if not dot or not _EXTENSION.fullmatch(extension) or len(extension) > _LONGEST_EXTENSION:
        stem, extension = last, ""
    if not re.search(r"\w", stem):
        stem = "file"
    return safe_file_name(stem), f".{extension}" if extension else ""


def _is_same(path: Path, data: bytes) -> bool:
    """Whether a path is a file of exactly these bytes; a link is none."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except OSError:
        return False
    with os.fdopen(descriptor, "rb") as file, suppress(OSError):
        return os.fstat(file.fileno()).st_size == len(data) and file.read() == data
    return False


def _write(path: Path, data: bytes) -> None:
    """Write a file that appears whole; raises FileExistsError where there is one by now."""
    if path.parent.is_symlink() and not path.parent.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, "it is not a folder")
    with ScratchFile(path.parent, named=False) as scratch:
        with os.fdopen(scratch.descriptor, "wb", closefd=False) as file:
            file.write(data)
        scratch.publish(path, replace=False)
