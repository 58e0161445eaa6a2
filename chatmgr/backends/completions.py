"""The backend for Chat Completions, which most local servers speak.

Chat Completions keeps no threads: every request carries the instructions, the transcript and the new
message. To go on with an answer, servers of the user's own get it as the last message, which most of them
continue; one that refuses that, and any other, is asked in words.
"""

from collections.abc import Iterator

from chatmgr.backends import history, one_shot
from chatmgr.backends.completion_chunks import read_chunks
from chatmgr.backends.continuation import as_instruction, begun_messages
from chatmgr.backends.http.client import ApiClient, Json
from chatmgr.backends.message_format import completions_message
from chatmgr.backends.model_list import refuses_model
from chatmgr.backends.params import params_for_api
from chatmgr.backends.stateless import Stateless
from chatmgr.domain.base_url import is_private_host
from chatmgr.domain.errors import ProviderRefused
from chatmgr.domain.events import Event, Opened, Sending
from chatmgr.domain.model import Message, ModelInfo, Provider, TurnRequest

_OPTIONAL: Json = {"stream": True, "stream_options": {"include_usage": True}}  # a server may refuse these
# What vLLM and SGLang need to continue the last message; others do that by themselves, and pass these over.
_PREFILL: Json = {"continue_final_message": True, "add_generation_prompt": False}
_REFUSED = {400, 422}


class CompletionsBackend(Stateless):
    """Sends the whole conversation with every turn."""

    def __init__(self, provider: Provider) -> None:
        self._client = ApiClient(provider)

    def stream(self, request: TurnRequest) -> Iterator[Event]:
        """Run a turn; ends without ``Finished`` where the server never said how it ended."""
        model = self._client.pick_model(request.model)
        yield Opened(model=model)
        params = params_for_api("completions", request.assistant.params)
        body: Json = {**_OPTIONAL, **params, "model": model}
        optional = _OPTIONAL.keys() - params.keys()
        yield Sending()
        try:
            if request.begun and is_private_host(self._client.provider.base_url):
                try:
                    yield from self._answer(request, {**body, **_PREFILL}, optional)
                except ProviderRefused as error:
                    if error.status not in _REFUSED:
                        raise
                else:
                    return
            yield from self._answer(as_instruction(request), body, optional)
        except ProviderRefused as error:
            if refuses_model(error):
                raise self._client.unknown_model(model) from None
            raise

    def _answer(self, request: TurnRequest, body: Json, optional: set[str]) -> Iterator[Event]:
        """Send the messages, and an answer so far as the last of them; read what comes."""

        def run(earlier: list[Message] | None) -> Iterator[Event]:
            sent = [*(earlier or ()), *begun_messages(request)]
            chat = {**body, "messages": _messages(request.assistant.instructions, sent)}
            stream = yield from self._client.retrying(
                lambda: self._client.open("/chat/completions", chat, optional)
            )
            yield from read_chunks(stream, lambda chunk, heard: self._client.failure(chunk, heard=heard))

        yield from history.run_with_history(request, run, body.get("max_tokens"))

    def complete(self, instructions: str, text: str, model: str, max_tokens: int) -> str:
        """A short answer."""
        return one_shot.by_completions(self._client, instructions, text, model, max_tokens)

    def models(self) -> list[ModelInfo]:
        """The models that the server lists."""
        return self._client.models()


def _messages(instructions: str, messages: list[Message]) -> list[Json]:
    system = [{"role": "system", "content": instructions}] if instructions else []
    return [*system, *map(completions_message, messages)]
