"""The rows that SQLite's full-text index consists of: the leaves of its segments, and the list of those.

A segment's leaves are rows of ``words_data``, numbered from ``first``. A leaf has a header (two bytes: where
its first row id is, if that belongs to the last word of the leaf before; two bytes: where its words end),
the rest of that last word's entries, then words, each with its entries, and at the end the offsets of the
words. The format is described at the top of SQLite's ``fts5_index.c``; this is version 4 of it.
"""

from dataclasses import dataclass, field

_HEADER = 4  # bytes


class UnknownFormat(Exception):
    """The index is not one that this version can edit."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment. While a merge is under way, it reads its inputs and adds to its output from time to time."""

    number: int
    first: int
    last: int
    is_output: bool


@dataclass(slots=True)
class Leaf:
    """One leaf, taken apart. ``head`` continues the last word of the leaf before."""

    first_rowid: int
    head: bytes
    words: list[tuple[bytes, bytes]] = field(default_factory=list)

    @classmethod
    def parse(cls, block: bytes) -> "Leaf":
        end = int.from_bytes(block[2:4], "big")
        offsets: list[int] = []
        at, offset = end, 0
        while at < len(block):
            step, at = varint(block, at)
            offset += step
            offsets.append(offset)
        if end < _HEADER or end > len(block) or any(not 4 <= start < end for start in offsets):
            raise UnknownFormat
        leaf = cls(int.from_bytes(block[:2], "big"), block[4 : offsets[0] if offsets else end])
        word = b""
        for at, next_word in zip(offsets, [*offsets[1:], end], strict=False):
            shared, start = varint(block, at) if leaf.words else (0, at)
            length, start = varint(block, start)
            word = word[:shared] + block[start : start + length]
            leaf.words.append((word, block[start + length : next_word]))
        return leaf

    def block(self) -> bytes:
        """The leaf as a row keeps it."""
        body, offsets, last = bytearray(4) + self.head, bytearray(), 0
        previous = b""
        for number, (word, entries) in enumerate(self.words):
            offsets += as_varint(len(body) - last)
            last = len(body)
            shared = shared_length(previous, word) if number else 0
            if number:
                body += as_varint(shared)
            body += as_varint(len(word) - shared) + word[shared:] + entries
            previous = word
        body[:2] = self.first_rowid.to_bytes(2, "big")
        body[2:4] = len(body).to_bytes(2, "big")
        return bytes(body + offsets)


def segments(structure: bytes) -> list[Segment]:
    """The segments, level by level, the newest level first, and the oldest segment first in each."""
    if structure[4:8] == b"\xff\0\0\1":
        raise UnknownFormat  # version 2 of the structure
    levels, at = varint(structure, 4)
    _, at = varint(structure, at)
    _, at = varint(structure, at)
    segments: list[Segment] = []
    merging_below = 0
    for _ in range(levels):
        merging, at = varint(structure, at)
        count, at = varint(structure, at)
        for number_in_level in range(count):
            segment, at = varint(structure, at)
            first, at = varint(structure, at)
            last, at = varint(structure, at)
            is_output = merging_below > 0 and number_in_level == count - 1
            if is_output and merging == count:
                raise UnknownFormat  # an input as well
            segments.append(Segment(segment, first, last, is_output))
        merging_below = merging
    return segments


def shared_length(before: bytes, word: bytes) -> int:
    """How many bytes two words begin with alike."""
    length = min(len(before), len(word))
    return next((at for at in range(length) if before[at] != word[at]), length)


def varint(block: bytes, at: int) -> tuple[int, int]:
    """SQLite's variable-length integer, and where it ends."""
    value = 0
    for _ in range(8):
        if at >= len(block):
            raise UnknownFormat
        byte = block[at]
        at += 1
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at
    raise UnknownFormat  # nine bytes: nothing that is counted here is so large


def as_varint(value: int) -> bytes:
    """A number of less than 56 bits as SQLite's variable-length integer."""
    parts = [value & 0x7F]
    while value := value >> 7:
        parts.append(value & 0x7F | 0x80)
    return bytes(reversed(parts))
