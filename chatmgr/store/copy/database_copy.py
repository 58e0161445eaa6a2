"""Copies one database into another, resumably, and proves that both are equal.

The source is read within one snapshot, table by table, in ranges of keys. Until all of it is there, the
target says of its schema that it is an unfinished copy, so that nobody works with it. A copy that was cut off
goes on: a range whose rows are the same in both is left, any other is copied again, because the source may
have changed since. In the end every table is hashed on both sides.
"""

import hashlib
from collections.abc import Callable, Sequence

from chatmgr.domain.errors import DatabaseUnreachable, UsageFault
from chatmgr.domain.fast_dataclass import dataclass
from chatmgr.domain.interrupts import interrupts
from chatmgr.domain.redaction import safe_url
from chatmgr.store import migrate
from chatmgr.store.connection import open_source
from chatmgr.store.copy.postgres_side import PostgresSide
from chatmgr.store.copy.shape import Row, Shape, shapes
from chatmgr.store.copy.sqlite_side import SqliteSide
from chatmgr.store.location import sqlite_path
from chatmgr.store.revision_check import copying, is_copying, revision

_RANGE = 5_000  # rows
_RANGE_SIZE = 16 << 20  # bytes of files in a range, about

Side = SqliteSide | PostgresSide
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class CopyReport:
    """What was copied: rows by table, how many of them were written by this try, and one hash over all."""

    rows: dict[str, int]
    written: int
    digest: str


def copy_database(
    source: str,
    target: str,
    progress: Progress,
    indexing: Progress,
    *,
    verify_only: bool = False,
) -> CopyReport:
    """Copy all of a database; ``progress`` is told rows done and rows in all, reading on both sides counted.

    ``indexing`` is told the same of documents that are indexed. Raises UsageFault where the target holds
    something else.
    """
    _check_source(source)
    if not verify_only:
        _prepare_target(source, target)
    origin, copy = _side(source), _side(target)
    try:
        origin.begin_reading()
        run = _Copy(origin, copy, shapes(), progress)
        report = run.verify() if verify_only else run.run()
        if not verify_only:
            copy.finish(run.shapes, indexing)
            copy.mark(migrate.HEAD)
    finally:
        origin.close()
        copy.close()
    return report


def _check_source(source: str) -> None:
    opened = open_source(source)
    if opened is None:
        raise UsageFault(f"There is no database at {safe_url(source)}.", "")
    try:
        current = revision(opened)
    finally:
        opened.close()
    if current != migrate.HEAD:
        raise UsageFault(
            f"The database {safe_url(source)} has schema {current or 'none'}; {migrate.HEAD} can be copied.",
            "Upgrade it first: chatmgr db upgrade",
        )


def _prepare_target(source: str, target: str) -> None:
    """Make the target's tables, unless it is an unfinished copy of this very source."""
    mark = copying(source)
    opened = open_source(target)
    current = revision(opened) if opened else ""
    if opened:
        opened.close()
    if current == mark:
        return
    if is_copying(current):
        raise UsageFault(
            f"{safe_url(target)} is an unfinished copy of another database.",
            "Finish that, or name an empty one.",
        )
    if not current:
        migrate.upgrade(target)
    side = _side(target)
    try:
        if any(side.count(shape) for shape in shapes()):
            raise UsageFault(
                f"The database {safe_url(target)} is not empty.",
                "To bring two databases to the same state: chatmgr push — or name an empty one.",
            )
        side.mark(mark)
        side.prepare()
    finally:
        side.close()


def _side(url: str) -> Side:
    path = sqlite_path(url)
    return PostgresSide(url) if path is None else SqliteSide(path)


class _Copy:
    def __init__(self, origin: Side, copy: Side, tables: Sequence[Shape], progress: Progress) -> None:
        self._origin, self._copy = origin, copy
        self.shapes = tables
        self._progress = progress
        self._counts = {shape.name: origin.count(shape) for shape in tables}
        self._done, self._total = 0, 2 * sum(self._counts.values())
        self._written = 0
        self._digests: dict[str, str] = {}

    def run(self) -> CopyReport:
        for shape in self.shapes:
            self._digests[shape.name] = self._copy_table(shape)
        for shape in reversed(self.shapes):
            if self._copy.count(shape) != self._counts[shape.name]:
                self._delete_others(shape)
        self._compare()
        return self._report()

    def verify(self) -> CopyReport:
        """Compare without writing."""
        for shape in self.shapes:
            digest = hashlib.blake2b(digest_size=16)
            after: Row | None = None
            while rows := self._next(self._origin, shape, after):
                after = rows[-1][: len(shape.key)]
                _feed(digest, rows)
                self._tell(len(rows))
            self._digests[shape.name] = digest.hexdigest()
        self._compare()
        return self._report()

    def _report(self) -> CopyReport:
        whole = hashlib.blake2b(digest_size=16)
        for name in sorted(self._digests):
            whole.update(f"{name}={self._digests[name]}\n".encode())
        self._progress(self._total, self._total)
        return CopyReport(self._counts, self._written, whole.hexdigest())

    def _copy_table(self, shape: Shape) -> str:
        digest = hashlib.blake2b(digest_size=16)
        there = self._copy.count(shape)
        after: Row | None = None
        while rows := self._next(self._origin, shape, after):
            last = rows[-1][: len(shape.key)]
            _feed(digest, rows)
            if not there or self._copy.between(shape, after, last) != rows:
                self._copy.insert(shape, rows)
                self._written += len(rows)
            after = last
            self._tell(len(rows))
        return digest.hexdigest()

    @staticmethod
    def _next(side: Side, shape: Shape, after: Row | None) -> list[Row]:
        """The next range of rows: fewer where they are files."""
        if shape.name != "blobs":
            return side.rows(shape, after, _RANGE)
        rows: list[Row] = []
        size = 0
        while size < _RANGE_SIZE and (more := side.rows(shape, after, 1)):
            rows += more
            after = more[0][: len(shape.key)]
            size += len(more[0][-1] or b"")
        return rows

    def _delete_others(self, shape: Shape) -> None:
        """Delete what the source does not have any more."""
        after: Row | None = None
        while True:
            rows = self._next(self._origin, shape, after)
            last = rows[-1][: len(shape.key)] if rows else None
            kept = {row[: len(shape.key)] for row in rows}
            here = self._copy.between(shape, after, last)
            gone = [row[: len(shape.key)] for row in here if row[: len(shape.key)] not in kept]
            if gone:
                self._copy.delete(shape, gone)
            if last is None:
                return
            after = last

    def _compare(self) -> None:
        """Read the copy, and hash what it holds."""
        for shape in self.shapes:
            digest = hashlib.blake2b(digest_size=16)
            count = 0
            after: Row | None = None
            while rows := self._next(self._copy, shape, after):
                after = rows[-1][: len(shape.key)]
                count += len(rows)
                _feed(digest, rows)
                self._tell(len(rows))
            if (count, digest.hexdigest()) != (self._counts[shape.name], self._digests[shape.name]):
                raise DatabaseUnreachable(
                    f"The copy differs from its source in the table {shape.name} "
                    f"({count:,} rows, {self._counts[shape.name]:,} in the source).",
                    "Give the same command again: what differs is copied again.",
                )

    def _tell(self, rows: int) -> None:
        interrupts.check_work()
        self._done += rows
        self._progress(min(self._done, self._total), self._total)


def _feed(digest: "hashlib.blake2b", rows: Sequence[Row]) -> None:
    digest.update("\n".join(map(repr, rows)).encode("utf-8", "surrogatepass"))
