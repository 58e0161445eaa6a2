"""The members of a zip archive, read in place. Nothing is unpacked to the disk under a name of theirs."""

import stat
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import BinaryIO, cast

from chatmgr.domain.fast_dataclass import dataclass
from chatmgr.domain.source_conversations import Place
from chatmgr.importers.reading.bounded import DAMAGE, BoundedStream, Budget, damage_words
from chatmgr.importers.reading.cleaning import cleaned
from chatmgr.importers.reading.files import SKIPPED
from chatmgr.importers.reading.limits import Limits
from chatmgr.importers.reading.member_names import member_place, name_refusal
from chatmgr.importers.reading.salvage import salvaged
from chatmgr.importers.source import LeftOut, Member, Unreadable

ZIP_MAGICS = (b"PK\x03\x04", b"PK\x05\x06")
_ENCRYPTED = 0x1


@dataclass(frozen=True, slots=True)
class ArchivedFile:
    """A member of an open archive. ``name`` is its path in that, with slashes."""

    place: Place
    modified_at: datetime | None
    size: int
    name: str
    archive: zipfile.ZipFile
    info: zipfile.ZipInfo
    limits: Limits
    budget: Budget

    def open(self) -> BinaryIO:
        """Its bytes, counted as they are read, whatever the archive claims."""
        try:
            stream = self.archive.open(self.info)
        except DAMAGE as error:
            raise Unreadable(damage_words(error)) from error
        bounded = BoundedStream(cast(BinaryIO, stream), self.limits, self.info.compress_size, self.budget)
        return cast(BinaryIO, bounded)


def archived_files(outer: Member, stream: BinaryIO, limits: Limits) -> Iterator[Member | LeftOut]:
    """What the archive in a stream holds. One without a table of contents was cut short: what is whole."""
    try:
        archive = zipfile.ZipFile(stream)
        infos = archive.infolist()
    except DAMAGE:
        reason = "the archive is cut short or damaged: what is whole in it is read. Download it again"
        yield LeftOut(outer.place, reason, fault=True)
        yield from salvaged(outer, limits)
        return
    if len(infos) > limits.names:
        yield LeftOut(outer.place, f"it holds more than {limits.names:,} files", fault=True)
        return
    budget = Budget(limits.total)
    for info in infos:
        name = info.orig_filename.replace("\\", "/")
        if info.is_dir() or name.endswith("/") or set(PurePosixPath(name).parts) & SKIPPED:
            continue
        place = member_place(outer.place, name)
        if reason := name_refusal(name) or _refusal(info):
            yield LeftOut(place, reason, fault=True)
            continue
        yield ArchivedFile(
            place, _time_of(info), info.file_size, cleaned(name), archive, info, limits, budget
        )


def _refusal(info: zipfile.ZipInfo) -> str:
    if stat.S_ISLNK(info.external_attr >> 16):
        return "it is a link"
    if info.flag_bits & _ENCRYPTED:
        return "it is encrypted: unpack the archive with its password, and import the folder"
    return ""


def _time_of(info: zipfile.ZipInfo) -> datetime | None:
    try:
        return datetime(*info.date_time, tzinfo=UTC) if info.date_time > (1980, 1, 1, 0, 0, 0) else None
    except ValueError:
        return None
