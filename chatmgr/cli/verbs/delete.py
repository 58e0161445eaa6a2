"""``chatmgr delete``: into the trash, and with ``--remote`` away from the servers too."""

from collections.abc import Sequence
from shlex import quote

import click

from chatmgr.cli.selection import (
    Report,
    choosing_options,
    chosen,
    counted,
    look_after_trash,
    remote_option,
    which,
    yes_option,
)
from chatmgr.domain.errors import NotFound, ProviderRefused
from chatmgr.domain.filters import Filters
from chatmgr.domain.model import Conversation
from chatmgr.terminal.console import console
from chatmgr.ui.confirmation import FINAL, confirm
from chatmgr.ui.context import ConversationName, app

_NAMED = 5  # conversations; more names would be no line


@click.command("delete", short_help="Put conversations into the trash.")
@click.argument("names", nargs=-1, type=ConversationName(), help="The conversations.")
@remote_option
@choosing_options
@yes_option
def command(
    names: tuple[str, ...],
    remote: bool,
    everything: bool,
    filters: Filters,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Put conversations into the trash: chatmgr restore brings them back, trash empty deletes for good.

    Their names are free again at once. With --remote, what servers keep of them is deleted there for
    good: threads, stored answers, and files that no other conversation has. What a server did not
    delete is said, and stays written down; --remote tries it again, also on what is in the trash.

    \b
    Examples:
      chatmgr delete plan diary
      chatmgr delete --until "last year" --dry-run
      chatmgr delete plan --remote
    """
    found = _found(names, filters, everything) if remote else chosen(names, filters, everything)
    app().turns.refuse_busy(found)
    if remote and found and not dry_run:
        what = f"what servers keep of {_called(found)}"
        confirm(f"Delete {what}, for good?", f"Deleting {what} {FINAL}", yes=yes)
    report = Report("deleted", as_json=as_json, dry_run=dry_run)
    if dry_run:
        report.tell(found)
        return
    going = [one for one in found if one.deleted_at is None]
    if going:
        app().turns.close_runs(going, "the conversation was deleted", stop=remote)
        app().trash.put(going)
    if going or not found:
        report.tell(going, f"in the trash. Back: chatmgr restore {_way_back(going, everything)}")
    left = _erase(found, as_json=as_json) if remote and found else 0
    look_after_trash()
    if left:
        raise ProviderRefused(
            f"Of {counted(left, 'conversation')}, a server keeps something still.",
            "Try again: chatmgr delete --remote NAME, or chatmgr trash empty --remote NAME",
        )


def _way_back(gone: Sequence[Conversation], everything: bool) -> str:
    """What brings them back: their names, where those are few."""
    if len(gone) > _NAMED:
        return "--all" if everything else "with the same names or filters"
    return " ".join(quote(one.name) for one in gone)


def _found(names: Sequence[str], filters: Filters, everything: bool) -> list[Conversation]:
    """The conversations; by name also those in the trash, of which a server may keep something."""
    if which(names, filters, everything, archived=False) is not None:
        return chosen(names, filters, everything)
    return list({one.pk: one for one in map(_named, names)}.values())


def _named(name: str) -> Conversation:
    try:
        return app().reader.conversation(name)
    except NotFound as missing:
        try:
            return app().reader.trashed(name)
        except NotFound:
            raise missing from None


def _erase(found: Sequence[Conversation], *, as_json: bool) -> int:
    from chatmgr.ui.deletion_view import erase

    left = erase(found, as_json=as_json)
    if not left:
        console.note("The servers keep nothing of it that chatmgr knows of.")
    return len(left)


def _called(found: Sequence[Conversation]) -> str:
    return f"“{found[0].name}”" if len(found) == 1 else counted(len(found), "conversation")
