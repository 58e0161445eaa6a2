"""``chatmgr restore``: out of the trash."""

from collections.abc import Mapping, Sequence

import click

from chatmgr.cli.params import NameParam
from chatmgr.cli.report import Report, keep_trash_rules
from chatmgr.cli.selection import Selection, selection_options
from chatmgr.domain.errors import UsageFault
from chatmgr.domain.model import Conversation
from chatmgr.domain.names import free_name, valid_name
from chatmgr.terminal.console import console
from chatmgr.terminal.sanitize import one_line
from chatmgr.ui.context import app


@click.command("restore", short_help="Restore conversations from the trash.")
@click.argument(
    "names", nargs=-1, type=NameParam("trashed"), help="Names or ids of conversations in the trash."
)
@click.option(
    "--as", "new_name", default="", metavar="NAME", help="Restore one conversation under another name."
)
@selection_options
def command(selection: Selection, new_name: str, dry_run: bool, as_json: bool) -> None:
    """Restore conversations from the trash, complete.

    If several had the same name, the one deleted last is restored; use an id (trash list --json) for another.
    If the name has been taken, a number is added to it.

    \b
    Examples:
      chatmgr restore plan
      chatmgr restore plan --as old-plan
    """
    selected = selection.trashed()
    names = _under_name(selected, new_name) if new_name else _free_names(selected)
    if selected and not dry_run:
        app().writer.trash.restore(names)
        for conversation in selected:
            if not new_name and names[conversation.pk] != conversation.name:
                console.note(f"The name “{conversation.name}” has been taken meanwhile.", "attention")
    _report(selected, names, Report("restored", as_json, dry_run))
    if not dry_run:
        keep_trash_rules()


def _under_name(selected: Sequence[Conversation], name: str) -> dict[int, str]:
    """The only selected conversation under another name, which must be free."""
    name = valid_name("conversation", name)
    if len(selected) != 1:
        raise UsageFault("--as is for one conversation.")
    if app().reader.conversations.taken(name):
        raise UsageFault(f"There is a conversation “{name}” already.", "Choose another name.")
    return {selected[0].pk: name}


def _free_names(selected: Sequence[Conversation]) -> dict[int, str]:
    """Each one's own name, or that with the next free number."""
    names: dict[int, str] = {}
    used: set[str] = set()
    for conversation in selected:
        name = free_name(
            conversation.name, lambda name: name in used or app().reader.conversations.taken(name)
        )
        used.add(name)
        names[conversation.pk] = name
    return names


def _report(selected: Sequence[Conversation], names: Mapping[int, str], report: Report) -> None:
    def line(conversation: Conversation) -> str:
        old, new = one_line(conversation.name), one_line(names[conversation.pk])
        return old if names[conversation.pk] == conversation.name else f"{old} → {new}"

    renamed = len(selected) == 1 and names[selected[0].pk] != selected[0].name
    outcome = f"back, as “{names[selected[0].pk]}”" if renamed else "back"
    report.show(
        selected,
        outcome=outcome,
        details=lambda conversation: {"new_name": names[conversation.pk]},
        line=line,
    )
