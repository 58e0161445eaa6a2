"""Assistants that chatmgr makes itself: the default one, and copies of those that exist on a server."""

from collections.abc import Mapping
from typing import Any

from chatmgr.domain.errors import ProviderRefused, UsageFault
from chatmgr.domain.model import Assistant, Provider
from chatmgr.domain.names import DEFAULT_ASSISTANT, valid_name
from chatmgr.services.providers import Providers
from chatmgr.store.reader import Reader
from chatmgr.store.writer import Writer

_ADOPTED_PARAMS = ("temperature", "top_p")
_DEFAULT_INSTRUCTIONS = "You are a helpful assistant."


class AssistantService:
    """Creates the assistants that nobody writes by hand."""

    def __init__(self, providers: Providers, reader: Reader, writer: Writer) -> None:
        self._providers = providers
        self._reader = reader
        self._writer = writer

    def default(self) -> Assistant:
        """The assistant called ``default``, which answers where none is named.

        It is like any other: what somebody made of it stays. It is created when it is first needed, and again
        after it was deleted, with its first instructions. Several processes may need it at once.
        """
        with self._reader as reader:
            if assistant := reader.assistants.find(DEFAULT_ASSISTANT):
                return assistant
        self._writer.assistants.create_missing(DEFAULT_ASSISTANT, _DEFAULT_INSTRUCTIONS)
        with self._reader as reader:
            return reader.assistants.get(DEFAULT_ASSISTANT)

    def adopt(
        self,
        provider: Provider,
        remote_id: str,
        *,
        name: str = "",
        instructions: str | None = None,
        model: str = "",
        params: Mapping[str, Any],
    ) -> Assistant:
        """Create a local assistant for one that the server has; conversations with it use that one.

        Name, instructions, model and parameters given here take precedence over the server's.
        """
        remote = self._fetch(provider, remote_id)
        name = valid_name("assistant", name or str(remote.get("name") or remote_id))
        if instructions is None:
            instructions = str(remote.get("instructions") or "")
        remote_params = {key: remote[key] for key in _ADOPTED_PARAMS if remote.get(key) is not None}
        model = model or str(remote.get("model") or "")
        self._writer.assistants.create(name, instructions, model, provider.name, remote_params | dict(params))
        with self._reader as reader:
            assistant = reader.assistants.get(name)
        self._writer.assistants.set_remote_id(assistant.id, provider.name, provider.endpoint, remote_id)
        return assistant

    def _fetch(self, provider: Provider, remote_id: str) -> Mapping[str, Any]:
        if provider.api != "assistants":
            raise UsageFault(
                f"{provider.name} speaks the {provider.api} API, which has no assistants to adopt.",
                "Name a provider of the assistants API with --provider.",
            )
        from chatmgr.backends.assistants.backend import AssistantsBackend
        from chatmgr.backends.redacted import redacted_errors, redactor_of

        redactor = redactor_of(provider)
        try:
            with redacted_errors(redactor):
                remote = AssistantsBackend(self._providers.usable(provider)).fetch_assistant(remote_id)
            return {
                key: redactor.answer(value) if isinstance(value, str) else value
                for key, value in remote.items()
            }
        except ProviderRefused as error:
            if error.status in {400, 404}:
                error.hint = f"{provider.name} has no assistant {remote_id}. Check that the id is complete."
            raise
