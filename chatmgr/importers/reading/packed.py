"""Single files that are compressed, as tools do with old logs: gzip, and Zstandard where Python has it."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, BinaryIO, cast

from chatmgr.domain.fast_dataclass import dataclass
from chatmgr.domain.source_conversations import Place
from chatmgr.importers.reading.bounded import BoundedStream
from chatmgr.importers.reading.limits import Limits
from chatmgr.importers.source import Member, Unreadable

_GZIP = b"\x1f\x8b"
_ZSTANDARD = b"\x28\xb5\x2f\xfd"
_NO_ZSTANDARD = (
    "it is compressed with Zstandard, which this Python cannot read: "
    "unpack it with “zstd -d”, or install the package zstandard"
)


@dataclass(frozen=True, slots=True)
class UnpackedFile:
    """A member whose bytes are those that another one holds compressed."""

    place: Place
    modified_at: datetime | None
    size: int
    name: str
    packed: Member
    opener: Callable[[BinaryIO], BinaryIO]
    limits: Limits

    def open(self) -> BinaryIO:
        """The bytes, unpacked as they are read."""
        packed = self.packed.open()
        try:
            stream = self.opener(packed)
        except BaseException:
            packed.close()
            raise
        return cast(BinaryIO, BoundedStream(stream, self.limits, self.packed.size, below=packed))


def unpacked(member: Member, head: bytes, limits: Limits) -> Member:
    """The member as it is to be read: unpacked where it begins like something compressed."""
    openers = {_GZIP: _gzip, _ZSTANDARD: _zstandard}
    for magic, opener in openers.items():
        if head.startswith(magic):
            return UnpackedFile(
                member.place, member.modified_at, member.size, member.name, member, opener, limits
            )
    return member


def _gzip(stream: BinaryIO) -> BinaryIO:
    import gzip

    return cast(BinaryIO, gzip.GzipFile(fileobj=stream))


def _zstandard(stream: BinaryIO) -> BinaryIO:
    import importlib

    for name in ("compression.zstd", "zstandard"):
        try:
            module: Any = importlib.import_module(name)
        except ImportError:
            continue
        return cast(BinaryIO, module.open(stream, "rb"))
    raise Unreadable(_NO_ZSTANDARD)
