"""The backend for Chat Completions, which most local servers speak.

Chat Completions keeps no threads: every request carries the instructions, the transcript and the new
message.
"""

from collections.abc import Iterator

from chatmgr.backends import history, one_shot
from chatmgr.backends.error_body import is_error
from chatmgr.backends.http.client import ApiClient, Json
from chatmgr.backends.message_format import completions_message
from chatmgr.backends.model_list import refuses_model
from chatmgr.backends.params import params_for_api
from chatmgr.backends.stateless import Stateless
from chatmgr.domain.errors import NetworkDown, ProviderRefused
from chatmgr.domain.events import Delta, Event, Finished, Opened, Reasoning, Sending, Usage
from chatmgr.domain.model import Message, ModelInfo, Provider, TurnRequest
from chatmgr.domain.states import RunState

_OPTIONAL: Json = {"stream": True, "stream_options": {"include_usage": True}}  # a server may refuse these
_FINISH_REASONS = {
    "stop": (RunState.COMPLETED, ""),
    "length": (RunState.INCOMPLETE, "length"),
    "content_filter": (RunState.INCOMPLETE, "content_filter"),
}


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

        def run(earlier: list[Message] | None) -> Iterator[Event]:
            messages = _messages(request.assistant.instructions, [*(earlier or ()), request.message])
            chat = {**body, "messages": messages}
            stream = yield from self._client.retrying(
                lambda: self._client.open("/chat/completions", chat, _OPTIONAL.keys() - params.keys())
            )
            yield from self._events(iter(stream))

        yield Sending()
        try:
            yield from history.run_with_history(request, run, body.get("max_tokens"))
        except ProviderRefused as error:
            if refuses_model(error):
                raise self._client.unknown_model(model) from None
            raise

    def _events(self, events: Iterator[tuple[str, Json]]) -> Iterator[Event]:
        run_id, finish_reason, refused, heard = "", "", False, False
        while chunk := _next_chunk(events, finished=bool(finish_reason)):
            if not run_id and (run_id := str(chunk.get("id") or "")):
                yield Opened(run_id=run_id, retrievable=False)
            if is_error("", chunk) and not finish_reason:
                yield self._client.failure(chunk, heard=heard)
                return
            for choice in chunk.get("choices") or ():
                if choice.get("index"):
                    continue  # a second answer, which nobody asked for
                delta = choice.get("delta") or choice.get("message") or {}
                if reasoning := delta.get("reasoning_content") or delta.get("reasoning"):
                    heard = True
                    yield Reasoning(str(reasoning))
                if text := delta.get("content") or delta.get("refusal"):
                    heard, refused = True, refused or not delta.get("content")
                    yield Delta(str(text))
                finish_reason = choice.get("finish_reason") or finish_reason
            if usage := chunk.get("usage"):
                yield _usage(usage)
        if finish_reason:
            state, detail = _FINISH_REASONS.get(finish_reason, (RunState.FAILED, finish_reason))
            yield Finished(state, "refusal" if refused and state is RunState.COMPLETED else detail)

    def complete(self, instructions: str, text: str, model: str, max_tokens: int) -> str:
        """A short answer."""
        return one_shot.by_completions(self._client, instructions, text, model, max_tokens)

    def models(self) -> list[ModelInfo]:
        """The models that the server lists."""
        return self._client.models()


def _next_chunk(events: Iterator[tuple[str, Json]], *, finished: bool) -> Json | None:
    """The next chunk, or None at the end, whether or not the server closes the connection there.

    A connection that breaks after the finish reason has cost nothing.
    """
    try:
        while (event := next(events, None)) and event[0] != "[DONE]":
            if event[1]:
                return event[1]
    except NetworkDown:
        if not finished:
            raise
    return None


def _usage(usage: Json) -> Usage:
    return Usage(
        usage.get("prompt_tokens"),
        usage.get("completion_tokens"),
        (usage.get("prompt_tokens_details") or {}).get("cached_tokens"),
        (usage.get("completion_tokens_details") or {}).get("reasoning_tokens"),
    )


def _messages(instructions: str, messages: list[Message]) -> list[Json]:
    system = [{"role": "system", "content": instructions}] if instructions else []
    return [*system, *map(completions_message, messages)]
