"""``chatmgr tag``: words of the user's own that conversations are sorted by."""

import sys
from collections.abc import Sequence

import click

from chatmgr.cli.params import NameParam
from chatmgr.cli.report import Report
from chatmgr.cli.selection import Selection, selection_options
from chatmgr.domain.errors import UsageFault
from chatmgr.domain.model import Conversation
from chatmgr.domain.names import tag_changes
from chatmgr.terminal import list_tables
from chatmgr.terminal.console import console
from chatmgr.terminal.sanitize import one_line
from chatmgr.ui.context import app
from chatmgr.ui.json_output import print_json


class _TagCommand(click.Command):
    """A command in which ``+work`` and ``-draft`` are tags, not a name and a row of short options."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Rewrite tags as ``--add`` and ``--remove``, then parse; after ``--`` even ``-h`` is a tag."""
        options = [param for param in self.params if isinstance(param, click.Option) and not param.is_flag]
        taking_value = {name for option in options for name in option.opts}
        rewritten, value_expected, options_ended = list[str](), False, False
        for arg in args:
            if value_expected:
                rewritten.append(arg)
                value_expected = False
            elif arg == "--" and not options_ended:
                options_ended = True
            elif arg[:1] == "+" and len(arg) > 1:
                rewritten.append(f"--add={arg[1:]}")
            elif arg[:1] == "-" and len(arg) > 1 and (options_ended or (arg[1] != "-" and arg != "-h")):
                rewritten.append(f"--remove={arg[1:]}")
            else:
                rewritten.append(arg)
                value_expected = arg in taking_value
        return super().parse_args(ctx, rewritten)


@click.command("tag", cls=_TagCommand, short_help="Add tags to conversations, and remove them.")
@click.argument(
    "names",
    nargs=-1,
    metavar="[NAME]... [+TAG]... [-TAG]...",
    type=NameParam("name or tag"),
    help="Conversations, tags to add, tags to remove.",
)
@click.option("--add", "to_add", multiple=True, hidden=True)
@click.option("--remove", "to_remove", multiple=True, hidden=True)
@click.option(
    "--list", "list_tags", is_flag=True, help="List all tags with the number of their conversations."
)
@selection_options
def command(
    selection: Selection,
    to_add: tuple[str, ...],
    to_remove: tuple[str, ...],
    list_tags: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Add tags to conversations (+work), and remove them (-draft).

    A tag consists of letters, digits and ._-/, at most 32 characters. To remove one that looks like an
    option, use a double dash: chatmgr tag plan -- -h

    \b
    Examples:
      chatmgr tag plan diary +work -draft
      chatmgr tag --until "last year" +old
      chatmgr history --tag work
      chatmgr tag --list
    """
    if list_tags:
        if to_add or to_remove or not selection.empty:
            raise UsageFault("--list cannot be combined with anything else: it lists all tags.")
        _list(as_json=as_json)
        return
    added, removed = tag_changes(to_add, to_remove)
    if not added | removed:
        raise UsageFault("Which tags?", "For instance: chatmgr tag plan +work -draft")
    _tag(selection.conversations(), added, removed, Report("tagged", as_json, dry_run))


def _tag(selected: Sequence[Conversation], added: set[str], removed: set[str], report: Report) -> None:
    """Tag the conversations that are not tagged so already, and report all of them."""
    changed = [
        conversation
        for conversation in selected
        if added.difference(conversation.tags) or removed.intersection(conversation.tags)
    ]
    if changed and not report.dry_run:
        app().writer.conversations.tag([conversation.pk for conversation in changed], added, removed)
    words = _words(added, removed, changed or selected)
    report.show(
        changed,
        outcome=f"tagged {words}",
        unchanged=selected,
        details=lambda conversation: {"tags": sorted({*conversation.tags, *added} - removed)},
        line=lambda conversation: f"{one_line(conversation.name)} {words}",
    )


def _words(added: set[str], removed: set[str], conversations: Sequence[Conversation]) -> str:
    """The tags as they were typed; those that change nothing are left out beside others that do."""
    new = {tag for tag in added if any(tag not in conversation.tags for conversation in conversations)}
    gone = {tag for tag in removed if any(tag in conversation.tags for conversation in conversations)}
    if not new | gone:
        new, gone = added, removed
    return " ".join([*(f"+{tag}" for tag in sorted(new)), *(f"-{tag}" for tag in sorted(gone))])


def _list(*, as_json: bool) -> None:
    tags = app().reader.conversations.tags()
    if as_json:
        for tag, count in tags:
            print_json({"tag": tag, "conversations": count})
        return
    rows = [(tag, str(count)) for tag, count in tags]
    for line in list_tables.table(("TAG", "CONVERSATIONS"), rows, terminal=sys.stdout.isatty()):
        console.out(line)
    if not tags:
        console.note("No tags yet. Add one: chatmgr tag NAME +work")
