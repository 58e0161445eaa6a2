"""``chatmgr restore``: out of the trash."""

import click

from chatmgr.cli.selection import Report, TrashName, choosing_options, from_trash, look_after_trash
from chatmgr.domain.errors import UsageFault
from chatmgr.domain.filters import Filters
from chatmgr.domain.model import Conversation
from chatmgr.domain.text import free_name, valid_name
from chatmgr.terminal.console import console
from chatmgr.terminal.sanitize import one_line
from chatmgr.ui.context import app


@click.command("restore", short_help="Take conversations out of the trash.")
@click.argument("names", nargs=-1, type=TrashName(), help="Names or ids of what is in the trash.")
@click.option("--as", "new", default="", metavar="NAME", help="Restore one under another name.")
@choosing_options
def command(
    names: tuple[str, ...], new: str, everything: bool, filters: Filters, dry_run: bool, as_json: bool
) -> None:
    """Take conversations out of the trash, with all that they were.

    Of several that had one name, the one deleted last comes back; an id (trash list --json) names any of
    them. Where the name is taken meanwhile, a number is added to it.

    \b
    Examples:
      chatmgr restore plan
      chatmgr restore plan --as old-plan
    """
    found = from_trash(names, filters, everything)
    if new:
        new = valid_name("conversation", new)
        if len(found) != 1:
            raise UsageFault("--as is the name of one conversation.")
        if app().reader.taken(new):
            raise UsageFault(f"There is a conversation “{new}” already.", "Choose another name.")
    under = {found[0].pk: new} if new else _free_names(found)
    if not dry_run and found:
        app().writer.trash.restore(under)
        for one in found:
            if not new and under[one.pk] != one.name:
                console.note(f"The name “{one.name}” is taken meanwhile.", "yellow")
    other = len(found) == 1 and under[found[0].pk] != found[0].name
    words = f"back, as “{under[found[0].pk]}”" if other else "back"
    Report("restored", as_json=as_json, dry_run=dry_run).tell(
        found, words, lambda one: {"new_name": under[one.pk]}, lambda one: _line(one, under[one.pk])
    )
    if not dry_run:
        look_after_trash()


def _line(one: Conversation, name: str) -> str:
    return one_line(one.name) if name == one.name else f"{one_line(one.name)} → {one_line(name)}"


def _free_names(found: list[Conversation]) -> dict[int, str]:
    """Each one's own name, or that with the next free number."""
    given: dict[int, str] = {}
    used: set[str] = set()
    for one in found:
        name = free_name(one.name, lambda name: name in used or app().reader.taken(name))
        used.add(name)
        given[one.pk] = name
    return given
