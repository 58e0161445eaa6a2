"""``chatmgr import``: conversations from other programs."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from chatmgr.cli.params import NameParam, dry_run_option, json_option, yes_option
from chatmgr.domain.dates import parse_moment
from chatmgr.domain.errors import ChatmgrError, UsageFault
from chatmgr.domain.names import valid_tag
from chatmgr.domain.text import counted
from chatmgr.importers import registry
from chatmgr.terminal.console import console
from chatmgr.ui.context import app, interactive
from chatmgr.ui.json_output import print_json

if TYPE_CHECKING:
    from chatmgr.services.imports.report import ImportReport
    from chatmgr.services.imports.service import ImportOptions


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
    metavar="KIND",
    help="Insist on a format, such as chatgpt; Tab lists them. Default: what the content is.",
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
@click.option("--found", is_flag=True, help="Look where the programs of this machine keep theirs; ask first.")
@dry_run_option
@yes_option
@json_option
def command(
    paths: tuple[str, ...],
    kind: str | None,
    tags: tuple[str, ...],
    since: str | None,
    assistant: str,
    found: bool,
    dry_run: bool,
    yes: bool,
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
      chatmgr import --found
    """
    from chatmgr.services.imports.service import ImportOptions
    from chatmgr.ui import import_view

    if found:
        paths = _found(paths, kind, dry_run=dry_run, yes=yes, as_json=as_json)
        if not paths:
            return
    if not paths:
        raise UsageFault(
            "Which files?",
            "Name them: chatmgr import FILE — or look where other programs keep them: chatmgr import --found",
        )
    moment = parse_moment(since, datetime.now(UTC), end=False) if since else None
    options = ImportOptions(kind or "", dry_run, moment, assistant, tuple(map(valid_tag, tags)))
    report = _run(paths, options)
    if as_json:
        print_json(import_view.report_json(report, dry_run=dry_run))
    else:
        import_view.show_report(report, dry_run=dry_run)
    if report.faults:
        import_view.show_faults(report)
        count = counted(len(report.faults), "conversation or file")
        raise ChatmgrError(f"{count} could not be imported, as said above.", "All else is imported.")


def _run(paths: tuple[str, ...], options: "ImportOptions") -> "ImportReport":
    from chatmgr.ui.import_progress import ImportProgress

    progress = ImportProgress()
    try:
        return app().imports.run(paths, options, progress)
    except KeyboardInterrupt:
        progress.close()
        console.note(
            "Stopped; what was imported is kept, whole conversations. To go on, give the same command again.",
            "attention",
        )
        raise
    finally:
        progress.close()


def _found(
    paths: tuple[str, ...], kind: str | None, *, dry_run: bool, yes: bool, as_json: bool
) -> tuple[str, ...]:
    """The places that are to be imported, after a yes; none where there are none, or nobody says yes."""
    from chatmgr.importers.places import found_places
    from chatmgr.ui.import_view import show_found
    from chatmgr.ui.prompts import confirm

    if paths:
        raise UsageFault("--found goes without paths.", "Leave out one of them.")
    places = list(found_places([kind] if kind else registry.kinds()))
    show_found(places, as_json=as_json)
    if not places:
        console.note("No conversations of other programs were found where those keep them.")
    elif not (yes or dry_run or interactive()):
        console.note("Nothing was imported. To import all of it: chatmgr import --found --yes")
        return ()
    elif not dry_run:
        confirm("Import all of it?", "Importing", yes=yes)
    return tuple(str(place.path) for place in places)
