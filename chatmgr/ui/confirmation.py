"""The question before what cannot be undone."""

import click

from chatmgr.domain.errors import UsageFault
from chatmgr.terminal.console import console
from chatmgr.ui.context import interactive

FINAL = "cannot be undone, and needs a yes."


def confirm(question: str, needs: str, *, yes: bool) -> None:
    """Return where a person says yes, or --yes did; ``needs`` is said where there is nobody to ask.

    A no is an answer and no error: the command ends there, with exit code 0.
    """
    if yes:
        return
    if not interactive():
        raise UsageFault(needs, "Add --yes.")
    while True:
        said = str(click.prompt(f"{question} [y/N]", default="", show_default=False, err=True))
        match said.strip().lower():
            case "y" | "yes":
                return
            case "" | "n" | "no":
                console.note("Nothing was changed.")
                raise click.exceptions.Exit(0)
            case _:
                console.note("Type y for yes, or n for no.", "")
