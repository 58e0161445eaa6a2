"""Small files that people and chatmgr both write: read in any usual form, replaced whole and unseen.

Bytes are read and written here, never text, so that neither the locale nor the platform's line ends have a
say. A byte order mark and CRLF line ends are understood, and kept.
"""

import os
from contextlib import AbstractContextManager
from pathlib import Path

from chatmgr.domain.errors import ConfigurationFault

_BOM = b"\xef\xbb\xbf"


def read_text(path: Path) -> str:
    """A file's text, with bare line feeds and without a byte order mark. Raises UnicodeDecodeError."""
    return path.read_bytes().removeprefix(_BOM).decode("utf-8").replace("\r\n", "\n")


def changing(path: Path) -> AbstractContextManager[None]:
    """Within this block, no other process of chatmgr changes a file: it can be read, changed and replaced."""
    from chatmgr.domain.folders import locked

    return locked(Path(os.path.realpath(path)).parent)


def write_private(path: Path, text: str) -> None:
    """Replace a whole file, in the form that it had; only its owner can read it, at every moment.

    A crash leaves the old file. A symbolic link stays one: the file that it leads to is replaced.
    """
    from chatmgr.domain.scratch_files import ScratchFile, sync_folder

    try:
        target = Path(os.path.realpath(path, strict=False))
        with ScratchFile(target.parent, named=True) as scratch:
            with os.fdopen(scratch.descriptor, "wb", closefd=False) as file:
                file.write(_in_form_of(target, text))
            scratch.sync()
            scratch.publish(target, replace=True)
        sync_folder(target.parent)
    except OSError as error:
        raise ConfigurationFault(
            f"{path} cannot be written: {error.strerror or error}.",
            "Check the owner and permissions of the file and of its folder.",
        ) from error


def _in_form_of(path: Path, text: str) -> bytes:
    """The text in UTF-8, with the byte order mark and the line ends of the file that it replaces."""
    try:
        old = path.read_bytes()
    except FileNotFoundError:
        old = b""
    first_line, line_feed, _ = old.partition(b"\n")
    if line_feed and first_line.endswith(b"\r"):
        text = text.replace("\n", "\r\n")
    mark = _BOM if old.startswith(_BOM) else b""
    return mark + text.encode("utf-8")
