"""``chatmgr delete``: into the trash, and with ``--remote`` off the servers too."""

from collections.abc import Sequence
from shlex import quote

import click

from chatmgr.cli.params import NameParam, remote_option, yes_option
from chatmgr.cli.report import Report, keep_trash_rules
from chatmgr.cli.selection import Selection, selection_options
from chatmgr.domain.errors import ProviderRefused
from chatmgr.domain.model import Conversation
from chatmgr.domain.text import counted
from chatmgr.terminal.console import console
from chatmgr.ui.context import app
from chatmgr.ui.prompts import confirm

_NAMED = 5  # conversations; more names would not fit on a line


@click.command("delete", short_help="Move conversations to the trash.")
@click.argument("names", nargs=-1, type=NameParam("conversation"), help="The conversations.")
@remote_option
@selection_options
@yes_option
def command(selection: Selection, remote: bool, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Move conversations to the trash: chatmgr restore brings them back, trash empty deletes for good.

    Filters and --all ask before they take more than five. Names become free at once. --remote also deletes
    for good what servers keep of them: threads, stored answers, and files that no other conversation uses.
    What a server did not delete is reported and recorded; run the command with --remote again to retry, even
    for conversations in the trash.

    \b
    Examples:
      chatmgr delete plan diary
      chatmgr delete --until "last year" --dry-run
      chatmgr delete plan --remote
    """
    selected = selection.also_trashed() if remote else selection.conversations()
    app().turns.refuse_busy(selected)
    report = Report("deleted", as_json, dry_run)
    if dry_run:
        report.show(selected)
        return
    if remote and selected:
        _confirm_remote(selected, yes=yes)
    elif not selection.names:
        _confirm_many(selected, yes=yes)
    _move_to_trash(selected, report, remote=remote, everything=selection.everything)
    remaining = _delete_remotely(selected, as_json=as_json) if remote and selected else 0
    keep_trash_rules()
    if remaining:
        raise ProviderRefused(
            f"Servers still keep something of {counted(remaining, 'conversation')}.",
            "Try again: chatmgr delete --remote NAME, or chatmgr trash empty --remote NAME",
        )


def _confirm_remote(selected: Sequence[Conversation], *, yes: bool) -> None:
    several = counted(len(selected), "conversation")
    copies = f"what servers keep of {f'“{selected[0].name}”' if len(selected) == 1 else several}"
    confirm(f"Delete {copies} for good?", f"Deleting {copies}", yes=yes, final=True)


def _confirm_many(selected: Sequence[Conversation], *, yes: bool) -> None:
    """Ask before a filter takes more than could be named on a line; it may match more than was meant."""
    if len(selected) > _NAMED:
        several = counted(len(selected), "conversation")
        confirm(f"Move {several} to the trash?", f"Moving {several} to the trash", yes=yes)


def _move_to_trash(
    selected: Sequence[Conversation], report: Report, *, remote: bool, everything: bool
) -> None:
    """Put what is not there yet into the trash. ``remote`` also stops its runs on the servers."""
    deleted = [conversation for conversation in selected if conversation.deleted_at is None]
    if deleted:
        app().turns.close_runs(deleted, "the conversation was deleted", stop=remote)
        app().trash.put(deleted)
    if deleted or not selected:
        undo = f"chatmgr restore {_restore_arguments(deleted, everything)}"
        report.show(deleted, outcome=f"in the trash. To undo: {undo}")


def _restore_arguments(deleted: Sequence[Conversation], everything: bool) -> str:
    """What brings them back: their names, where those are few."""
    if len(deleted) > _NAMED:
        return "--all" if everything else "with the same names or filters"
    return " ".join(quote(conversation.name) for conversation in deleted)


def _delete_remotely(selected: Sequence[Conversation], *, as_json: bool) -> int:
    """Returns of how many conversations a server still keeps something."""
    from chatmgr.ui.deletion_view import delete_remotely

    remaining = delete_remotely(selected, as_json=as_json)
    if not remaining:
        console.note("As far as chatmgr knows, the servers keep nothing of them any more.")
    return len(remaining)
