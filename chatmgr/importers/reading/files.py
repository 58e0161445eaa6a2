"""Files of the disk, what comes through a pipe, and the files of a folder."""

import io
import os
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, cast

from chatmgr.domain.fast_dataclass import dataclass
from chatmgr.domain.source_conversations import Place
from chatmgr.importers.reading.limits import Limits
from chatmgr.importers.source import LeftOut, Unreadable

SKIPPED = frozenset(
    {"node_modules", "__pycache__", "site-packages", ".git", ".hg", ".svn", ".venv", "venv", "__MACOSX"}
)
DEPTH = 20  # folders within each other
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class DiskFile:
    """A file on the disk. ``name`` is its path below the folder that was given, with slashes."""

    place: Place
    modified_at: datetime | None
    size: int
    name: str
    path: Path

    def open(self) -> BinaryIO:
        """Its bytes from the beginning."""
        return self.path.open("rb")


def disk_file(path: Path, name: str) -> DiskFile:
    """The file at a path; raises OSError."""
    status = path.stat()
    return DiskFile(Place(path), time_of(status.st_mtime), status.st_size, name, path)


class SpooledFile:
    """What comes once, kept in a temporary file that has no name and that nobody else may read."""

    def __init__(
        self,
        place: Place,
        stream: BinaryIO,
        limits: Limits,
        modified_at: datetime | None = None,
        name: str = "",
    ) -> None:
        self.place = place
        self.name = name
        self.modified_at = modified_at
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the member
        self.size = copy_bounded(stream, cast(BinaryIO, self._file), limits.total)

    def close(self) -> None:
        """Let the file vanish."""
        self._file.close()

    def open(self) -> BinaryIO:
        """Its bytes, read independently of other readers."""
        return cast(BinaryIO, io.BufferedReader(_Positioned(self._file.fileno()), _CHUNK))


class _Positioned(io.RawIOBase):
    """Reads a descriptor at a position of its own; closing it leaves the descriptor open."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._at}.get(whence, os.fstat(self._descriptor).st_size)
        self._at = max(0, start + offset)
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: "memoryview | bytearray") -> int:  # type: ignore[override]
        data = os.pread(self._descriptor, len(buffer), self._at)
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


def time_of(seconds: float) -> datetime | None:
    """A file's time; None where it has none."""
    try:
        return datetime.fromtimestamp(seconds, UTC) if seconds > 0 else None
    except (ValueError, OverflowError, OSError):
        return None


def copy_bounded(source: BinaryIO, target: BinaryIO, limit: int) -> int:
    """Copy a stream, and say how long it was; raises ``Unreadable`` where it is longer than the limit."""
    copied = 0
    while data := source.read(_CHUNK):
        copied += len(data)
        if copied > limit:
            raise Unreadable(f"it is larger than {limit:,} bytes")
        target.write(data)
    target.flush()
    return copied


def folder_files(folder: Path, limits: Limits, depth: int = DEPTH) -> Iterator[DiskFile | LeftOut]:
    """The regular files below a folder, in the order of their names. Links are not followed."""
    unread: list[OSError] = []
    count = 0
    for parent, folders, names in os.walk(folder, onerror=unread.append):
        base = Path(parent)
        deep = len(base.parts) - len(folder.parts) >= depth
        folders[:] = [] if deep else sorted(name for name in folders if name not in SKIPPED)
        for name in sorted(names):
            path = base / name
            count += 1
            if count > limits.names:
                yield LeftOut(Place(folder), f"it holds more than {limits.names:,} files", fault=True)
                return
            try:
                if not path.is_symlink() and path.is_file():
                    yield disk_file(path, path.relative_to(folder).as_posix())
            except OSError as error:
                unread.append(error)
    for failure in unread:
        yield LeftOut(Place(Path(str(failure.filename or folder))), unread_reason(failure), fault=True)


def unread_reason(error: OSError) -> str:
    """Why something on the disk cannot be read, for a person."""
    return f"it cannot be read: {(error.strerror or str(error)).lower()}"
