"""``chatmgr completion``: names in the shell, installed with one command and taken back with another."""

from pathlib import Path

import click

from chatmgr.completion import install as targets
from chatmgr.completion import shells
from chatmgr.terminal.console import console

_shell = click.argument(
    "shell", required=False, type=click.Choice(shells.SHELLS), help="The shell; this one if left out."
)
_dry_run = click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")


@click.group("completion", short_help="Complete names in the shell: install, show, uninstall.")
def command() -> None:
    """Completion in the shell: verbs, options, and the names of conversations with their titles.

    \b
    Examples:
      chatmgr completion install
      chatmgr completion show zsh
    """


@command.command("install")
@_shell
@_dry_run
def install(shell: str | None, dry_run: bool) -> None:
    """Install completion where the shell looks for it; done twice, it is there once.

    A start-up file is changed only where the shell has no place of its own: one line, between two marks.

    \b
    Examples:
      chatmgr completion install
      chatmgr completion install fish --dry-run
    """
    shell = shell or shells.detect_shell()
    place = targets.install_target(shell)
    changes = [_put(place.script, shells.completion_script(shell), dry_run=dry_run)]
    if place.startup_file:
        text = targets.read_dotfile(place.startup_file)
        wanted = targets.add_block(text, place.startup_line)
        changes.append(
            _put(place.startup_file, wanted, dry_run=dry_run, part=f" (one line: {place.startup_line})")
        )
    if not any(changes):
        console.note(f"Completion in {shell} is installed already.")
    elif not dry_run:
        console.note(f"{place.next_step} Take it back with: chatmgr completion uninstall {shell}")


@command.command("uninstall")
@_shell
@_dry_run
def uninstall(shell: str | None, dry_run: bool) -> None:
    """Take completion out again; what else stands in a start-up file stays as it is.

    \b
    Examples:
      chatmgr completion uninstall
      chatmgr completion uninstall bash --dry-run
    """
    shell = shell or shells.detect_shell()
    found = False
    for place in targets.all_targets(shell):
        if place.script.is_file():
            found = True
            if not dry_run:
                place.script.unlink()
            console.note(f"{'Would remove' if dry_run else 'Removed'} {place.script}.")
        if place.startup_file and (text := targets.read_dotfile(place.startup_file)) != (
            rest := targets.remove_block(text)
        ):
            found = True
            _put(place.startup_file, rest, dry_run=dry_run, part=" (chatmgr's line is out)")
    if not found:
        console.note(f"There is no completion of chatmgr in {shell}.")


@command.command("show")
@_shell
def show(shell: str | None) -> None:
    """Print the script for a shell, to install it by hand.

    \b
    Examples:
      chatmgr completion show bash
      chatmgr completion show powershell >> $PROFILE
    """
    console.out(shells.completion_script(shell or shells.detect_shell()), end="")


def _put(path: Path, text: str, *, dry_run: bool, part: str = "") -> bool:
    """Write a file unless it is so already, and say so."""
    if targets.read_dotfile(path) == text:
        return False
    new = not path.exists()
    if not dry_run:
        targets.write_dotfile(path, text)
    did = "write" if new else "change"
    said = f"Would {did}" if dry_run else "Wrote" if new else "Changed"
    console.note(f"{said} {path}{part}.")
    return True
