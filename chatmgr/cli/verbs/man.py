"""``chatmgr man``: the manual page, to be shown by ``man`` or installed."""

import sys

import click

from chatmgr.terminal.console import console


@click.command("man", short_help="Print the manual page.")
def command() -> None:
    """Print the manual page (roff): everything that --help says, on one page.

    \b
    Examples:
      chatmgr man | man -l -
      chatmgr man > ~/.local/share/man/man1/chatmgr.1
    """
    from chatmgr.cli.help.man_page import render

    console.out(render(), end="")
    if sys.stdout.isatty():
        console.note("Read it with: chatmgr man | man -l -")
