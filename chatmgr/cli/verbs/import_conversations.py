"""``chatmgr import``: conversations from other programs."""

import sys
from datetime import UTC, datetime

import click

from chatmgr.cli.params import NameParam, dry_run_option, json_option
from chatmgr.domain.dates import parse_moment
from chatmgr.domain.errors import ChatmgrError, UsageFault
from chatmgr.domain.names import valid_tag
from chatmgr.domain.text import counted
from chatmgr.importers import registry
from chatmgr.services.imports.report import ImportReport, SourceCounts, place_words
from chatmgr.services.imports.service import ImportOptions
from chatmgr.terminal.console import console
from chatmgr.terminal.list_tables import table
from chatmgr.terminal.sanitize import one_line
from chatmgr.terminal.status import ProgressBar
from chatmgr.ui.context import app
from chatmgr.ui.json_output import print_json

_FAULTS_SHOWN = 20


@click.command("import", short_help="Bring in conversations from other programs.")
@click.argument(
    "paths",
    nargs=-1,
    metavar="PATH...",
    type=click.Path(allow_dash=True),
    help="Files, folders, zip archives, databases; - is standard input.",
)
@click.option(
    "--format",
    "kind",
    type=click.Choice(sorted(registry.kinds())),
    help="Insist on a format. Default: what the content is.",
)
@click.option(
    "--tag", "tags", multiple=True, metavar="TAG", help="Give the new conversations a tag. Repeatable."
)
@click.option("--since", metavar="WHEN", help="Only conversations that changed since: 2026-03-01, last week.")
@click.option(
    "--assistant",
    type=NameParam("assistant"),
    default="",
    help="The assistant that goes on. Default: one for each source, told what the source was told.",
)
@dry_run_option
@json_option
def command(
    paths: tuple[str, ...],
    kind: str | None,
    tags: tuple[str, ...],
    since: str | None,
    assistant: str,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Import conversations from files of other programs, recognised by their content.

    Branches, other answers, images, tool calls, times and models come along. Nothing is overwritten: what was
    imported before is left alone, what has grown is added, and what was changed becomes another path. A
    conversation that cannot be read is named, the others are imported, and the exit code is 1. An imported
    conversation goes on with any provider: chatmgr resume NAME.

    \b
    Examples:
      chatmgr import ~/Downloads/chatgpt-export.zip
      chatmgr import conversations.json --tag chatgpt --dry-run
      chatmgr import "$(llm logs path)"
      cat chats.jsonl | chatmgr import -
    """
    if not paths:
        raise UsageFault("Which files?", "Name them: chatmgr import FILE — or see what is there: --help")
    moment = parse_moment(since, datetime.now(UTC), end=False) if since else None
    options = ImportOptions(kind or "", dry_run, moment, assistant, tuple(map(valid_tag, tags)))
    try:
        report = app().imports.run(paths, options, ProgressBar("Importing"))
    except KeyboardInterrupt:
        console.note(
            "Stopped; what was imported is kept. To go on, give the same command again.", "attention"
        )
        raise
    if as_json:
        print_json(_as_json(report, dry_run=dry_run))
    else:
        _show(report, dry_run=dry_run)
    if report.faults:
        _show_faults(report)
        count = counted(len(report.faults), "conversation or file")
        raise ChatmgrError(f"{count} could not be imported, as said above.", "All else is imported.")


def _show(report: ImportReport, *, dry_run: bool) -> None:
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
        console.note(
            f"Go on with one: chatmgr resume {one_line(report.names[0])!r} — or see them: chatmgr history"
        )


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


def _show_faults(report: ImportReport) -> None:
    for fault in report.faults[:_FAULTS_SHOWN]:
        sys.stdout.flush()
        console.note(f"{one_line(place_words(fault.place), 300)}: {one_line(fault.reason, 300)}.", "failed")
    more = len(report.faults) - _FAULTS_SHOWN
    if more > 0:
        console.note(f"… and {counted(more, 'other')} (all of them: --json)", "failed")


def _as_json(report: ImportReport, *, dry_run: bool) -> dict[str, object]:
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
