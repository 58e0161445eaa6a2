"""``chatmgr config``: the settings in force, and keys."""

import sys
from dataclasses import replace

import click

from chatmgr.cli.params import NameParam, json_option
from chatmgr.config import keys, paths, settings
from chatmgr.domain.errors import UsageFault
from chatmgr.domain.names import nearest
from chatmgr.store.location import sqlite_path
from chatmgr.terminal import list_tables
from chatmgr.terminal.console import console
from chatmgr.terminal.region import stdout_size
from chatmgr.terminal.sanitize import clean
from chatmgr.terminal.silence import told_if_silent
from chatmgr.ui.context import app
from chatmgr.ui.json_output import print_json
from chatmgr.ui.prompts import ask_key


@click.group("config", short_help="Show settings, and store keys.")
def command() -> None:
    """Settings, which are in config.toml, and the providers' keys.

    \b
    Examples:
      chatmgr config show
      chatmgr config set-key openai
    """


@command.command("show")
@json_option
def show(as_json: bool) -> None:
    """Show every setting with its value and meaning.

    \b
    Examples:
      chatmgr config show
      chatmgr config show --json
    """
    current = app().settings
    values = {setting.key: current.get(setting.key) for setting in settings.SETTINGS}
    if as_json:
        print_json(values)
        return
    head = ("SETTING", "VALUE", "MEANING")
    rows = (
        (setting.key, settings.to_toml(values[setting.key]), setting.help) for setting in settings.SETTINGS
    )
    if sys.stdout.isatty():
        lines = list_tables.wrapped_table(head, rows, terminal=True, width=stdout_size()[0])
    else:
        lines = list_tables.table(head, rows, terminal=False)
    for line in lines:
        console.out(line)
    console.note(f"Change them in {current.source}; providers: chatmgr provider list")


@command.command("path")
@json_option
def path(as_json: bool) -> None:
    """Show where settings, keys, database and models are stored.

    \b
    Example:
      chatmgr config path
    """
    locations = {
        "config": str(settings.config_file()),
        "keys": str(keys.key_file()),
        "data": str(paths.data_dir()),
        "database": str(sqlite_path(app().url) or "the PostgreSQL database of CHATMGR_DATABASE_URL"),
        "models": str(paths.models_dir()),
    }
    if as_json:
        print_json(locations)
        return
    for name, location in locations.items():
        console.out(f"{name}: {clean(location)}")


@command.command("set-key", context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
@click.argument("provider", type=NameParam("provider"), default="openai", help="The provider.")
@click.pass_context
def set_key(ctx: click.Context, provider: str) -> None:
    """Store a provider's key in the system's keyring, or else in a file that only you can read.

    chatmgr asks for the key without showing it, or reads it from standard input. It is never an argument,
    because other users of the machine can see those.

    \b
    Examples:
      chatmgr config set-key openai
      pass show openai | chatmgr config set-key openai
    """
    known = app().settings.providers
    if ctx.args or (
        provider not in known and not nearest(provider, known)
    ):  # it may be a key: do not repeat it
        names = ", ".join(name for name in known if name != "local")
        raise UsageFault(
            "A key is never an argument: it would stay in the shell's history, and other users could see it.",
            f"Type only the provider's name ({names}); chatmgr asks for the key, or reads it from a pipe.",
        )
    endpoint = app().providers.get(provider)
    if endpoint.api == "local":
        raise UsageFault("The embedded model needs no key.")
    if sys.stdin is not None and sys.stdin.isatty():  # whatever is typed is not echoed, wherever stderr goes
        key = ask_key(f"Key for {endpoint.name} (not shown)")
    else:
        told_if_silent("the key")
        key = sys.stdin.buffer.readline().decode("utf-8", "replace")
    console.note(f"The key for {endpoint.name} is kept in {keys.store_key(endpoint.name, key)}.")
    app().providers.note_exposed_key(replace(endpoint, key=key.strip()))
    if endpoint.key_env and not sys.stdin.closed:
        import os

        if os.environ.get(endpoint.key_env):
            console.note(f"{endpoint.key_env} is also set, and takes precedence.", "yellow")
