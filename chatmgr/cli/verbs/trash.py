"""``chatmgr trash``: what was deleted, until it is deleted for good."""

import sys
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

import click

from chatmgr.cli.selection import (
    Report,
    TrashName,
    choosing_options,
    counted,
    from_trash,
    look_after_trash,
    remote_option,
    yes_option,
)
from chatmgr.domain.errors import ProviderRefused
from chatmgr.domain.events import STATELESS
from chatmgr.domain.filters import Filters
from chatmgr.domain.model import Conversation
from chatmgr.terminal import tables
from chatmgr.terminal.console import console
from chatmgr.terminal.durations import age
from chatmgr.terminal.sanitize import one_line
from chatmgr.ui.confirmation import FINAL, confirm
from chatmgr.ui.context import app, json_option
from chatmgr.ui.json_output import conversation_json, print_json


@click.group("trash", short_help="List what is in the trash, or delete it for good.")
def command() -> None:
    """What was deleted: chatmgr restore brings it back, until it is deleted for good.

    Nothing goes by itself, unless the setting trash_days says after how many days. Even then it is
    announced first, and goes a day later at the earliest.

    \b
    Examples:
      chatmgr trash list
      chatmgr trash empty
    """


@command.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List what is in the trash, deleted last first.

    \b
    Example:
      chatmgr trash list --json
    """
    found = list(app().reader.trash.list())
    if as_json:
        for one in found:
            print_json(conversation_json(one) | {"deleted_at": one.deleted_at})
    else:
        now = datetime.now(UTC)
        rows = [
            (one_line(one.name, 40), one.id, str(one.turns), one.provider, f"{_ago(one, now)}")
            for one in found
        ]
        head = ("NAME", "ID", "TURNS", "PROVIDER", "DELETED")
        for line in tables.table(head, rows, terminal=sys.stdout.isatty()):
            console.out(line)
        if not found:
            console.note("The trash is empty.")
    look_after_trash()


def _ago(one: Conversation, now: datetime) -> str:
    since = age(one.deleted_at or now, now)
    return since if since == "now" else f"{since} ago"


@command.command("empty")
@click.argument("names", nargs=-1, type=TrashName(), help="Names or ids; everything in the trash if none.")
@remote_option
@choosing_options
@yes_option
def empty(
    names: tuple[str, ...],
    remote: bool,
    everything: bool,
    filters: Filters,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Delete what is in the trash for good: all of it, or what is named or found by filters.

    With --remote, what servers keep is deleted first; a conversation of which something is left there
    stays in the trash, so that it can be tried again.

    \b
    Examples:
      chatmgr trash empty
      chatmgr trash empty plan --yes
      chatmgr trash empty --until "last year" --remote
    """
    found = from_trash(names, filters, everything or not (names or filters.any))
    if not found and not (names or filters.any):
        console.note("The trash is empty.")
        _tell_unscrubbed(app().trash.scrub(again=True))
        return
    report = Report("deleted for good", as_json=as_json, dry_run=dry_run)
    if dry_run or not found:
        report.tell(found)
        return
    turns = counted(sum(one.turns for one in found), "turn")
    what = f"“{found[0].name}”" if len(found) == 1 else counted(len(found), "conversation")
    if not remote:
        _tell_remains(found)
    confirm(f"Delete {what} ({turns}) for good?", f"Deleting {what} for good {FINAL}", yes=yes)
    left = _erase(found, as_json=as_json) if remote else set()
    going = [one for one in found if one.pk not in left]
    if going:
        app().trash.purge(going)
        report.tell(going)
        _tell_unscrubbed(app().trash.scrub())
    look_after_trash()
    if left:
        raise ProviderRefused(
            f"{counted(len(left), 'conversation')} stayed in the trash: a server keeps something still.",
            "Try again with --remote, or leave it out to delete here alone.",
        )


def _erase(found: Sequence[Conversation], *, as_json: bool) -> set[int]:
    from chatmgr.ui.deletion_view import erase

    return erase(found, as_json=as_json)


def _tell_unscrubbed(why: str) -> None:
    """Say so where the bytes of what was deleted may still be found in the file."""
    if why:
        console.note(
            f"Deleted, but the database could not be rewritten ({why}): until it is, the file's free bytes "
            "may hold what was deleted. Try again later: chatmgr trash empty",
            "yellow",
        )


def _tell_remains(found: Sequence[Conversation]) -> None:
    """Say what servers keep when the record of it goes."""
    threads, files = Counter[str](), dict[int, str]()
    going = {one.pk for one in found}
    for one in found:
        threads.update(
            thread.provider
            for thread in app().reader.threads.ever(one.pk)
            if thread.remote_id != STATELESS or thread.responses
        )
        files |= {
            copy.pk: copy.provider
            for copy in app().reader.threads.copies(one.pk)
            if not copy.users.keys() - going
        }
    copies = Counter(files.values())
    for provider in sorted({*threads, *copies}):
        parts = [
            counted(count, what)
            for count, what in ((threads[provider], "thread"), (copies[provider], "file"))
            if count
        ]
        console.note(f"{provider} keeps {' and '.join(parts)} of it; --remote deletes them too.", "yellow")
