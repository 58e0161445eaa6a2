"""What an import did, or would do, as it is shown."""

import shlex
import sys
from collections.abc import Sequence
from datetime import UTC, datetime

from chatmgr.domain.errors import ChatmgrError
from chatmgr.domain.text import counted
from chatmgr.importers.places import FoundPlace
from chatmgr.services.imports.report import ImportReport, SourceCounts, place_words
from chatmgr.terminal.console import console
from chatmgr.terminal.durations import age
from chatmgr.terminal.list_tables import table
from chatmgr.terminal.sanitize import one_line
from chatmgr.ui.json_output import print_json

_FAULTS_SHOWN = 20


def show_found(places: Sequence[FoundPlace], *, as_json: bool) -> None:
    """What the programs of this machine keep, a line each."""
    if as_json:
        for place in places:
            facts = {"kind": place.kind, "label": place.label, "path": str(place.path), "files": place.files}
            print_json({"found": facts | {"bytes": place.size, "changed_at": place.changed_at}})
        return
    now = datetime.now(UTC)
    rows = [
        (
            *(place.label, f"{place.files:,}", f"{place.size / 1e6:,.1f} MB"),
            *(age(place.changed_at, now), str(place.path)),
        )
        for place in places
    ]
    for line in table(("SOURCE", "FILES", "SIZE", "CHANGED", "WHERE"), rows, terminal=sys.stdout.isatty()):
        console.out(line)


def show_report(report: ImportReport, *, dry_run: bool) -> None:
    if dry_run:
        head, rows = _dry_run_table(report)
        for line in table(head, rows, terminal=sys.stdout.isatty()):
            console.out(line)
    for reason, count in report.left_out.most_common():
        console.note(f"Left out, {count:,} ×: {one_line(reason)}.")
    total = report.total
    if not total.conversations:
        if not report.faults:
            raise ChatmgrError("There is no conversation in it that chatmgr knows how to import.")
        return
    _show_unmapped(report)
    if dry_run:
        console.note("Nothing was written.")
        return
    console.note(_summary(report))
    if report.names:
        name = one_line(shlex.quote(report.names[0]))
        console.note(f"Go on with one: chatmgr resume {name} — or see them: chatmgr history")


def _summary(report: ImportReport) -> str:
    """What an import did, in a sentence."""
    total = report.total
    parts = [
        f"{counted(total.new, 'new conversation')}" if total.new else "",
        f"{total.grown:,} that have grown" if total.grown else "",
        f"{total.beside:,} with what is new on a path beside (history NAME --tree)" if total.beside else "",
        f"{total.known:,} known" if total.known else "",
        f"{total.deleted:,} deleted here before" if total.deleted else "",
        f"{total.old:,} older than asked for" if total.old else "",
    ]
    said = f"; {counted(total.turns, 'turn')} in all" if total.turns else ""
    return f"Imported: {', '.join(filter(None, parts))}{said}."


def _show_unmapped(report: ImportReport) -> None:
    for counts in report.sources.values():
        for kind, count in counts.unmapped.most_common():
            console.note(f"{counts.label}: {count:,} × “{one_line(kind)}” is kept as it was, and not shown.")


def _dry_run_table(report: ImportReport) -> tuple[list[str], list[list[str]]]:
    head = ["SOURCE", "CONVERSATIONS", "TURNS", "BRANCHES", "FILES", "NEW", "GROWN", "KNOWN", "LEFT OUT"]
    rows = [
        [
            counts.label,
            *(
                f"{number:,}"
                for number in (
                    *(counts.conversations, counts.turns, counts.branches, counts.files, counts.new),
                    *(counts.grown + counts.beside, counts.known, counts.deleted + counts.old),
                )
            ),
        ]
        for counts in report.sources.values()
    ]
    return head, rows


def show_faults(report: ImportReport) -> None:
    for fault in report.faults[:_FAULTS_SHOWN]:
        sys.stdout.flush()
        console.note(f"{one_line(place_words(fault.place), 300)}: {one_line(fault.reason, 300)}.", "failed")
    more = len(report.faults) - _FAULTS_SHOWN
    if more > 0:
        console.note(f"… and {counted(more, 'other')} (all of them: --json)", "failed")


def report_json(report: ImportReport, *, dry_run: bool) -> dict[str, object]:
    return {
        "dry_run": dry_run,
        "sources": [{"kind": kind} | _counts_json(counts) for kind, counts in report.sources.items()],
        "left_out": [{"reason": reason, "count": count} for reason, count in report.left_out.items()],
        "faults": [
            {
                "file": str(fault.place.file),
                "member": fault.place.member or None,
                "index": fault.place.index or None,
                "id": fault.place.id or None,
                "reason": fault.reason,
            }
            for fault in report.faults
        ],
    }


def _counts_json(counts: SourceCounts) -> dict[str, object]:
    names = ("new", "grown", "beside", "known", "deleted", "old", "turns", "runs", "branches", "files")
    numbers = {name: getattr(counts, name) for name in names}
    return (
        {"label": counts.label, "conversations": counts.conversations}
        | numbers
        | {"unmapped": dict(counts.unmapped)}
    )
