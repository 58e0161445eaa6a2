"""Unpacks one deflated stream inside another one, a bounded piece at a time."""

import zlib
from typing import BinaryIO


class Inflating:
    """The bytes that are packed in a stream from its present place on.

    ``packed`` bounds what is read of it, -1 for no bound. ``raw``: they are not packed at all. ``consumed``
    is how many packed bytes were needed. Raises ``EOFError`` where the stream ends too early.
    """

    def __init__(self, stream: BinaryIO, packed: int, *, raw: bool) -> None:
        self._stream = stream
        self._left = packed
        self._raw = raw
        self._unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
        self._pending = b""
        self.consumed = 0

    def read(self, size: int) -> bytes:
        """The next bytes, at most as many; empty at the end."""
        if self._raw:
            data = self._packed_bytes(size)
            if not data and self._left > 0:
                raise EOFError("the archive ends in the middle of it")
            return data
        while not self._unpacker.eof:
            packed = self._pending or self._packed_bytes(1 << 16)
            if not packed:
                raise EOFError("the archive ends in the middle of it")
            data = self._unpacker.decompress(packed, size)
            rest = self._unpacker.unused_data if self._unpacker.eof else self._unpacker.unconsumed_tail
            self.consumed += len(packed) - len(rest)
            self._pending = rest
            if data:
                return data
        return b""

    def close(self) -> None:
        """Close the stream around."""
        self._stream.close()

    def _packed_bytes(self, size: int) -> bytes:
        data = self._stream.read(size if self._left < 0 else min(size, self._left))
        if self._left >= 0:
            self._left -= len(data)
        return data
