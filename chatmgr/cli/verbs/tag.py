"""``chatmgr tag``: words that conversations are sorted by."""

import sys
from collections.abc import Iterable, Sequence

import click
from click.shell_completion import CompletionItem

from chatmgr.cli.filters import TagName
from chatmgr.cli.selection import Report, choosing_options, chosen
from chatmgr.domain.errors import UsageFault
from chatmgr.domain.filters import Filters
from chatmgr.domain.model import Conversation
from chatmgr.domain.text import valid_tag
from chatmgr.terminal import tables
from chatmgr.terminal.console import console
from chatmgr.ui.context import ConversationName, app
from chatmgr.ui.json_output import print_json


class _Words(click.Command):
    """A command in which ``+work`` and ``-draft`` are tags, not a name and a row of options."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Click's own, after the tags were made options; those after ``--`` are tags too, even ``-h``."""
        options = [one for one in self.params if isinstance(one, click.Option) and not one.is_flag]
        valued = {name for one in options for name in one.opts}
        words, value, past = list[str](), False, False
        for word in args:
            if value:
                words.append(word)
                value = False
            elif word == "--" and not past:
                past = True
            elif word[:1] == "+" and len(word) > 1:
                words.append(f"--add={word[1:]}")
            elif word[:1] == "-" and len(word) > 1 and (past or (word[1] != "-" and word != "-h")):
                words.append(f"--remove={word[1:]}")
            else:
                words.append(word)
                value = word in valued
        return super().parse_args(ctx, words)


class _NameOrTag(ConversationName):
    """A conversation's name, or ``+tag``; both complete in the shell."""

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Tags after a plus sign, else names."""
        if not incomplete.startswith("+"):
            return super().shell_complete(ctx, param, incomplete)
        found = TagName().shell_complete(ctx, param, incomplete[1:])
        return [CompletionItem(f"+{one.value}", help=one.help) for one in found]


@click.command("tag", cls=_Words, short_help="Sort conversations by words of your own.")
@click.argument(
    "names",
    nargs=-1,
    metavar="[NAME]... [+TAG]... [-TAG]...",
    type=_NameOrTag(),
    help="The conversations, tags to put on, tags to take off.",
)
@click.option("--add", multiple=True, hidden=True)
@click.option("--remove", multiple=True, hidden=True)
@click.option("--list", "listed", is_flag=True, help="List all tags, and how many conversations have each.")
@choosing_options
def command(
    names: tuple[str, ...],
    add: tuple[str, ...],
    remove: tuple[str, ...],
    listed: bool,
    everything: bool,
    filters: Filters,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Put tags on conversations (+work), and take them off (-draft).

    A tag is letters, digits and ._-/, 32 at most. One that begins like an option is taken off after a
    double dash: chatmgr tag plan -- -h

    \b
    Examples:
      chatmgr tag plan diary +work -draft
      chatmgr tag --until "last year" +old
      chatmgr history --tag work
      chatmgr tag --list
    """
    if listed:
        if names or add or remove or filters.any or everything:
            raise UsageFault("--list stands alone: it lists all tags.")
        _list(as_json=as_json)
        return
    added, removed = changes(add, remove)
    if not added | removed:
        raise UsageFault("Which tags?", "For instance: chatmgr tag plan +work -draft")
    which = chosen(names, filters, everything)
    found = [one for one in which if added.difference(one.tags) or removed.intersection(one.tags)]
    if not dry_run and found:
        app().writer.conversations.tag([one.pk for one in found], added, removed)
    told = _told(added, removed, found or which)
    Report("tagged", as_json=as_json, dry_run=dry_run).tell(
        found,
        f"tagged {told}",
        lambda one: {"tags": sorted({*one.tags, *added} - removed)},
        lambda one: f"{one.name} {told}",
        already=which,
    )


def _told(added: set[str], removed: set[str], found: Sequence[Conversation]) -> str:
    """The tags as they were typed, without those that change nothing beside others that do."""
    on = {tag for tag in added if any(tag not in one.tags for one in found)}
    off = {tag for tag in removed if any(tag in one.tags for one in found)}
    if not on | off:
        on, off = added, removed
    return " ".join([*(f"+{tag}" for tag in sorted(on)), *(f"-{tag}" for tag in sorted(off))])


def changes(add: Iterable[str], remove: Iterable[str]) -> tuple[set[str], set[str]]:
    """The tags to put on and to take off, checked; none can be both."""
    added, removed = {valid_tag(one) for one in add}, {valid_tag(one) for one in remove}
    if both := added & removed:
        raise UsageFault(f"“{min(both)}” cannot be put on and taken off at once.")
    return added, removed


def _list(*, as_json: bool) -> None:
    tags = app().reader.tags()
    if as_json:
        for name, count in tags:
            print_json({"tag": name, "conversations": count})
        return
    rows = [(name, str(count)) for name, count in tags]
    for line in tables.table(("TAG", "CONVERSATIONS"), rows, terminal=sys.stdout.isatty()):
        console.out(line)
    if not tags:
        console.note("No tags yet. Put one on: chatmgr tag NAME +work")
