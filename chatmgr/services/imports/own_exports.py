"""Brings back lossless exports of chatmgr itself: whole conversations at a time, row by row."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from chatmgr.domain.interrupts import interrupts
from chatmgr.domain.lossless_columns import BadRecord, Record
from chatmgr.domain.source_conversations import Place
from chatmgr.importers import own
from chatmgr.importers.source import OwnExport
from chatmgr.services.imports.report import Fault, ImportReport
from chatmgr.store.migrate import HEAD

if TYPE_CHECKING:
    from chatmgr.store.reader import Reader
    from chatmgr.store.writer import Writer
    from chatmgr.store.writer.restore import RestoreCounts, RestoreWriter

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
            for brought in _restored(restorer, batch, export, report):
                counts.new += brought.new
                counts.grown += brought.grown
                counts.known += brought.known
                counts.turns += brought.turns
                counts.files += brought.files
                report.names += brought.names[: 5 - len(report.names)]


def _restored(
    restorer: "RestoreWriter", batch: Batch, export: OwnExport, report: ImportReport
) -> Iterator["RestoreCounts"]:
    """Bring back a batch; where something in it is bad, each conversation by itself, but for the bad ones."""
    interrupts.check_work()
    try:
        yield restorer.restore(batch)
        bad: Batch = []
    except BadRecord:
        bad = batch
    for conversation in _single(bad):
        interrupts.check_work()
        try:
            yield restorer.restore(conversation)
        except BadRecord as error:
            keys = [record.get("key") for kind, record in conversation if kind == "conversation"]
            place = Place(export.place.file, export.place.member, 0, str(keys[0]) if keys else "")
            report.faults.append(Fault(place, str(error)))


def _single(batch: Batch) -> Iterator[Batch]:
    """The conversations of a batch, each with its turns and what comes between; what comes before, alone."""
    single: Batch = []
    for kind, record in batch:
        before = single and all(kind != "conversation" for kind, _ in single)
        if single and (kind == "conversation" or (kind == "assistant" and not before)):
            yield single
            single = []
        single.append((kind, record))
    if single:
        yield single


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
        size += len(str(record.get("data", "")))
    if batch:
        yield batch


def _without_last(batch: Batch) -> Batch:
    """A batch without the last conversation, whose turns may not all be there."""
    starts = [number for number, (kind, _) in enumerate(batch) if kind == "conversation"]
    return batch[: starts[-1]] if starts else batch
