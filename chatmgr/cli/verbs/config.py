"""``chatmgr config``: the settings in force, and keys."""

import sys

import click

from chatmgr.config import keys, paths, settings
from chatmgr.domain.errors import UsageFault
from chatmgr.store.location import sqlite_path
from chatmgr.terminal import tables
from chatmgr.terminal.console import console
from chatmgr.terminal.region import stdout_size
from chatmgr.ui.context import ProviderName, app, json_option
from chatmgr.ui.json_output import print_json
from chatmgr.ui.prompts import ask_key


@click.group("config", short_help="Show the settings, and keep keys.")
def command() -> None:
    """The settings of chatmgr, in config.toml, and the keys of its providers.

    \b
    Examples:
      chatmgr config show
      chatmgr config set-key openai
    """


@command.command("show")
@json_option
def show(as_json: bool) -> None:
    """Show every setting, its value, and what it means.

    \b
    Examples:
      chatmgr config show
      chatmgr config show --json
    """
    found = app().settings
    rows = [(one.key, found.get(one.key), one.default, one.help) for one in settings.SETTINGS]
    if as_json:
        print_json({key: value for key, value, _, _ in rows})
        return
    head = ("SETTING", "VALUE", "MEANING")
    lines = ((key, settings.to_toml(value), help_) for key, value, _, help_ in rows)
    if sys.stdout.isatty():
        shown = tables.wrapped_table(head, lines, terminal=True, width=stdout_size()[0])
    else:
        shown = tables.table(head, lines, terminal=False)
    for line in shown:
        console.out(line)
    console.note(f"Change them in {found.source}; providers: chatmgr provider list")


@command.command("path")
@json_option
def path(as_json: bool) -> None:
    """Show where things are: settings, keys, database, models.

    \b
    Example:
      chatmgr config path
    """
    places = {
        "config": str(settings.config_file()),
        "keys": str(keys.key_file()),
        "data": str(paths.data_dir()),
        "database": str(sqlite_path(app().url) or "the PostgreSQL database of CHATMGR_DATABASE_URL"),
        "models": str(paths.models_dir()),
    }
    if as_json:
        print_json(places)
        return
    for name, where in places.items():
        console.out(f"{name}: {where}")


@command.command("set-key")
@click.argument("provider", type=ProviderName(), default="openai", help="The provider the key belongs to.")
def set_key(provider: str) -> None:
    """Keep a provider's key: in the system keyring where there is one, else in a file of yours alone.

    The key is asked for without being shown, or read from standard input; it is never an argument,
    since other users of a machine can read those.

    \b
    Examples:
      chatmgr config set-key openai
      pass show openai | chatmgr config set-key openai
    """
    found = app().providers.get(provider)
    if found.api == "local":
        raise UsageFault("The embedded model needs no key.")
    if sys.stdin is not None and sys.stdin.isatty():  # whoever types is not echoed, wherever stderr goes
        key = ask_key(f"Key for {found.name} (not shown)")
    else:
        key = sys.stdin.buffer.readline().decode("utf-8", "replace")
    console.note(f"The key for {found.name} is kept in {keys.store_key(found.name, key)}.")
    if found.key_env and not sys.stdin.closed:
        import os

        if os.environ.get(found.key_env):
            console.note(f"{found.key_env} is set too, and goes first.", "yellow")
