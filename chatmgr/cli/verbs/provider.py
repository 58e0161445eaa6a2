"""``chatmgr provider``: the endpoints that conversations can live at."""

import re
import sys
import time
from contextlib import suppress
from dataclasses import replace
from shlex import quote
from typing import Any

import click

from chatmgr.cli.params import NameParam, json_option, yes_option
from chatmgr.config import keys, settings, settings_changes
from chatmgr.domain.base_url import base_url_problem, without_trailing_slash
from chatmgr.domain.errors import ChatmgrError, NetworkDown, NotFound, ProviderRefused, UsageFault
from chatmgr.domain.model import Provider
from chatmgr.domain.names import nearest, valid_name
from chatmgr.domain.redaction import without_key_shapes
from chatmgr.domain.text import counted
from chatmgr.services.providers import Providers
from chatmgr.terminal import list_tables
from chatmgr.terminal.console import console
from chatmgr.terminal.sanitize import one_line
from chatmgr.ui.context import app
from chatmgr.ui.json_output import print_json
from chatmgr.ui.prompts import confirm

_name_argument = click.argument("name", type=NameParam("provider"), help="The provider.")


@click.group("provider", short_help="Add, list, show, test and remove providers.")
def command() -> None:
    """Providers: where answers come from.

    Three are built in: openai (responses; OPENAI_BASE_URL changes its address), ollama (completions, on this
    machine) and local (the embedded model). If you name none, chatmgr uses the assistant's, or else the first
    that applies: CHATMGR_PROVIDER, the setting "provider", openai if it has a key, ollama if it answers,
    local if it is installed.

    \b
    Examples:
      chatmgr provider list
      chatmgr provider test ollama
    """


@command.command("add")
@click.argument("name", help="Its name.")
@click.option("--api", type=click.Choice(settings.APIS), required=True, help="Its API.")
@click.option(
    "--base-url",
    required=True,
    help="Its address, including /v1 if it has one. A query (?api-version=…) goes along with every request.",
)
@click.option("--key-env", default="", metavar="VAR", help="The environment variable that holds its key.")
@click.option(
    "-m",
    "--model",
    type=NameParam("model"),
    default="",
    help="Its default model. If omitted: the first one it lists.",
)
def add(name: str, api: str, base_url: str, key_env: str, model: str) -> None:
    """Add a provider, or change one.

    \b
    Examples:
      chatmgr provider add llama --api completions --base-url http://127.0.0.1:8080/v1
      chatmgr provider add azure --api assistants --base-url https://… --key-env AZURE_KEY
    """
    name = valid_name("provider", name)
    if name in settings.BUILT_IN and api != settings.BUILT_IN[name]["api"]:
        raise UsageFault(
            f"“{name}” is built in and speaks {settings.BUILT_IN[name]['api']}.", "Choose another name."
        )
    base_url = _checked_base_url(base_url)
    if key_env and (
        not re.fullmatch(r"[A-Za-z_]\w*", key_env, re.ASCII) or without_key_shapes(key_env) != key_env
    ):
        raise UsageFault(  # it may be the key itself, so it is not repeated
            "--key-env takes the name of an environment variable, not a key.",
            f"Leave it out, and type: chatmgr config set-key {quote(name)}",
        )
    if not model.isprintable():
        raise UsageFault("The model's name contains control or invisible characters.")
    table = {"api": api, "base_url": base_url, "key_env": key_env, "default_model": model}
    settings.load(replacing=name)  # a broken file is reported before it is changed
    settings_changes.set_provider(name, {key: value for key, value in table.items() if value})
    console.note(f"“{name}” is kept in {settings.config_file()}. Try it: chatmgr provider test {quote(name)}")
    _note_unlisted(name, model)
    if key_env:
        app().providers.note_exposed_key(Provider(name, api, base_url, key=key_env))


def _note_unlisted(name: str, model: str) -> None:
    """Say so if the server does not list the default model; a server that cannot be asked says nothing."""
    if not model:
        return
    providers = Providers(settings.load())  # the app's own are as they were before
    with suppress(ChatmgrError):
        if note := providers.unlisted_note(replace(providers.get(name), default_model=""), model):
            console.note(note, "attention")


def _checked_base_url(text: str) -> str:
    """A base URL as it was typed, without the slash at its end; what may be a secret is not repeated."""
    base_url = text.strip()
    if problem := base_url_problem(base_url):
        hint = "For instance: --base-url https://llm.example.org/v1"
        if "a user" in problem or "a key" in problem:
            hint = "Leave it out, and name the variable that holds the key with --key-env."
        subject = "This is not an address: it" if problem.startswith("must begin") else "The address"
        raise UsageFault(f"{subject} {problem}.", hint)
    return without_trailing_slash(base_url)


def _facts(provider: Provider) -> dict[str, Any]:
    """The documented shape of a provider; of its key only where it comes from."""
    key, source = keys.find_key(provider) if provider.api != "local" else ("", "")
    return {
        "name": provider.name,
        "api": provider.api,
        "base_url": provider.endpoint or None,
        "default_model": provider.default_model or None,
        "key_env": provider.key_env or None,
        "key": source if key else None,
        "built_in": provider.name in settings.BUILT_IN,
    }


@command.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List providers, and where their keys come from.

    \b
    Examples:
      chatmgr provider list
      chatmgr provider list --json
    """
    for fault in app().settings.faults.values():
        console.note(f"{fault} Correct or unset it.", "attention")
    providers = [_facts(provider) for provider in app().settings.providers.values()]
    if as_json:
        for facts in providers:
            print_json(facts)
        return
    head = ("NAME", "API", "ADDRESS", "DEFAULT MODEL", "KEY")
    rows = (
        (
            facts["name"],
            facts["api"],
            facts["base_url"] or "in this process",
            facts["default_model"] or "the first listed",
            facts["key"] or "—",
        )
        for facts in providers
    )
    for line in list_tables.table(head, rows, terminal=sys.stdout.isatty()):
        console.out(line)


@command.command("show")
@_name_argument
@json_option
def show(name: str, as_json: bool) -> None:
    """Show one provider.

    \b
    Example:
      chatmgr provider show openai
    """
    facts = _facts(app().providers.get(name))
    if as_json:
        print_json(facts)
        return
    for key, value in facts.items():
        console.out(f"{key.replace('_', ' ')}: {'—' if value is None else one_line(str(value))}")


@command.command("test")
@_name_argument
@json_option
def test(name: str, as_json: bool) -> None:
    """Test a provider: whether it answers, accepts the key, and which models it has.

    \b
    Example:
      chatmgr provider test ollama
    """
    provider = app().providers.usable(app().providers.get(name))
    started = time.monotonic()
    try:
        models = app().providers.backend(provider).models()
    except (NetworkDown, ProviderRefused) as error:
        if "provider test" in error.hint:  # which is what was just done
            error.hint = (
                f"Is it running? Check the address: chatmgr provider show {quote(name)}; "
                f"change it: chatmgr provider add {quote(name)} …"
            )
        raise
    seconds = time.monotonic() - started
    if as_json:
        print_json({"name": name, "answers": True, "models": len(models), "seconds": round(seconds, 3)})
        return
    count = f"lists {counted(len(models), 'model')}" if models else "lists no models"
    console.out(f"{one_line(name)} answers ({seconds * 1000:.0f} ms) and {count}.")


@command.command("remove")
@_name_argument
@yes_option
def remove(name: str, yes: bool) -> None:
    """Remove a provider. Its conversations stay and can be read.

    \b
    Example:
      chatmgr provider remove azure
    """
    configured = settings.load(replacing=name)
    if name not in configured.own:
        if name in configured.providers:
            raise UsageFault(f"“{name}” is built in and cannot be removed.")
        raise NotFound("provider", name, nearest(name, configured.own), "See them all: chatmgr provider list")
    confirm(f"Remove the provider “{name}”?", f"Removing “{name}”", yes=yes)
    settings_changes.set_provider(name, None)
    console.note(f"“{name}” is removed.")
