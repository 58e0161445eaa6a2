"""Recognises what was imported before as a whole, by its bytes, so that it need not be read again."""

import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from chatmgr.importers.reading.files import SKIPPED
from chatmgr.importers.reading.members import STDIN

_EDITION = 1  # raise it when importers bring more than before: then whole files are read again
_CHUNK = 1 << 20


def size_of(path: str) -> int:
    """The bytes of a file, or of all that a folder holds; 0 where they cannot be known."""
    return 0 if path == STDIN else sum(size for _, size in _files(Path(path)))


def fingerprint(path: str, kind: str, tick: Callable[[], None]) -> str:
    """The hash of a file, or of a folder's files, for imports of a kind; empty for standard input.

    ``tick`` is called between pieces. Raises OSError where something cannot be read.
    """
    if path == STDIN:
        return ""
    whole = hashlib.sha256(f"{_EDITION}\0{kind}\0".encode())
    given = Path(path)
    for file, size in _files(given):
        name = str(file.relative_to(given)) if given.is_dir() else file.name.removeprefix(given.name)
        whole.update(f"{name}\0{size}\0".encode("utf-8", "surrogateescape"))
        with file.open("rb", buffering=0) as opened:
            while piece := opened.read(_CHUNK):
                whole.update(piece)
                tick()
    return whole.hexdigest()


def _files(given: Path) -> Iterator[tuple[Path, int]]:
    """The files that are read, in order, with their sizes; of a database, also what lies beside it."""
    if not given.is_dir():
        for file in (given, given.with_name(f"{given.name}-wal")):
            if file.is_file():
                yield file, file.stat().st_size
        return
    for parent, folders, names in os.walk(given):
        folders[:] = sorted(name for name in folders if name not in SKIPPED)
        for file in (Path(parent) / name for name in sorted(names)):
            if not file.is_symlink() and file.is_file():
                yield file, file.stat().st_size
