"""Brings back lossless exports of chatmgr itself: whole conversations at a time, row by row."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from chatmgr.domain.interrupts import interrupts
from chatmgr.domain.lossless_columns import Record
from chatmgr.importers import own
from chatmgr.importers.source import OwnExport
from chatmgr.services.imports.report import Fault, ImportReport
from chatmgr.store.migrate import HEAD

if TYPE_CHECKING:
    from chatmgr.store.reader import Reader
    from chatmgr.store.writer import Writer

KIND = "chatmgr"
_BATCH = 2_000  # records in one transaction, unless one conversation has more
_BATCH_SIZE = 16 << 20  # characters of files in one
_CUT = "it was cut short: all but the last conversation in it is imported"

Batch = list[tuple[str, Record]]


def bring_back(export: OwnExport, writer: Callable[[], "Writer"], report: ImportReport) -> None:
    """Import an export. Raises Unreadable where it is none, or from a newer version."""
    counts = report.of(KIND, KIND)
    restorer = writer().restoring()
    with export.open() as stream:
        for batch in _batches(export, own.records(stream, HEAD), report):
            interrupts.check_work()
            brought = restorer.restore(batch)
            counts.new += brought.new
            counts.grown += brought.grown
            counts.known += brought.known
            counts.turns += brought.turns
            counts.files += brought.files
            report.names += brought.names[: 5 - len(report.names)]


def foresee(export: OwnExport, reader: "Reader", report: ImportReport) -> None:
    """Count what importing it would do."""
    counts = report.of(KIND, KIND)
    with export.open() as stream:
        for batch in _batches(export, own.records(stream, HEAD), report):
            for kind, record in batch:
                if kind == "conversation" and reader.imports.is_there(record["key"]):
                    counts.known += 1
                elif kind == "conversation":
                    counts.new += 1
                elif kind == "turn" and not reader.imports.turns_there([record["key"]]):
                    counts.turns += 1


def _batches(
    export: OwnExport, records: Iterator[tuple[str, Record]], report: ImportReport
) -> Iterator[Batch]:
    """Records in batches that end where a conversation does; of one that was cut off, what is whole."""
    batch: Batch = []
    size = 0
    for kind, record in records:
        if kind == "header":
            continue
        if kind == "cut":
            report.faults.append(Fault(export.place, _CUT))
            batch = _without_last(batch)
            continue
        if kind == "conversation" and (len(batch) >= _BATCH or size >= _BATCH_SIZE):
            yield batch
            batch, size = [], 0
        batch.append((kind, record))
        size += len(record.get("data") or "")
    if batch:
        yield batch


def _without_last(batch: Batch) -> Batch:
    """A batch without the last conversation, whose turns may not all be there."""
    starts = [number for number, (kind, _) in enumerate(batch) if kind == "conversation"]
    return batch[: starts[-1]] if starts else batch
