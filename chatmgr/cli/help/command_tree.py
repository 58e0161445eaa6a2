"""Every command of chatmgr, walked in the order of ``--help``; what all generated help begins with."""

from collections.abc import Iterator

import click

from chatmgr.cli.main import cli

_WIDTH = 96


def contexts(command: click.Command = cli, parent: click.Context | None = None) -> Iterator[click.Context]:
    """Each command as the context that knows its path and its help; a group comes before its commands."""
    name = command.name or "" if parent else "chatmgr"
    settings = {**command.context_settings, "terminal_width": _WIDTH, "max_content_width": _WIDTH}
    with click.Context(command, info_name=name, parent=parent, **settings) as ctx:
        yield ctx
        if isinstance(command, click.Group):
            for subcommand_name in command.list_commands(ctx):
                if subcommand := command.get_command(ctx, subcommand_name):
                    yield from contexts(subcommand, ctx)
