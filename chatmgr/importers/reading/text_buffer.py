"""A text that is decoded as it is needed: the part that is looked at, and no more, is in memory."""

import codecs
import re
from sys import getsizeof
from typing import BinaryIO

from chatmgr.importers.source import Unreadable

CHUNK = 1 << 20  # bytes
_SPACE = re.compile(r"[ \t\r\n\ufeff\x00]*")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def encoding_of(head: bytes) -> str:
    """The encoding of a JSON text that begins so: UTF-8, or what its first bytes show."""
    for mark, name in _BOMS:
        if head.startswith(mark):
            return name
    if len(head) >= 2 and head[1] == 0 and head[0]:
        return "utf-16-le"
    if len(head) >= 2 and head[0] == 0 and head[1]:
        return "utf-16-be"
    return "utf-8"


class TextBuffer:
    """The text of a stream, from ``at`` on; what lies before is forgotten with the next ``more``.

    ``ended``: all of it is in ``text``. ``byte`` is where in the file ``at`` stands, exact for UTF-8. Bytes
    that are no text become U+FFFD.
    """

    def __init__(self, stream: BinaryIO, limit: int) -> None:
        self._stream = stream
        self._limit = limit
        head = stream.read(CHUNK)
        self._decoder = codecs.getincrementaldecoder(encoding_of(head))(errors="replace")
        self.text = self._decoder.decode(head)
        self.at = 0
        self.byte = 3 if head.startswith(codecs.BOM_UTF8) else 0
        self.ended = False
        self.failure = ""  # why the stream ended early, where it did

    def more(self) -> bool:
        """Read on, at least as much as is there, so that reading a long value again and again stays cheap.

        False at the end. Raises ``TooLong`` where what is there is at its bound.
        """
        if self.ended:
            return False
        if getsizeof(self.text) - self.at > self._limit:
            raise TooLong
        wanted = max(CHUNK, len(self.text) - self.at)
        pieces = [self.text[self.at :]]
        self.at = 0
        self.text = ""
        while wanted > 0 and not self.ended:
            piece = self._decoded()
            pieces.append(piece)
            wanted -= len(piece)
        self.text = "".join(pieces)
        return True

    def _decoded(self) -> str:
        """The next piece. A stream that breaks off counts as one that ends, and ``failure`` says why."""
        try:
            data = self._stream.read(CHUNK)
        except Unreadable as error:
            data, self.failure = b"", str(error)
        self.ended = not data
        return self._decoder.decode(data, final=self.ended)

    def skip_space(self) -> str:
        """Go to the next character that is no space, and look at it; empty at the end."""
        while True:
            match = _SPACE.match(self.text, self.at)
            self.forward(match.end() if match else self.at)
            if self.at < len(self.text):
                return self.text[self.at]
            if not self.more():
                return ""

    def forward(self, to: int, size: int | None = None) -> None:
        """Go on to a place in the text; ``size`` is what lies between in bytes, where it is known."""
        if size is None:
            between = self.text[self.at : to]
            size = len(between) if between.isascii() else len(between.encode("utf-8", "replace"))
        self.byte += size
        self.at = to

    def find(self, words: str, keep: int = 0) -> bool:
        """Go behind the next place where these words stand, less ``keep`` characters.

        False where they stand nowhere: then the end is reached.
        """
        while (place := self.text.find(words, self.at)) < 0:
            self.forward(max(self.at, len(self.text) - len(words)))
            if not self.more():
                return False
        self.forward(place + len(words) - keep)
        return True


class TooLong(Exception):
    """A value is longer than memory is meant to hold."""
