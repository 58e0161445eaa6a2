"""From the name of an API to its backend, imported when it is first used."""

from importlib import import_module

from chatmgr.domain.model import Provider
from chatmgr.domain.ports import Backend

APIS = {
    "responses": ("chatmgr.backends.responses.backend", "ResponsesBackend"),
    "assistants": ("chatmgr.backends.assistants.backend", "AssistantsBackend"),
    "completions": ("chatmgr.backends.completions", "CompletionsBackend"),
    "local": ("chatmgr.backends.local.backend", "LocalBackend"),
}


def create(provider: Provider) -> Backend:
    """The backend for a provider."""
    module, name = APIS[provider.api]
    made: Backend = getattr(import_module(module), name)(provider)
    return made


def preload(api: str) -> None:
    """Import what the first turn needs, and make what it would have to wait for."""
    import_module(APIS[api][0])
    if api == "local":
        import_module("xllamacpp")
    else:
        from chatmgr.backends.http import transport

        transport.preload()
