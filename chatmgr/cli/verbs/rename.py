"""``chatmgr rename``: other names, one or many, all or none."""

from shlex import quote

import click

from chatmgr.cli.selection import Report, choosing_options, chosen
from chatmgr.domain.errors import UsageFault
from chatmgr.domain.filters import Filters
from chatmgr.domain.model import Conversation
from chatmgr.domain.text import valid_name, valid_title
from chatmgr.terminal.sanitize import one_line
from chatmgr.ui.context import ConversationName, app


@click.command("rename", short_help="Give conversations other names, or a title.")
@click.argument("names", nargs=-1, metavar="[OLD NEW]...", type=ConversationName(), help="Pairs of names.")
@click.option("--title", metavar="TEXT", help="Set the title of one conversation; empty for none.")
@click.option(
    "--replace", nargs=2, metavar="OLD NEW", help="Replace a part of each name that the filters find."
)
@choosing_options
def command(
    names: tuple[str, ...],
    title: str | None,
    replace: tuple[str, str] | None,
    everything: bool,
    filters: Filters,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Give conversations other names, all of them or none.

    Names may be swapped. One that is taken is refused before anything is changed. What is being used
    elsewhere may be renamed.

    \b
    Examples:
      chatmgr rename draft plan
      chatmgr rename a b b a
      chatmgr rename plan --title "Where to go in spring"
      chatmgr rename --tag work --replace 2025 2026
    """
    if replace:
        if names or title is not None:
            raise UsageFault("--replace goes with filters or --all, not with names.")
        pairs = _replaced(chosen((), filters, everything), *replace)
    else:
        if filters.any or everything:
            raise UsageFault("Filters go with --replace OLD NEW.", "Or name pairs: rename OLD NEW")
        pairs = _paired(names, title)
    _refuse_taken(pairs)
    changed = [(one, new) for one, new in pairs if new != one.name]
    told = {one.pk: new for one, new in pairs}
    if not dry_run:
        if changed:
            app().writer.conversations.rename({one.pk: new for one, new in changed})
        if title is not None:
            app().writer.conversations.set_title(pairs[0][0].pk, title)
    done = [one for one, _ in (pairs if title is not None else changed)]
    words, verb = _words(pairs, title if not changed else None)
    Report("renamed", as_json=as_json, dry_run=dry_run).tell(
        done,
        words,
        lambda one: {"new_name": told[one.pk]} | ({} if title is None else {"title": title or None}),
        lambda one: f"{one_line(one.name)} → {one_line(told[one.pk])}",
        verb=verb,
        already=[one for one, _ in pairs],
    )


def _words(pairs: list[tuple[Conversation, str]], title: str | None) -> tuple[str, str]:
    """What is said of them, and the verb before it."""
    if title is not None:
        return f"the title “{title}” now" if title else "no title now", "has"
    changed = [new for one, new in pairs if new != one.name]
    if len(changed) == 1:
        return f"called “{changed[0]}” now", "is"
    if changed:
        return "renamed", "is"
    return (f"called “{pairs[0][1]}”" if len(pairs) == 1 else "called so"), "is"


def _paired(names: tuple[str, ...], title: str | None) -> list[tuple[Conversation, str]]:
    """Old and new; one name alone, or one pair, where there is a title."""
    if title is not None:
        valid_title(title)
        if len(names) not in {1, 2}:
            raise UsageFault("--title is that of one conversation.", "Type: chatmgr rename NAME --title TEXT")
        if len(names) == 1:
            found = app().reader.conversation(names[0])
            return [(found, found.name)]
    if not names or len(names) % 2:
        raise UsageFault("Names come in pairs, old and new.", "For instance: chatmgr rename draft plan")
    news = [valid_name("conversation", name) for name in names[1::2]]
    pairs = list(zip(map(app().reader.conversation, names[::2]), news, strict=True))
    if len({one.pk for one, _ in pairs}) < len(pairs):
        raise UsageFault("A conversation can have one name only.", "Name each one once.")
    return pairs


def _replaced(found: list[Conversation], old: str, new: str) -> list[tuple[Conversation, str]]:
    if not old:
        raise UsageFault("There is nothing to replace.", "For instance: --replace 2025 2026")
    return [(one, valid_name("conversation", one.name.replace(old, new))) for one in found if old in one.name]


def _refuse_taken(pairs: list[tuple[Conversation, str]]) -> None:
    """A name is free if nobody has it, or who has it gets another one too."""
    moving = {one.pk for one, _ in pairs}
    used: set[str] = set()
    for one, new in pairs:
        if new in used:
            raise UsageFault(f"Two conversations would be called “{new}”. Nothing is renamed.")
        used.add(new)
        holder = app().reader.taken(new)
        if holder and holder not in moving:
            raise UsageFault(
                f"There is a conversation “{new}” already. Nothing is renamed.",
                f"Choose another name, or move that one away with it: "
                f"chatmgr rename {quote(one.name)} {quote(new)} {quote(new)} OTHER",
            )
