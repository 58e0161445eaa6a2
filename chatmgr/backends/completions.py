"""Chat Completions: the whole memory travels with each turn. What most local servers speak."""

from collections.abc import Iterator

from chatmgr.backends import history, one_shot
from chatmgr.backends.base import Stateless
from chatmgr.backends.http.client import ApiClient, Json, Stream
from chatmgr.backends.message_format import completions_message
from chatmgr.backends.params import for_api
from chatmgr.domain.errors import NetworkDown, ProviderRefused
from chatmgr.domain.events import Delta, Event, Finished, Opened, Reasoning, Sending, Usage
from chatmgr.domain.model import Message, ModelInfo, Provider, TurnRequest
from chatmgr.domain.states import RunState

_ENDS = {
    "stop": (RunState.COMPLETED, ""),
    "length": (RunState.INCOMPLETE, "length"),
    "content_filter": (RunState.INCOMPLETE, "content_filter"),
}


class CompletionsBackend(Stateless):
    """Keeps no thread: every request carries the instructions, the transcript and the new message."""

    def __init__(self, provider: Provider) -> None:
        self._client = ApiClient(provider)

    def stream(self, request: TurnRequest) -> Iterator[Event]:
        """Run a turn; ends without ``Finished`` where the server never said how it ended."""
        model = self._client.pick_model(request.model)
        yield Opened(model=model)
        body: Json = {
            **for_api("completions", request.assistant.params),
            "model": model,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        told = request.assistant.instructions

        def post(earlier: list[Message]) -> Stream:
            messages = _messages(told, [*earlier, request.message])
            return self._client.open("/chat/completions", {**body, "messages": messages})

        yield Sending()
        try:
            stream = yield from history.send(self._client, request, post, body.get("max_tokens"))
        except ProviderRefused as error:
            if error.status == 404 and "model" in f"{error.code} {error.message}".lower():
                raise self._client.unknown_model(model) from None
            raise
        yield from self._events(iter(stream))

    def _events(self, events: Iterator[tuple[str, Json]]) -> Iterator[Event]:
        opened, end, refused = "", "", False
        while chunk := _next(events, ended=bool(end)):
            if not opened and (opened := str(chunk.get("id") or "")):
                yield Opened(run_id=opened)
            if error := chunk.get("error"):
                text = error.get("message") if isinstance(error, dict) else error
                yield Finished(RunState.FAILED, error=str(text))
                return
            for choice in chunk.get("choices") or ():
                if choice.get("index"):
                    continue  # another answer, which nobody asked for
                part = choice.get("delta") or choice.get("message") or {}
                if thought := part.get("reasoning_content") or part.get("reasoning"):
                    yield Reasoning(str(thought))
                if text := part.get("content") or part.get("refusal"):
                    refused = refused or not part.get("content")
                    yield Delta(str(text))
                end = choice.get("finish_reason") or end
            if usage := chunk.get("usage"):
                yield _usage(usage)
        if end:
            state, detail = _ENDS.get(end, (RunState.FAILED, end))
            yield Finished(state, "refusal" if refused and state is RunState.COMPLETED else detail)

    def complete(self, instructions: str, text: str, model: str, limit: int) -> str:
        """A short answer."""
        return one_shot.by_completions(self._client, instructions, text, model, limit)

    def models(self) -> list[ModelInfo]:
        """The models the server lists."""
        return self._client.models()


def _next(events: Iterator[tuple[str, Json]], *, ended: bool) -> Json | None:
    """The next chunk, or None at the end, whether or not the server hangs up after its end mark.

    A line that breaks after the last word broke nothing.
    """
    try:
        while (found := next(events, None)) and found[0] != "[DONE]":
            if found[1]:
                return found[1]
    except NetworkDown:
        if not ended:
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
    return [*system, *(completions_message(one) for one in messages)]
