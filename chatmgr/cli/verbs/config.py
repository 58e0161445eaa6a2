"""``chatmgr config``: the settings in force, and keys."""

import sys
from dataclasses import replace
from shlex import quote

import click
from click.shell_completion import CompletionItem

from chatmgr.cli.params import NameParam, json_option
from chatmgr.config import keys, paths, settings, settings_changes
from chatmgr.domain.errors import ConfigurationFault, UsageFault
from chatmgr.domain.names import nearest
from chatmgr.store.location import sqlite_path
from chatmgr.terminal import list_tables
from chatmgr.terminal.console import console
from chatmgr.terminal.region import stdout_size
from chatmgr.terminal.sanitize import clean
from chatmgr.terminal.silence import told_if_silent
from chatmgr.ui.context import app, interactive
from chatmgr.ui.json_output import print_json
from chatmgr.ui.prompts import ask_key, ask_line

_key = click.argument("key", type=NameParam("setting"), help="The setting.")


@click.group("config", short_help="Show and change settings, and store keys.")
def command() -> None:
    """Settings, which are in config.toml, and the providers' keys.

    \b
    Examples:
      chatmgr config show
      chatmgr config set edit_mode vi
      chatmgr config set-key openai
    """


@command.command("show")
@click.argument("key", type=NameParam("setting"), required=False, help="Show only this setting.")
@json_option
def show(key: str | None, as_json: bool) -> None:
    """Show every setting with its value and meaning; or the value of one.

    \b
    Examples:
      chatmgr config show
      chatmgr config show tail
      chatmgr config show --json
    """
    current = app().settings
    if key is not None:
        _show_one(settings_changes.setting(key), current, as_json)
        return
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
    console.note(
        f"They are in {current.source}. Change one: chatmgr config set KEY VALUE; the providers: "
        "chatmgr provider list"
    )


def _show_one(row: settings.Setting, current: settings.Settings, as_json: bool) -> None:
    value = current.get(row.key)
    if as_json:
        print_json({row.key: value})
        return
    console.out(value if isinstance(value, str) else settings.to_toml(value))
    is_default = "This is the default." if value == row.default else f"Default: {_typed(row.default)}."
    console.note(f"{row.help} {is_default}")


def _typed(value: object) -> str:
    """A value as it is written after ``config set KEY``."""
    return quote(value) if isinstance(value, str) else settings.to_toml(value)


def _complete_value(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The values that the setting before can have."""
    key = ctx.params.get("key") or ""
    if key == "provider":
        return NameParam("provider").shell_complete(ctx, param, incomplete)
    row = settings.BY_KEY.get(key)
    values = settings_changes.values_of(row) if row else ()
    return [CompletionItem(value) for value in values if value.startswith(incomplete)]


@command.command("set", context_settings={"ignore_unknown_options": True})
@_key
@click.argument("value", shell_complete=_complete_value, help="Its new value.")
def set_(key: str, value: str) -> None:
    """Change a setting in config.toml. Comments and everything else in the file stay as they are.

    \b
    Examples:
      chatmgr config set tail 5
      chatmgr config set local.threads 2
    """
    row = settings_changes.setting(key)
    new = settings_changes.value_from(row, value)
    if key == "provider" and new:
        new = app().providers.get(new).name
    old = _value_before(row)
    settings_changes.set_value(key, new)
    was = "as before" if new == old else f"was {_typed(old)}"
    console.note(f"{key} is {_typed(new)} now ({was}). To go back to the default: chatmgr config unset {key}")


@command.command("unset")
@_key
def unset(key: str) -> None:
    """Remove a setting from config.toml, so that its default applies again.

    \b
    Example:
      chatmgr config unset tail
    """
    row = settings.BY_KEY.get(key)
    if settings_changes.unset_value(key):
        console.note(f"{key} is {_typed(row.default)} again, the default." if row else f"Removed {key}.")
        return
    row = settings_changes.setting(key)
    console.note(f"{key} is not set; it is {_typed(row.default)}, the default.")


@command.command("edit")
def edit() -> None:
    """Edit config.toml in your editor ($VISUAL, $EDITOR). What is wrong in it is said, and not saved.

    \b
    Example:
      chatmgr config edit
    """
    from chatmgr.ui.external_editor import edit_text

    old = settings_changes.current_text()
    text = old or _template()
    while True:
        edited = edit_text(text, "config.toml") + "\n"
        if edited.rstrip("\n") == (old or _template()).rstrip("\n"):
            console.note("Nothing was changed.")
            return
        problem = settings_changes.problem_of(edited)
        if problem is None:
            break
        _offer_to_edit_again(problem)
        text = edited
    if not settings_changes.replace_text(old, edited):
        aside = settings_changes.keep_aside(edited)
        raise ConfigurationFault(
            f"{settings.config_file()} was changed by another command meanwhile, and was left as it is.",
            f"What you wrote is in {aside}.",
        )
    console.note(f"Saved in {settings.config_file()}.")


def _offer_to_edit_again(problem: ConfigurationFault) -> None:
    """Return if the person wants to; raises the problem where nobody can be asked."""
    unchanged = "Nothing was changed."
    if not interactive():
        raise ConfigurationFault(f"{problem.message} {unchanged}", problem.hint)
    console.note(problem.message, "attention")
    if ask_line("Edit it again? [Y/n]").lower() not in {"", "y", "yes"}:
        console.note(unchanged)
        raise click.exceptions.Exit(0)


def _template() -> str:
    """What an empty file is edited as: every setting with its meaning and default, behind a “#”."""
    lines = ["# Settings of chatmgr. Remove the “#” before those that you change.", ""]
    for row in settings.SETTINGS:
        lines += [f"# {row.help}", f"# {row.key} = {settings.to_toml(row.default)}", ""]
    return "\n".join(lines)


def _value_before(row: settings.Setting) -> object:
    """The value that a setting had; its default where the file cannot be read, which ``set`` may mend."""
    try:
        return settings.load().get(row.key)
    except ConfigurationFault:
        return row.default


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
            console.note(f"{endpoint.key_env} is also set, and takes precedence.", "attention")
