"""``chatmgr provider``: the endpoints conversations can live at."""

import sys
import time
from shlex import quote
from typing import Any

import click

from chatmgr.config import keys, settings
from chatmgr.domain.errors import NetworkDown, NotFound, ProviderRefused, UsageFault
from chatmgr.domain.model import Provider
from chatmgr.domain.names import nearest, valid_name
from chatmgr.terminal import tables
from chatmgr.terminal.console import console
from chatmgr.ui.confirmation import confirm
from chatmgr.ui.context import ModelName, ProviderName, app, json_option
from chatmgr.ui.json_output import print_json


@click.group("provider", short_help="Add, list, show, test and remove providers.")
def command() -> None:
    """Providers: the servers that conversations can live at.

    Built in are openai (responses; OPENAI_BASE_URL moves it), ollama (completions, on this machine) and
    local (the embedded model). When none is named, chatmgr takes the assistant's, then CHATMGR_PROVIDER,
    the setting "provider", openai if its key is there, ollama if it answers, local if it is installed.

    \b
    Examples:
      chatmgr provider list
      chatmgr provider test ollama
    """


@command.command("add")
@click.argument("name", help="What to call it.")
@click.option("--api", type=click.Choice(settings.APIS), required=True, help="The API that it speaks.")
@click.option("--base-url", required=True, help="Its address, with /v1 if it has one.")
@click.option("--key-env", default="", metavar="VAR", help="The environment variable that holds its key.")
@click.option(
    "-m", "--model", type=ModelName(), default="", help="Its default model; the first it lists if left out."
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
    if not base_url.startswith(("http://", "https://")):
        raise UsageFault(f"“{base_url}” is not an address.", "It begins with http:// or https://.")
    if "@" in base_url:
        raise UsageFault(
            "The address holds a user or a key.", "Leave it out, and name a variable with --key-env."
        )
    table = {"api": api, "base_url": base_url.rstrip("/"), "key_env": key_env, "default_model": model}
    settings.load()
    settings.set_provider(name, {key: value for key, value in table.items() if value})
    console.note(f"“{name}” is kept in {settings.config_file()}. Try it: chatmgr provider test {quote(name)}")


def _facts(one: Provider) -> dict[str, Any]:
    key, source = keys.find_key(one) if one.api != "local" else ("", "")
    return {
        "name": one.name,
        "api": one.api,
        "base_url": one.base_url or None,
        "default_model": one.default_model or None,
        "key_env": one.key_env or None,
        "key": source if key else None,
        "built_in": one.name in settings.BUILT_IN,
    }


@command.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List the providers, and where each key comes from.

    \b
    Examples:
      chatmgr provider list
      chatmgr provider list --json
    """
    found = [_facts(one) for one in app().settings.providers.values()]
    if as_json:
        for one in found:
            print_json(one)
        return
    head = ("NAME", "API", "ADDRESS", "DEFAULT MODEL", "KEY")
    rows = (
        (
            one["name"],
            one["api"],
            one["base_url"] or "in this process",
            one["default_model"] or "the first listed",
            one["key"] or "—",
        )
        for one in found
    )
    for line in tables.table(head, rows, terminal=sys.stdout.isatty()):
        console.out(line)


@command.command("show")
@click.argument("name", type=ProviderName(), help="The provider.")
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
        console.out(f"{key.replace('_', ' ')}: {'—' if value is None else value}")


@command.command("test")
@click.argument("name", type=ProviderName(), help="The provider.")
@json_option
def test(name: str, as_json: bool) -> None:
    """Reach a provider: does it answer, does it take the key, what models has it?

    \b
    Example:
      chatmgr provider test ollama
    """
    provider = app().providers.usable(app().providers.get(name))
    begun = time.monotonic()
    try:
        models = app().providers.backend(provider).models()
    except (NetworkDown, ProviderRefused) as error:
        if "provider test" in error.hint:  # which is what was just done
            error.hint = (
                f"Is it running? Check the address: chatmgr provider show {quote(name)}; "
                f"change it: chatmgr provider add {quote(name)} …"
            )
        raise
    seconds = time.monotonic() - begun
    if as_json:
        print_json({"name": name, "answers": True, "models": len(models), "seconds": round(seconds, 3)})
        return
    count = f"lists {len(models)} model{'' if len(models) == 1 else 's'}" if models else "lists no models"
    console.out(f"{name} answers ({seconds * 1000:.0f} ms) and {count}.")


@command.command("remove")
@click.argument("name", type=ProviderName(), help="The provider.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
def remove(name: str, yes: bool) -> None:
    """Remove a provider; its conversations stay, and can be read.

    \b
    Example:
      chatmgr provider remove azure
    """
    known = settings.load()
    if name not in known.own:
        if name in known.providers:
            raise UsageFault(f"“{name}” is built in and cannot be removed.")
        raise NotFound("provider", name, nearest(name, known.own), "See them all: chatmgr provider list")
    confirm(f"Remove the provider “{name}”?", f"Removing “{name}” needs a yes.", yes=yes)
    settings.set_provider(name, None)
    console.note(f"“{name}” is removed.")
