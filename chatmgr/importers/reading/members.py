"""The files in what was given: single ones, folders, zip archives, standard input.

Nothing is unpacked: members of an archive are read in place, by their entries, never by their names. What is
read is counted as it comes, whatever the archive claims, and what would go beyond the limits is refused.
"""

import io
import os
import stat
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path, PurePath, PurePosixPath
from typing import IO, BinaryIO, cast

from chatmgr.domain.fast_dataclass import dataclass
from chatmgr.domain.source_conversations import Place
from chatmgr.importers.source import LeftOut, Member, Unreadable

STDIN = "-"
_LARGEST = 8 << 30  # bytes of one member
_FREE = 64 << 20  # bytes that any member may have, however well it was compressed
_RATIO = 250  # bytes out of one: JSON has about 20
_CHUNK = 1 << 20
_SKIPPED = frozenset({"node_modules", ".git", "__pycache__", ".venv", "__MACOSX"})
_ZIP = b"PK\x03\x04"
_EMPTY_ZIP = b"PK\x05\x06"


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


@dataclass(frozen=True, slots=True)
class ArchivedFile:
    """A member of a zip archive, read in place."""

    place: Place
    modified_at: datetime | None
    size: int
    name: str
    archive: zipfile.ZipFile
    entry: zipfile.ZipInfo

    def open(self) -> BinaryIO:
        """Its bytes from the beginning, up to the limits."""
        try:
            opened = self.archive.open(self.entry)
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError) as error:
            raise Unreadable(_why(error)) from None
        return io.BufferedReader(_Limited(opened, self.entry.compress_size), _CHUNK)


class _Limited(io.RawIOBase):
    """A member that ends with ``Unreadable`` when it has more bytes than it may."""

    def __init__(self, opened: IO[bytes], compressed: int) -> None:
        self._opened = opened
        self._left = min(_LARGEST, max(_FREE, compressed * _RATIO))

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview | bytearray") -> int:  # type: ignore[override]
        try:
            piece = self._opened.read(len(buffer))
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
            raise Unreadable(_why(error)) from None
        self._left -= len(piece)
        if self._left < 0:
            raise Unreadable("it unpacks to more than any export would")
        buffer[: len(piece)] = piece
        return len(piece)


def _why(error: Exception) -> str:
    if isinstance(error, RuntimeError) and "password" in str(error):
        return "it is encrypted"
    return "the archive is damaged there"


class Container:
    """What was given in one piece: a file, a folder, or an archive, with everything in it."""

    def __init__(self, files: list[Member], refused: list[LeftOut]) -> None:
        self.files = files
        self.refused = refused
        self._by_base: dict[str, list[Member]] | None = None

    def named(self, name: str) -> Member | None:
        """The first file of this base name, anywhere."""
        return next(iter(self._bases().get(name.lower(), ())), None)

    def starting_with(self, stem: str) -> Member | None:
        """The file whose base name begins with a stem: the one of that very name first, then the shortest."""
        stem = stem.lower()
        exact = self._bases().get(stem)
        if exact:
            return exact[0]
        names = sorted((name for name in self._sorted_from(stem)), key=lambda name: (len(name), name))
        return self._bases()[names[0]][0] if names else None

    def _sorted_from(self, stem: str) -> Iterator[str]:
        from bisect import bisect_left

        bases = self._bases()
        ordered = self._ordered = getattr(self, "_ordered", None) or sorted(bases)
        for name in ordered[bisect_left(ordered, stem) :]:
            if not name.startswith(stem):
                return
            yield name

    def _bases(self) -> dict[str, list[Member]]:
        if self._by_base is None:
            self._by_base = {}
            for file in self.files:
                self._by_base.setdefault(PurePosixPath(file.name).name.lower(), []).append(file)
        return self._by_base


def containers(paths: Iterable[str]) -> Iterator[Container]:
    """What each of some paths holds; ``-`` is standard input. Raises OSError where one cannot be read."""
    met: set[tuple[int, int]] = set()
    for name in paths:
        if name == STDIN:
            yield _container_of(_spooled(), met)
        else:
            yield _container_of(Path(name), met)


def _container_of(given: "Path | _Spooled", met: set[tuple[int, int]]) -> Container:
    if isinstance(given, _Spooled):
        with given.open() as opened:
            head = opened.read(4)
        return _archive(given.open(), given.place) if _is_zip(head) else Container([given], [])
    if given.is_dir():
        return _folder(given, met)
    file = _disk_file(given, given.name, given)
    with given.open("rb") as opened:
        head = opened.read(4)
    return _archive(given.open("rb"), Place(given)) if _is_zip(head) else Container([file], [])


def _is_zip(head: bytes) -> bool:
    return head in (_ZIP, _EMPTY_ZIP)


def _disk_file(path: Path, name: str, shown: PurePath) -> DiskFile:
    status = path.stat()
    return DiskFile(Place(shown), datetime.fromtimestamp(status.st_mtime, UTC), status.st_size, name, path)


def _folder(root: Path, met: set[tuple[int, int]]) -> Container:
    """The files of a folder, without following links, each of them once; archives in it are opened."""
    files: list[Member] = []
    refused: list[LeftOut] = []

    def note_unread(error: OSError) -> None:
        refused.append(_unread(error))

    for folder, folders, names in os.walk(root, onerror=note_unread):
        folders[:] = sorted(name for name in folders if name not in _SKIPPED)
        for name in sorted(names):
            path = Path(folder) / name
            try:
                status = path.lstat()
                if not stat.S_ISREG(status.st_mode) or (status.st_dev, status.st_ino) in met:
                    continue
                met.add((status.st_dev, status.st_ino))
                file = _disk_file(path, path.relative_to(root).as_posix(), path)
                with path.open("rb") as opened:
                    is_zip = _is_zip(opened.read(4))
            except OSError as error:
                refused.append(_unread(error))
                continue
            if is_zip:
                inner = _archive(path.open("rb"), Place(path))
                files += inner.files
                refused += inner.refused
            else:
                files.append(file)
    return Container(files, refused)


def _unread(error: OSError) -> LeftOut:
    return LeftOut(Place(PurePath(str(error.filename or "?"))), f"{error.strerror}", fault=True)


def _archive(opened: BinaryIO, place: Place) -> Container:
    try:
        archive = zipfile.ZipFile(opened)
        entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        opened.close()
        reason = "the archive is damaged, or was not downloaded to its end"
        return Container([], [LeftOut(place, reason, fault=True)])
    files: list[Member] = []
    refused: list[LeftOut] = []
    for entry in entries:
        name = entry.filename.replace("\\", "/")
        if entry.is_dir() or name.endswith("/") or set(PurePosixPath(name).parts) & _SKIPPED:
            continue
        inner = Place(place.file, name)
        if reason := _refusal(entry, name):
            refused.append(LeftOut(inner, reason, fault=True))
            continue
        files.append(ArchivedFile(inner, _time_of(entry), entry.file_size, name, archive, entry))
    return Container(files, refused)


def _refusal(entry: zipfile.ZipInfo, name: str) -> str:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or name[1:2] == ":":
        return "its name leads out of the archive"
    if stat.S_ISLNK(entry.external_attr >> 16):
        return "it is a link"
    return "it is encrypted" if entry.flag_bits & 1 else ""


def _time_of(entry: zipfile.ZipInfo) -> datetime | None:
    try:
        return datetime(*entry.date_time, tzinfo=UTC)
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class _Spooled:
    """Standard input, kept in a file without a name until the process ends."""

    place: Place
    modified_at: datetime | None
    size: int
    name: str
    descriptor: int

    def open(self) -> BinaryIO:
        return cast(BinaryIO, _FromStart(self.descriptor, self.size))


class _FromStart(io.RawIOBase):
    """Reads a file by its descriptor from the beginning, beside others who do."""

    def __init__(self, descriptor: int, size: int) -> None:
        self._descriptor, self._size, self._at = descriptor, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._at = max(0, {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence] + offset)
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: "memoryview | bytearray") -> int:  # type: ignore[override]
        piece = os.pread(self._descriptor, len(buffer), self._at)
        self._at += len(piece)
        buffer[: len(piece)] = piece
        return len(piece)


def _spooled() -> _Spooled:
    spool = tempfile.TemporaryFile()  # noqa: SIM115 - it is read until the process ends
    while piece := sys.stdin.buffer.read(_CHUNK):
        spool.write(piece)
    spool.flush()
    descriptor = os.dup(spool.fileno())
    size = spool.tell()
    spool.close()
    return _Spooled(Place(PurePath("standard input")), None, size, "", descriptor)
