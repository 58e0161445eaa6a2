"""``chatmgr rename``: other names or a title; of many names, all or none."""

from collections.abc import Mapping, Sequence
from shlex import quote
from typing import Any

import click

from chatmgr.cli.params import NameParam
from chatmgr.cli.report import Report
from chatmgr.cli.selection import Selection, selection_options
from chatmgr.domain.errors import UsageFault
from chatmgr.domain.model import Conversation
from chatmgr.domain.names import valid_name, valid_title
from chatmgr.terminal.sanitize import one_line
from chatmgr.ui.context import app

Renames = Sequence[tuple[Conversation, str]]  # conversations, each with its new name


@click.command("rename", short_help="Rename conversations, or set a title.")
@click.argument(
    "names",
    nargs=-1,
    metavar="[OLD NEW]...",
    type=NameParam("conversation"),
    help="Pairs of old and new names.",
)
@click.option("--title", metavar="TEXT", help="Set the title of one conversation; an empty one removes it.")
@click.option(
    "--replace",
    "replacement",
    nargs=2,
    metavar="OLD NEW",
    help="In every selected name, replace OLD with NEW.",
)
@selection_options
def command(
    selection: Selection,
    title: str | None,
    replacement: tuple[str, str] | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Rename conversations: all of them or none.

    Names may be swapped. If a name is taken, nothing is changed. A conversation may be renamed while it is
    in use.

    \b
    Examples:
      chatmgr rename draft plan
      chatmgr rename a b b a
      chatmgr rename plan --title "Where to go in spring"
      chatmgr rename --tag work --replace 2025 2026
    """
    if replacement:
        if selection.names or title is not None:
            raise UsageFault("--replace goes with filters or --all, not with names.")
        renames = _replaced(selection.conversations(), *replacement)
    else:
        if selection.filters.any or selection.everything:
            raise UsageFault("Filters go with --replace OLD NEW.", "Or name pairs: rename OLD NEW")
        renames = _paired(selection.names, title)
    _refuse_taken(renames)
    if not dry_run:
        _apply(renames, title)
    _report(renames, title, Report("renamed", as_json, dry_run))


def _apply(renames: Renames, title: str | None) -> None:
    new_names = {conversation.pk: new for conversation, new in _changing(renames)}
    if new_names:
        app().writer.conversations.rename(new_names)
    if title is not None:
        app().writer.conversations.set_title(renames[0][0].pk, title)


def _changing(renames: Renames) -> Renames:
    return [(conversation, new) for conversation, new in renames if new != conversation.name]


def _report(renames: Renames, title: str | None, report: Report) -> None:
    new_names: Mapping[int, str] = {conversation.pk: new for conversation, new in renames}
    conversations = [conversation for conversation, _ in renames]
    changed = conversations if title is not None else [conversation for conversation, _ in _changing(renames)]
    verb, outcome = _outcome(renames, title)

    def details(conversation: Conversation) -> dict[str, Any]:
        titled = {} if title is None else {"title": title or None}
        return {"new_name": new_names[conversation.pk], **titled}

    def line(conversation: Conversation) -> str:
        return f"{one_line(conversation.name)} → {one_line(new_names[conversation.pk])}"

    report.show(changed, verb=verb, outcome=outcome, unchanged=conversations, details=details, line=line)


def _outcome(renames: Renames, title: str | None) -> tuple[str, str]:
    """The verb and the predicate of the message: “is”, “now called “plan””."""
    changing = _changing(renames)
    if len(changing) == 1:
        return "is", f"now called “{changing[0][1]}”"
    if changing:
        return "is", "renamed"
    if title is not None:
        return "now has", f"the title “{title}”" if title else "no title"
    return "is", f"called “{renames[0][1]}”" if len(renames) == 1 else "called that"


def _paired(names: Sequence[str], title: str | None) -> Renames:
    """Old and new names in pairs; with a title, one name alone or one pair."""
    if title is not None:
        valid_title(title)
        if len(names) not in {1, 2}:
            raise UsageFault("--title is for one conversation.", "Type: chatmgr rename NAME --title TEXT")
        if len(names) == 1:
            conversation = app().reader.conversations.get(names[0])
            return [(conversation, conversation.name)]
    if len(names) % 2:
        raise UsageFault(
            f"The new name for “{names[-1]}” is missing.", f"Type: chatmgr rename {quote(names[-1])} NEW"
        )
    if not names:
        raise UsageFault("Names come in pairs, old and new.", "For instance: chatmgr rename draft plan")
    new_names = [valid_name("conversation", name) for name in names[1::2]]
    renames = list(zip(map(app().reader.conversations.get, names[::2]), new_names, strict=True))
    if len({conversation.pk for conversation, _ in renames}) < len(renames):
        raise UsageFault("A conversation can have only one name.", "Name each one once.")
    return renames


def _replaced(selected: Sequence[Conversation], old: str, new: str) -> Renames:
    if not old:
        raise UsageFault("There is nothing to replace.", "For instance: --replace 2025 2026")
    return [
        (conversation, valid_name("conversation", conversation.name.replace(old, new)))
        for conversation in selected
        if old in conversation.name
    ]


def _refuse_taken(renames: Renames) -> None:
    """A name is free if nobody has it, or if the one that has it gets another name, too."""
    renamed = {conversation.pk for conversation, _ in renames}
    new_names: set[str] = set()
    for conversation, new in renames:
        if new in new_names:
            raise UsageFault(f"Two conversations would be called “{new}”. Nothing is renamed.")
        new_names.add(new)
        holder = app().reader.conversations.taken(new)
        if holder and holder not in renamed:
            raise UsageFault(
                f"There is a conversation “{new}” already. Nothing is renamed.",
                "Choose another name, or rename that one at the same time: "
                f"chatmgr rename {quote(conversation.name)} {quote(new)} {quote(new)} OTHER",
            )
