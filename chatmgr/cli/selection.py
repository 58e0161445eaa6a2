"""What the tidying verbs share: which conversations are meant, the question before, the lines after."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import click
from click.shell_completion import CompletionItem

from chatmgr.cli.filters import filter_options
from chatmgr.domain.errors import ChatmgrError, UsageFault
from chatmgr.domain.filters import Filters
from chatmgr.domain.model import Conversation
from chatmgr.terminal.console import console
from chatmgr.terminal.sanitize import one_line
from chatmgr.ui.context import app, json_option
from chatmgr.ui.json_output import print_json

all_option = click.option("--all", "everything", is_flag=True, help="All conversations, archived ones too.")
dry_run_option = click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
yes_option = click.option("-y", "--yes", is_flag=True, help="Do not ask.")
remote_option = click.option(
    "--remote", is_flag=True, help="Delete their threads, stored answers and files at the servers, too."
)


def choosing_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """What every tidying verb takes: --all or filters, --dry-run, --json."""
    for option in (json_option, dry_run_option, filter_options, all_option):
        command = option(command)
    return command


class TrashName(click.ParamType[str]):
    """The name or id of a conversation in the trash; names complete in the shell."""

    name = "name"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Names that begin so, with their titles; none where the database cannot be read."""
        try:
            found = app().reader.trashed_names(incomplete, 50)
        except ChatmgrError:
            return []
        return [CompletionItem(name, help=title or None) for name, title in found]


def chosen(
    names: Sequence[str], filters: Filters, everything: bool, *, archived: bool | None = False
) -> list[Conversation]:
    """The conversations that were named, or that match the filters, or all; never all by saying nothing.

    ``archived`` is which ones filters look at where ``--archived`` does not say.
    """
    reader = app().reader
    wanted = which(names, filters, everything, archived=archived)
    if wanted is None:
        return _once(map(reader.conversation, names))
    return list(reader.conversations(0, wanted))


def from_trash(names: Sequence[str], filters: Filters, everything: bool) -> list[Conversation]:
    """As ``chosen``, of what is in the trash; archived or not makes no difference there."""
    wanted = which(names, filters, everything, archived=None)
    if wanted is None:
        return _once(map(app().reader.trashed, names))
    return list(app().reader.trash(wanted))


def which(
    names: Sequence[str], filters: Filters, everything: bool, *, archived: bool | None
) -> Filters | None:
    """The filters in force; None where names were given. One way to say it, and one only."""
    ways = bool(names) + filters.any + everything
    if ways > 1:
        raise UsageFault("Names, filters and --all are three ways to choose.", "Use one of them.")
    if ways == 0:
        raise UsageFault("Which conversations?", "Name them, or filter (--until 1y, --tag draft), or --all.")
    if names:
        return None
    if everything:
        return replace(filters, archived=None)
    return filters if filters.archived else replace(filters, archived=archived)


def _once(found: "map[Conversation]") -> list[Conversation]:
    return list({one.pk: one for one in found}.values())


class Report:
    """What was done to each conversation, or would be: as JSON, as lines, or in one line at the end."""

    def __init__(self, did: str, *, as_json: bool, dry_run: bool) -> None:
        self._did, self._json, self._dry = did, as_json, dry_run

    def tell(
        self,
        found: Sequence[Conversation],
        words: str = "",
        more: Callable[[Conversation], dict[str, Any]] = lambda _: {},
        line: Callable[[Conversation], str] = lambda one: one_line(one.name),
        *,
        verb: str = "is",
        already: Sequence[Conversation] = (),
    ) -> None:
        """Of all of them. ``words`` follow “is” or “are”: the deed where they are left out.

        ``already`` are those that were so before, which is said where nothing else is to be said.
        """
        key = "would be" if self._dry else "did"
        for one in found:
            if self._json:
                print_json({"name": one.name, "id": one.id, key.replace(" ", "_"): self._did, **more(one)})
            elif self._dry:
                console.out(f"would be {self._did}: {line(one)}")
        so = "" if found else " already"
        which = found or already
        if not which:
            console.note("No conversation matches; nothing is done.")
        elif so or not (self._json or self._dry):
            is_what = f"{words or self._did}{so}"
            some = f"{len(which):,} conversations are {is_what}."
            console.note(f"“{which[0].name}” {verb} {is_what}." if len(which) == 1 else some)


def counted(count: int, what: str) -> str:
    """A number and its noun."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def look_after_trash() -> None:
    """After each verb of the trash: keep to ``trash_days``, saying what goes and what is about to."""
    if not app().settings.get("trash_days"):
        return
    due = app().trash.process_due(datetime.now(UTC))
    if due.deleted:
        were = _listed(due.deleted)
        console.note(f"Deleted for good, as announced (trash_days): {were}.", "yellow")
    if due.announced:
        when = due.when.astimezone().strftime("%Y-%m-%d %H:%M")
        console.note(
            f"From {when} on, the next command on the trash deletes for good what has been in it for "
            f"{app().settings.get('trash_days')} days (trash_days): {_listed(due.announced)}. "
            "To keep one: chatmgr restore NAME",
            "yellow",
        )


def _listed(found: Sequence[Conversation]) -> str:
    names = ", ".join(f"“{one.name}”" for one in found[:10])
    return names + (f" and {counted(len(found) - 10, 'other')}" if len(found) > 10 else "")
