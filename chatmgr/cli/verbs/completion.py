"""``chatmgr completion``: names in the shell, installed with one command and uninstalled with another."""

from pathlib import Path

import click

from chatmgr.cli.params import dry_run_option
from chatmgr.completion import install as targets
from chatmgr.completion import shells
from chatmgr.completion.install import add_block, read_dotfile, remove_block, write_dotfile
from chatmgr.terminal.console import console

_shell = click.argument(
    "shell",
    required=False,
    type=click.Choice(shells.SHELLS),
    help="The shell. Default: the current one.",
)


@click.group("completion", short_help="Set up completion in the shell: install, show, uninstall.")
def command() -> None:
    """Shell completion for commands, options, and the names of conversations with their titles.

    \b
    Examples:
      chatmgr completion install
      chatmgr completion show zsh
    """


@command.command("install")
@_shell
@dry_run_option
def install(shell: str | None, dry_run: bool) -> None:
    """Install completion where the shell looks for it. Installing twice is harmless.

    Changes a start-up file only if the shell has no folder for completions, and then adds one line between
    two marks.

    \b
    Examples:
      chatmgr completion install
      chatmgr completion install fish --dry-run
    """
    shell = shell or shells.detect_shell()
    target = targets.install_target(shell)
    changes = [_write(target.script, shells.completion_script(shell), dry_run=dry_run)]
    if target.startup_file:
        new_file = not target.startup_file.exists()
        text = add_block(read_dotfile(target.startup_file), target.startup_line, new_file=new_file)
        changes.append(
            _write(target.startup_file, text, dry_run=dry_run, remark=f" (one line: {target.startup_line})")
        )
    if not any(changes):
        console.note(f"Completion in {shell} is installed already.")
    elif not dry_run:
        console.note(f"{target.next_step} To remove it: chatmgr completion uninstall {shell}")


@command.command("uninstall")
@_shell
@dry_run_option
def uninstall(shell: str | None, dry_run: bool) -> None:
    """Uninstall completion. Everything else in a start-up file stays as it is.

    \b
    Examples:
      chatmgr completion uninstall
      chatmgr completion uninstall bash --dry-run
    """
    shell = shell or shells.detect_shell()
    removed = False
    for target in targets.all_targets(shell):
        if target.script.is_file():
            removed = True
            if not dry_run:
                target.script.unlink()
                if target.startup_file:  # else the folder is the shell's
                    targets.remove_folder(target.script.parent)
            console.note(f"{'Would remove' if dry_run else 'Removed'} {target.script}.")
        if target.startup_file and (text := read_dotfile(target.startup_file)) != (
            rest := remove_block(text)
        ):
            removed = True
            if not rest and targets.made_here(text) and not target.startup_file.is_symlink():
                if not dry_run:
                    target.startup_file.unlink()
                console.note(f"{'Would remove' if dry_run else 'Removed'} {target.startup_file}.")
                continue
            _write(target.startup_file, rest, dry_run=dry_run, remark=" (without chatmgr's line)")
    if not removed:
        console.note(f"chatmgr's completion is not installed in {shell}.")


@command.command("show")
@_shell
def show(shell: str | None) -> None:
    """Print a shell's completion script, to install it yourself.

    \b
    Examples:
      chatmgr completion show bash
      chatmgr completion show powershell >> $PROFILE
    """
    console.out(shells.completion_script(shell or shells.detect_shell()), end="")


def _write(path: Path, text: str, *, dry_run: bool, remark: str = "") -> bool:
    """Write a file and report it; returns False for one that has this text already."""
    if read_dotfile(path) == text:
        return False
    new = not path.exists()
    if not dry_run:
        write_dotfile(path, text)
    would, did = ("Would write", "Wrote") if new else ("Would change", "Changed")
    console.note(f"{would if dry_run else did} {path}{remark}.")
    return True
