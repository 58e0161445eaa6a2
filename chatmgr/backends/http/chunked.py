"""Chunked bodies, of which all chunks that have arrived are taken at once.

A server that streams an answer sends each word as a chunk of its own. h11 hands on chunk by chunk, and that
is half of what a word costs. Where a body is cut into chunks means nothing (RFC 9112, 7.1), so here those
that lie whole in the buffer become one piece of data. Anything else is left to h11: the first part of a
longer chunk, extensions, the end with its trailers, and whatever is malformed.
"""

import re

from h11._events import Data, EndOfMessage
from h11._readers import READERS, ChunkedReader
from h11._receivebuffer import ReceiveBuffer
from h11._state import SEND_BODY

_SIZE = re.compile(rb"([0-9A-Fa-f]{1,8})\r\n")


class MergingReader(ChunkedReader):
    """Reads a chunked body, as many chunks at a time as there are."""

    def __call__(self, buffer: ReceiveBuffer) -> Data | EndOfMessage | None:
        """The next piece of the body, or its end; None where more has to arrive."""
        if not (self._bytes_in_chunk or self._reading_trailer):
            data, length = _whole_chunks(bytes(buffer), self._bytes_to_discard)
            if data:
                self._bytes_to_discard = b""
                buffer.maybe_extract_at_most(length)
                return Data(data=data)
        return super().__call__(buffer)


def _whole_chunks(received: bytes, earlier_end: bytes) -> tuple[bytes, int]:
    """The data of the chunks at the beginning that are complete, and how many bytes all that takes.

    ``earlier_end`` is what is still missing of the line end after the chunk before them.
    """
    pieces: list[bytes] = []
    position = len(earlier_end) if received.startswith(earlier_end) else len(received)
    while size := _SIZE.match(received, position):
        start = size.end()
        end = start + int(size[1], 16)
        if start == end or received[end : end + 2] != b"\r\n":
            break
        pieces.append(received[start:end])
        position = end + 2
    return b"".join(pieces), position


def merge_chunks() -> None:
    """Have h11 read chunked bodies so, in this process."""
    READERS[SEND_BODY]["chunked"] = MergingReader  # type: ignore[index]
