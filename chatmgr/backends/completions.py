"""The backend for Chat Completions, which most local servers speak.

Chat Completions keeps no threads: every request carries the instructions, the transcript and the new
message. To go on with an answer, servers of the user's own get it as the last message, which most of them
continue; one that refuses that, and any other, is asked in words.
"""

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace

from chatmgr.backends import history, one_shot
from chatmgr.backends.completion_chunks import read_chunks
from chatmgr.backends.continuation import as_instruction, begun_messages
from chatmgr.backends.history import Sent
from chatmgr.backends.http.client import ApiClient, Json
from chatmgr.backends.items.chat_messages import chat_messages
from chatmgr.backends.items.fetching import fetch_wanted
from chatmgr.backends.items.making import Origin
from chatmgr.backends.items.sending import Target
from chatmgr.backends.items.steps import Continuation, after, continuation, waits_for_nothing
from chatmgr.backends.model_list import refuses_model
from chatmgr.backends.params import params_for_api
from chatmgr.backends.stateless import Stateless
from chatmgr.domain.base_url import is_private_host
from chatmgr.domain.errors import ProviderRefused
from chatmgr.domain.events import Event, ItemDone, Opened, Sending
from chatmgr.domain.model import LiveRun, ModelInfo, Provider, TurnRequest

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
        request = replace(request, model=self._client.pick_model(request.model))
        yield Opened(model=request.model)
        yield from self._run(request, None)

    def submit_tool_outputs(self, run: LiveRun, outputs: Mapping[str, str]) -> Iterator[Event]:
        """Send the whole conversation again, with the calls of the run and their outputs."""
        if run.request is None or not run.items:
            raise waits_for_nothing()
        going_on = continuation(run, run.items, outputs)
        for answer in going_on.step.new:
            yield ItemDone(answer)
        model = self._client.pick_model(run.model or run.request.model)
        request = replace(run.request, model=model)
        with closing(after(run.text, self._run(request, going_on))) as events:
            yield from events

    def _run(self, request: TurnRequest, going_on: Continuation | None) -> Iterator[Event]:
        model = request.model
        params = params_for_api("completions", request.assistant.params)
        body: Json = {**_OPTIONAL, **params, "model": model}
        optional = _OPTIONAL.keys() - params.keys()
        yield Sending()
        try:
            if request.begun and not request.begun_items and is_private_host(self._client.provider.base_url):
                try:
                    yield from self._answer(request, {**body, **_PREFILL}, optional, going_on)
                except ProviderRefused as error:
                    if error.status not in _REFUSED:
                        raise
                else:
                    return
            yield from self._answer(as_instruction(request), body, optional, going_on)
        except ProviderRefused as error:
            if refuses_model(error):
                raise self._client.unknown_model(model) from None
            raise

    def _answer(
        self, request: TurnRequest, body: Json, optional: set[str], going_on: Continuation | None
    ) -> Iterator[Event]:
        """Send the messages, and an answer so far as the last of them; read what comes."""
        origin = Origin("completions", request.model)
        rest = (going_on.answered,) if going_on else ()

        def run(sent: Sent) -> Iterator[Event]:
            target = Target("completions", request.model, sent.form)
            _, *begun = begun_messages(request)
            messages = chat_messages([*(sent.earlier or ()), sent.message, *begun], target)
            messages += chat_messages(rest, replace(target, current=True))
            chat = {**body, "messages": [*_system(request.assistant.instructions), *messages]}
            stream = yield from self._client.retrying(
                lambda: self._client.open("/chat/completions", chat, optional)
            )
            yield from read_chunks(
                stream,
                lambda chunk, heard: self._client.failure(chunk, heard=heard),
                origin=origin,
                known=going_on.answered.items if going_on else (),
                fetch=lambda collector: fetch_wanted(self._client, collector, origin),
            )

        yield from history.run_with_history(
            request, run, body.get("max_tokens"), api="completions", rest=rest
        )

    def complete(self, instructions: str, text: str, model: str, max_tokens: int) -> str:
        """A short answer."""
        return one_shot.by_completions(self._client, instructions, text, model, max_tokens)

    def models(self) -> list[ModelInfo]:
        """The models that the server lists."""
        return self._client.models()


def _system(instructions: str) -> list[Json]:
    return [{"role": "system", "content": instructions}] if instructions else []
