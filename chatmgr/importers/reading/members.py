"""The files in what was given: single ones, folders, zip archives, standard input.

Nothing is unpacked: members of an archive are read in place, by their entries, never by their names. What is
read is counted as it comes, whatever the archive claims, and what would go beyond the limits is refused.
Links inside folders and archives are not followed, and a file is met once, whatever its names.
"""

import os
import stat
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from functools import cached_property
from pathlib import Path, PurePath, PurePosixPath
from typing import Any, BinaryIO, cast

from chatmgr.domain.source_conversations import Place
from chatmgr.importers.reading.archive import ZIP_MAGICS, archived_files
from chatmgr.importers.reading.files import (
    DiskFile,
    SpooledFile,
    disk_file,
    folder_files,
    unread_reason,
)
from chatmgr.importers.reading.limits import LIMITS, Limits
from chatmgr.importers.reading.packed import unpacked
from chatmgr.importers.source import LeftOut, Member, Unreadable

STDIN = "-"
_NEAR = 2  # folders that are looked through beside a file that was given alone
_NEIGHBOURS = 20_000  # files among which those are looked for
_HEAD = 4  # bytes by which something packed is known


class Container:
    """What was given in one piece: a file, a folder, or an archive, with everything in it.

    ``single``: it is one file, which a person named. ``beside`` finds what else lies around that.
    """

    def __init__(
        self,
        place: Place,
        files: list[Member],
        refused: list[LeftOut],
        *,
        single: bool = False,
        beside: Callable[[], Iterable[Member]] | None = None,
    ) -> None:
        self.place = place
        self.files = files
        self.refused = refused
        self.single = single
        self.known_json: dict[str, Any] = {}
        self._beside = beside

    @cached_property
    def compression(self) -> float:
        """How many bytes on the disk there are for one in the files: fewer than one of an archive."""
        whole = sum(file.size for file in self.files)
        try:
            status = Path(self.place.file).stat()
        except OSError:
            return 1.0
        return min(status.st_size / whole, 1.0) if whole and stat.S_ISREG(status.st_mode) else 1.0

    def named(self, name: str) -> Member | None:
        """The first file of this base name, anywhere."""
        member = self.starting_with(name)
        return member if member and _base(member) == name.lower() else None

    def starting_with(self, stem: str) -> Member | None:
        """The file whose base name is a stem, or begins with one that no letter or digit follows."""
        stem = stem.lower()
        bases = self._by_base
        for place in range(bisect_left(bases, stem, key=lambda pair: pair[0]), len(bases)):
            base, member = bases[place]
            if not base.startswith(stem):
                return None
            if not base[len(stem) : len(stem) + 1].isalnum():
                return member
        return None

    @cached_property
    def _by_base(self) -> list[tuple[str, Member]]:
        files = [*self.files, *(self._beside() if self._beside else ())]
        return sorted(((_base(file), file) for file in files), key=lambda pair: pair[0])


def _base(member: Member) -> str:
    return PurePosixPath(member.name).name.lower()


def containers(paths: Iterable[str], limits: Limits = LIMITS) -> Iterator[Container]:
    """What each of some paths holds; ``-`` is standard input.

    What cannot be read is among those refused. A container is open until the next one is asked for.
    """
    met: set[tuple[int, int]] = set()
    for name in paths:
        with ExitStack() as stack:
            place = Place(PurePath("standard input" if name == STDIN else name))
            try:
                container = _Opening(stack, limits, met).container(name, place)
            except Unreadable as error:
                container = Container(place, [], [LeftOut(place, str(error), fault=True)])
            except OSError as error:
                container = Container(place, [], [LeftOut(place, unread_reason(error), fault=True)])
            yield container


class _Opening:
    """Opens what was given. Archives stay open as long as the stack does."""

    def __init__(self, stack: ExitStack, limits: Limits, met: set[tuple[int, int]]) -> None:
        self._stack = stack
        self._limits = limits
        self._met = met

    def container(self, name: str, place: Place) -> Container:
        if name == STDIN:
            with os.fdopen(os.dup(0), "rb") as stream:
                return self._of_file(self._spooled(SpooledFile(place, stream, self._limits)))
        path = Path(name)
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            files, refused = self._sorted(folder_files(path, self._limits))
            return Container(place, files, refused)
        if stat.S_ISFIFO(mode):
            with path.open("rb") as stream:
                return self._of_file(self._spooled(SpooledFile(place, stream, self._limits)))
        if stat.S_ISREG(mode):
            return self._of_file(disk_file(path, path.name))
        raise Unreadable("it is no file and no folder")

    def _of_file(self, given: DiskFile | SpooledFile) -> Container:
        if _head(given) in ZIP_MAGICS:
            files, refused = self._sorted([given])
            return Container(given.place, files, refused)
        files, refused = self._sorted([given])
        beside = _neighbours(given.path.parent, self._limits) if isinstance(given, DiskFile) else None
        return Container(given.place, files, refused, single=True, beside=beside)

    def _sorted(
        self, found: Iterable[Member | LeftOut], nested: int = 0
    ) -> tuple[list[Member], list[LeftOut]]:
        """The files to read, with those of archives, and what is refused."""
        files: list[Member] = []
        refused: list[LeftOut] = []
        for member in found:
            if isinstance(member, LeftOut):
                refused.append(member)
                continue
            try:
                if isinstance(member, DiskFile) and self._is_met(member.path):
                    continue
                head = _head(member)
                if head not in ZIP_MAGICS:
                    files.append(unpacked(member, head, self._limits))
                elif nested == 2:
                    reason = "it is an archive in an archive in an archive"
                    refused.append(LeftOut(member.place, reason, fault=True))
                else:
                    inner = self._sorted(self._in_archive(member), nested + 1)
                    files += inner[0]
                    refused += inner[1]
            except Unreadable as error:
                refused.append(LeftOut(member.place, str(error), fault=True))
            except OSError as error:
                refused.append(LeftOut(member.place, unread_reason(error), fault=True))
        return files, refused

    def _in_archive(self, member: Member) -> Iterator[Member | LeftOut]:
        if not isinstance(member, DiskFile | SpooledFile):
            # An archive is read from its end, which what is packed itself has no quick way to.
            with member.open() as stream:
                kept = SpooledFile(member.place, stream, self._limits, member.modified_at, member.name)
            member = cast(Member, self._spooled(kept))
        opened: BinaryIO = self._stack.enter_context(member.open())
        return archived_files(member, opened, self._limits)

    def _spooled(self, kept: SpooledFile) -> SpooledFile:
        self._stack.callback(kept.close)
        return kept

    def _is_met(self, path: Path) -> bool:
        status = path.stat()
        identity = (status.st_dev, status.st_ino)
        met = identity in self._met
        self._met.add(identity)
        return met


def _head(member: Member) -> bytes:
    with member.open() as stream:
        return stream.read(_HEAD)


def _neighbours(folder: Path, limits: Limits) -> Callable[[], Iterable[Member]]:
    def near() -> Iterator[Member]:
        for file in folder_files(folder, replace(limits, names=_NEIGHBOURS), _NEAR):
            if not isinstance(file, LeftOut):
                yield file

    return near
