"""From the name of an API to its backend, imported when it is first used.

To add a backend:

1. Write a class with the methods of ``chatmgr.domain.ports.Backend``, in ``backends/<api>/backend.py`` or, if
   it is short, in ``backends/<api>.py``. If its server keeps nothing, derive it from ``stateless.Stateless``.
2. Add the API's name, the module and the class to ``_BACKENDS`` below.
3. Add the API's name to ``APIS`` in ``chatmgr.config.settings``, so that people may configure it.
4. If it names parameters or formats messages in its own way, say so in ``params`` and ``message_format``.
5. Add its wire to ``tests/wire`` and its name to the fault campaign.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chatmgr.domain.model import Provider
    from chatmgr.domain.ports import Backend

_BACKENDS = {
    "responses": ("chatmgr.backends.responses.backend", "ResponsesBackend"),
    "assistants": ("chatmgr.backends.assistants.backend", "AssistantsBackend"),
    "completions": ("chatmgr.backends.completions", "CompletionsBackend"),
    "local": ("chatmgr.backends.local.backend", "LocalBackend"),
}


def create(provider: "Provider") -> "Backend":
    """The backend for a provider, which says nothing secret; its module is imported now."""
    module, class_name = _BACKENDS[provider.api]
    backend: Backend = getattr(import_module(module), class_name)(provider)
    if provider.api == "local":  # it has no key, and is this process
        return backend
    from chatmgr.backends.redacted import RedactedBackend

    return RedactedBackend(backend, provider)


def preload(api: str) -> None:
    """Import what the first turn needs, and do ahead what it would have to wait for."""
    import_module(_BACKENDS[api][0])
    if api == "local":
        import_module("xllamacpp")
    else:
        from chatmgr.backends.http import transport

        transport.preload()
