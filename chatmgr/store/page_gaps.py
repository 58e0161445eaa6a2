"""Clears the unused bytes of a SQLite file's pages.

SQLite with ``secure_delete`` zeroes what it deletes. It does not zero what it *moves*: where rows are shared
out anew between neighbouring pages, the page that a row leaves keeps a copy of it, in the gap between its
cell pointers and its cells, until something else is written there. The one way round is to rewrite the
file. The other is this: to zero the gaps of the pages where such copies can be, which are near the row.

That is done in the file itself, past SQLite, and is safe because nobody ever reads a gap. It needs a
database nobody writes to (the caller is in a write transaction) and a write-ahead log that is empty: then
the file holds the newest state of each page. The caller commits a change afterwards, so that other
connections forget the pages that they remember, gaps and all, and closes its own.

Pages are described in SQLite's “Database File Format”.
"""

import os
import sqlite3
import struct
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from chatmgr.store.locks import file_descriptor

_INTERIOR = {2, 5}  # types of page: of an index, of a table
_LEAF = {10, 13}
_NEAR = 100  # leaves on either side of a row's
_WHOLE = 25_000  # pages; a tree that is not larger is cleared as a whole


class PageGaps:
    """The gaps of one database file; trees are named by their root page."""

    def __init__(self, path: Path, db: sqlite3.Connection) -> None:
        self._file = file_descriptor(path)
        [[self._size]] = db.execute("PRAGMA page_size")
        self._done: set[int] = set()
        self._below: dict[int, list[tuple[int, int]]] = {}

    def clear_tree(self, root: int) -> None:
        """Clear a whole table or index, up to a size; what is deleted from larger ones has a row id."""
        level = [root]
        count = 0
        while level and count < _WHOLE:
            children: list[int] = []
            for page in level:
                data = self._clear(page)
                children += _pointers(data, page)
                count += 1
            level = children

    def clear_near(self, root: int, keys: Iterable[int]) -> None:
        """Clear the leaves of a table around the rows with these ids, whether they are there or not."""
        for key in sorted(set(keys)):
            level: Sequence[int] = [root]
            while level:
                below = [child for page in level for child in self._children(page)]
                if not below:
                    break
                at = next((at for at, (_, last) in enumerate(below) if last >= key), len(below) - 1)
                leaves = self._read(below[at][0])[0] in _LEAF
                reach = _NEAR if leaves else 1
                level = [child for child, _ in below[max(at - reach, 0) : at + reach + 1]]
                if leaves:
                    break
            for page in level:
                self._clear(page)

    def sync(self) -> None:
        """Wait until what was cleared is on the disk."""
        os.fsync(self._file)

    def _read(self, page: int) -> bytes:
        return os.pread(self._file, self._size, (page - 1) * self._size)

    def _children(self, page: int) -> list[tuple[int, int]]:
        """The pages below an interior page of a table, each with the last row id that it may hold."""
        if page not in self._below:
            data = self._read(page)
            below = _pointers(data, page)
            at = _header(data, page)
            cells = _numbers(data, at + 12, max(len(below) - 1, 0))
            last = [*(_row_id(data, cell + 4) for cell in cells), (1 << 63) - 1]
            self._below[page] = list(zip(below, last, strict=False))
        return self._below[page]

    def _clear(self, page: int) -> bytes:
        """Zero a page's gaps, once; returns the page as it was."""
        data = self._read(page)
        if page not in self._done:
            self._done.add(page)
            for start, end in _gaps(data, page):
                if data.count(0, start, end) != end - start:
                    os.pwrite(self._file, bytes(end - start), (page - 1) * self._size + start)
        return data


def _header(data: bytes, page: int) -> int:
    """Where a page's own header is: the first page begins with that of the file."""
    return 100 if page == 1 else 0


def _gaps(data: bytes, page: int) -> Iterator[tuple[int, int]]:
    """The unused stretches of a page of a tree: before its cells, and where cells were deleted."""
    at = _header(data, page)
    if len(data) < 512 or data[at] not in _INTERIOR | _LEAF:
        return
    cells = int.from_bytes(data[at + 3 : at + 5], "big")
    start = at + (12 if data[at] in _INTERIOR else 8) + 2 * cells
    content = int.from_bytes(data[at + 5 : at + 7], "big") or 65_536
    if start > content or content > len(data):
        return
    yield start, content
    block = int.from_bytes(data[at + 1 : at + 3], "big")
    while content <= block <= len(data) - 4:
        length = int.from_bytes(data[block + 2 : block + 4], "big")
        yield block + 4, min(block + max(length, 4), len(data))
        following = int.from_bytes(data[block : block + 2], "big")
        if following <= block:
            return
        block = following


def _pointers(data: bytes, page: int) -> list[int]:
    """The pages below an interior page."""
    at = _header(data, page)
    if len(data) < 512 or data[at] not in _INTERIOR:
        return []
    cells = _numbers(data, at + 12, int.from_bytes(data[at + 3 : at + 5], "big"))
    last = int.from_bytes(data[at + 8 : at + 12], "big")
    return [*(int.from_bytes(data[cell : cell + 4], "big") for cell in cells), last]


def _numbers(data: bytes, at: int, count: int) -> tuple[int, ...]:
    """Numbers of two bytes each."""
    return struct.unpack_from(f">{count}H", data, at)


def _row_id(data: bytes, at: int) -> int:
    value = 0
    for count in range(9):
        byte = data[at + count]
        if count == 8:
            value = value << 8 | byte
            break
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            break
    return value - (1 << 64) if value >= 1 << 63 else value
