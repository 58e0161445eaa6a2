"""A stream that ends in an ``Unreadable`` where it becomes too long, or is damaged."""

import io
import lzma
import zipfile
import zlib
from typing import BinaryIO

from chatmgr.importers.reading.limits import Limits
from chatmgr.importers.source import Unreadable

DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError),
    *(NotImplementedError, RuntimeError, ValueError, OverflowError),
)


def damage_words(error: Exception) -> str:
    """Why something packed cannot be read, for a person."""
    if isinstance(error, EOFError):
        return "the archive is cut short in the middle of it"
    return f"it is damaged ({str(error) or type(error).__name__})"


class Budget:
    """How many bytes may still be read from all members of an archive together."""

    def __init__(self, total: int) -> None:
        self.left = total

    def take(self, count: int) -> None:
        """Count what was read; raises ``Unreadable`` where it is too much."""
        self.left -= count
        if self.left < 0:
            raise Unreadable("the archive unpacks to more than any export would")


class BoundedStream(io.RawIOBase):
    """What a stream yields, counted as it is read.

    ``packed`` is the size that it has in its archive, 0 where that is not known: a ratio of the two that no
    honest file has ends it. ``below`` is closed with it.
    """

    def __init__(
        self,
        stream: BinaryIO,
        limits: Limits,
        packed: int = 0,
        budget: Budget | None = None,
        below: BinaryIO | None = None,
    ) -> None:
        self._stream = stream
        self._below = below
        self._most = limits.member
        if packed:
            self._most = min(limits.member, max(limits.small, packed * limits.ratio))
        self._budget = budget
        self._count = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1) -> bytes:
        """The next bytes. Raises ``Unreadable``."""
        if size is None or size < 0:
            return b"".join(iter(lambda: self.read(1 << 20), b""))
        try:
            data = self._stream.read(size)
        except Unreadable:
            raise
        except DAMAGE as error:
            raise Unreadable(damage_words(error)) from error
        self._count += len(data)
        if self._count > self._most:
            raise Unreadable("it unpacks to more than any export would")
        if self._budget:
            self._budget.take(len(data))
        return data

    def readinto(self, buffer: "memoryview | bytearray") -> int:  # type: ignore[override]
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._stream.close()
            if self._below:
                self._below.close()
        super().close()
