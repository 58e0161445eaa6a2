"""``chatmgr assistant prune``: the assistants that no conversation uses."""

from collections.abc import Iterable

import click

from chatmgr.cli.params import dry_run_option, json_option, yes_option
from chatmgr.domain.model import Assistant
from chatmgr.domain.text import counted
from chatmgr.terminal.console import console
from chatmgr.terminal.sanitize import one_line
from chatmgr.ui.context import app
from chatmgr.ui.json_output import assistant_json, print_json
from chatmgr.ui.prompts import confirm

_WIDTH = 60  # columns of the instructions


@click.command("prune")
@dry_run_option
@json_option
@yes_option
def command(dry_run: bool, as_json: bool, yes: bool) -> None:
    """Delete the assistants that no conversation uses, after listing them.

    Conversations in the trash use theirs, too. The one called default stays: it is needed again.

    \b
    Examples:
      chatmgr assistant prune --dry-run
      chatmgr assistant prune --yes
    """
    unused = app().reader.assistants.unused()
    if dry_run:
        _report(unused, "would_be", as_json=as_json)
    elif unused:
        if not yes:
            for assistant in unused:
                console.note(f"  {_described(assistant)}", "")
        several = f"“{unused[0].name}”" if len(unused) == 1 else counted(len(unused), "assistant")
        confirm(f"Delete {several}?", f"Deleting {several}", yes=yes)
        deleted = app().writer.assistants.prune(assistant.id for assistant in unused)
        unused = [assistant for assistant in unused if assistant.id in deleted]
        _report(unused, "did", as_json=as_json)
    if not unused:
        console.note("Every assistant is used; nothing was done.")


def _report(assistants: Iterable[Assistant], key: str, *, as_json: bool) -> None:
    for assistant in assistants:
        if as_json:
            print_json({**assistant_json(assistant), key: "deleted"})
        elif key == "would_be":
            console.out(f"would be deleted: {_described(assistant)}")
        else:
            console.note(f"“{assistant.name}” is deleted.")


def _described(assistant: Assistant) -> str:
    instructions = one_line(assistant.instructions, _WIDTH)
    return f"{one_line(assistant.name)}: {instructions}" if instructions else one_line(assistant.name)
