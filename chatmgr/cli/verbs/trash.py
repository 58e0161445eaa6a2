"""``chatmgr trash``: what was deleted, until it is deleted for good."""

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import click

from chatmgr.cli.params import NameParam, json_option, remote_option, yes_option
from chatmgr.cli.report import Report, keep_trash_rules, warn_if_unscrubbed
from chatmgr.cli.selection import Selection, selection_options
from chatmgr.domain.errors import ProviderRefused
from chatmgr.domain.events import STATELESS
from chatmgr.domain.model import Conversation
from chatmgr.domain.text import counted
from chatmgr.terminal.console import console
from chatmgr.terminal.conversation_table import conversation_table
from chatmgr.terminal.region import stdout_size
from chatmgr.ui.context import app
from chatmgr.ui.json_output import conversation_json, print_json
from chatmgr.ui.prompts import confirm

_FOR_GOOD = "deleted for good"


@click.group("trash", short_help="List the trash, or delete its contents for good.")
def command() -> None:
    """Deleted conversations: chatmgr restore brings them back until they are deleted for good.

    Nothing expires unless you set trash_days. Even then, chatmgr announces it first and deletes a day later
    at the earliest.

    \b
    Examples:
      chatmgr trash list
      chatmgr trash empty
    """


@command.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List the conversations in the trash, latest deletion first.

    \b
    Example:
      chatmgr trash list --json
    """
    conversations = list(app().reader.trash.list())
    if as_json:
        for conversation in conversations:
            print_json(conversation_json(conversation) | {"deleted_at": conversation.deleted_at})
    else:
        _print(conversations)
    keep_trash_rules()


def _print(conversations: Sequence[Conversation]) -> None:
    width = stdout_size()[0] if sys.stdout.isatty() else 0
    for line in conversation_table(conversations, datetime.now(UTC), width=width, deleted=True):
        console.out(line)
    if not conversations:
        console.note("The trash is empty.")


@command.command("empty")
@click.argument(
    "names", nargs=-1, type=NameParam("trashed"), help="Names or ids. Default: everything in the trash."
)
@remote_option
@selection_options
@yes_option
def empty(selection: Selection, remote: bool, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Delete conversations in the trash for good: all of them, or those selected by name or filters.

    With --remote, what servers keep is deleted first. If something remains there, the conversation stays in
    the trash so that you can try again.

    \b
    Examples:
      chatmgr trash empty
      chatmgr trash empty plan --yes
      chatmgr trash empty --until "last year" --remote
    """
    all_of_it = not (selection.names or selection.filters.any)
    selected = (replace(selection, everything=True) if all_of_it else selection).trashed()
    if all_of_it and not selected:
        console.note("The trash is empty.")
        warn_if_unscrubbed(app().trash.scrub())
        return
    report = Report(_FOR_GOOD, as_json, dry_run)
    if dry_run or not selected:
        report.show(selected)
        return
    _confirm(selected, remote=remote, yes=yes)
    remaining = _delete_remotely(selected, as_json=as_json) if remote else set()
    deleted = [conversation for conversation in selected if conversation.pk not in remaining]
    if deleted:
        app().trash.purge(deleted)
        reason = app().trash.scrub()
        replace(report, action="deleted" if reason else _FOR_GOOD).show(deleted)
        warn_if_unscrubbed(reason)
    keep_trash_rules()
    if remaining:
        stay = "stays" if len(remaining) == 1 else "stay"
        raise ProviderRefused(
            f"{counted(len(remaining), 'conversation')} {stay} in the trash: a server still keeps something.",
            "Try again with --remote, or leave it out to delete only here.",
        )


def _confirm(selected: Sequence[Conversation], *, remote: bool, yes: bool) -> None:
    if not remote:
        _warn_about_remains(selected)
    turns = counted(sum(conversation.turns for conversation in selected), "turn")
    several = counted(len(selected), "conversation")
    subject = f"“{selected[0].name}”" if len(selected) == 1 else several
    confirm(f"Delete {subject} ({turns}) for good?", f"Deleting {subject} for good", yes=yes, final=True)


def _delete_remotely(selected: Sequence[Conversation], *, as_json: bool) -> set[int]:
    from chatmgr.ui.deletion_view import delete_remotely

    return delete_remotely(selected, as_json=as_json)


def _warn_about_remains(selected: Sequence[Conversation]) -> None:
    """Say what servers keep, of which no record will be left here."""
    threads, files = Counter[str](), dict[int, str]()
    deleted = {conversation.pk for conversation in selected}
    for conversation in selected:
        threads.update(
            thread.provider
            for thread in app().reader.threads.ever(conversation.pk)
            if thread.remote_id != STATELESS or thread.responses
        )
        copies = app().reader.threads.copies(conversation.pk)
        files |= {copy.pk: copy.provider for copy in copies if not copy.users.keys() - deleted}
    files_at = Counter(files.values())
    for provider in sorted({*threads, *files_at}):
        counts = ((threads[provider], "thread"), (files_at[provider], "file"))
        remains = " and ".join(counted(count, noun) for count, noun in counts if count)
        console.note(f"{provider} keeps {remains} of it; --remote deletes them, too.", "attention")
