"""What is whole in a zip archive that was cut short, and has no table of contents any more.

Each member begins with a header of its own, which names it. The next one begins behind its data; where the
header does not say how long these are, they are unpacked to see.
"""

import struct
import zlib
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from pathlib import PurePosixPath
from typing import BinaryIO, cast

from chatmgr.domain.fast_dataclass import dataclass
from chatmgr.domain.source_conversations import Place
from chatmgr.importers.reading.bounded import BoundedStream, Budget
from chatmgr.importers.reading.cleaning import cleaned
from chatmgr.importers.reading.files import SKIPPED
from chatmgr.importers.reading.inflating import Inflating
from chatmgr.importers.reading.limits import Limits
from chatmgr.importers.reading.member_names import member_place, name_refusal
from chatmgr.importers.source import LeftOut, Member, Unreadable

_HEADER = struct.Struct("<4s5H3I2H")
_MAGIC = b"PK\x03\x04"
_STORED, _DEFLATED = 0, 8
_SIZE_FOLLOWS = 0x8
_ENCRYPTED = 0x1
_BIG = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class SalvagedFile:
    """A member whose header was met; its end may be missing."""

    place: Place
    modified_at: datetime | None
    size: int
    name: str
    outer: Member
    start: int
    packed: int  # bytes; -1 where nobody knows
    method: int
    limits: Limits
    budget: Budget

    def open(self) -> BinaryIO:
        """Its bytes, as far as they are there; raises ``Unreadable`` where they end too early."""
        stream = self.outer.open()
        stream.seek(self.start)
        inflating = Inflating(stream, self.packed, raw=self.method == _STORED)
        bounded = BoundedStream(cast(BinaryIO, inflating), self.limits, max(self.packed, 0), self.budget)
        return cast(BinaryIO, bounded)


def salvaged(outer: Member, limits: Limits) -> Iterator[Member | LeftOut]:
    """The members whose headers are there, up to the first place where there is no header."""
    budget = Budget(limits.total)
    at: int | None = 0
    for _ in range(limits.names):
        header = _header_at(outer, at) if at is not None else None
        if header is None:
            return
        name, method, flags, packed, start = header
        make = partial(SalvagedFile, member_place(outer.place, name), None, max(packed, 0), cleaned(name))
        file = make(outer, start, packed, method, limits, budget)
        if reason := name_refusal(name):
            yield LeftOut(file.place, reason, fault=True)
        elif flags & _ENCRYPTED or method not in (_STORED, _DEFLATED):
            yield LeftOut(file.place, "it is encrypted, or packed in an unusual way", fault=True)
        elif not name.endswith("/") and not set(PurePosixPath(name).parts) & SKIPPED:
            yield file
        at = start + packed if packed >= 0 else _end_of(file)


def _header_at(outer: Member, at: int) -> tuple[str, int, int, int, int] | None:
    """Name, method, flags, packed size and start of the data of the member at a place."""
    with outer.open() as stream:
        stream.seek(at)
        head = stream.read(_HEADER.size)
        if len(head) < _HEADER.size or not head.startswith(_MAGIC):
            return None
        _, _, flags, method, _, _, _, packed, _, name_size, extra_size = _HEADER.unpack(head)
        name_bytes = stream.read(name_size)
    if len(name_bytes) < name_size:
        return None
    name = name_bytes.decode("utf-8", "replace").replace("\\", "/")
    known = packed if packed != _BIG and not (flags & _SIZE_FOLLOWS and packed == 0) else -1
    return name, method, flags, known, at + _HEADER.size + name_size + extra_size


def _end_of(file: SalvagedFile) -> int | None:
    """Where the next header is behind a member of unknown length; None where its end is not there."""
    if file.method != _DEFLATED:
        return None
    with file.outer.open() as stream:
        stream.seek(file.start)
        inflating = Inflating(stream, -1, raw=False)
        try:
            while inflating.read(1 << 20):
                pass
        except (zlib.error, EOFError, Unreadable):
            return None
        end = file.start + inflating.consumed
        stream.seek(end)
        behind = stream.read(28)
    place = behind.find(_MAGIC)
    return end + place if place >= 0 else None
