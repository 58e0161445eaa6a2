"""Chat Completions: the whole memory travels with each turn. What most local servers speak."""

from collections.abc import Iterator
from typing import Any

from chatmgr.backends.client import Json, Wire
from chatmgr.backends.params import for_api
from chatmgr.domain.errors import NetworkDown, ProviderRefused
from chatmgr.domain.events import Delta, Event, Finished, Opened, Sending, Usage
from chatmgr.domain.model import Assistant, LiveRun, ModelInfo, Provider, TurnRequest
from chatmgr.domain.states import RunState

_ENDS = {
    "stop": (RunState.COMPLETED, ""),
    "length": (RunState.INCOMPLETE, "length"),
    "content_filter": (RunState.INCOMPLETE, "content_filter"),
}


class CompletionsBackend:
    """Keeps no thread: every request carries the instructions, the transcript and the new message."""

    def __init__(self, provider: Provider) -> None:
        self._wire = Wire(provider)

    def stream(self, request: TurnRequest) -> Iterator[Event]:
        """Run a turn; ends without ``Finished`` where the server never said how it ended."""
        model = self._wire.pick_model(request.model)
        body: Json = {
            **for_api("completions", request.assistant.params),
            "model": model,
            "messages": _messages(request),
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        yield Opened(model=model)
        yield Sending()
        try:
            yield from self._events(body)
        except ProviderRefused as error:
            if error.status == 404 and "model" in f"{error.code} {error.message}".lower():
                raise self._wire.unknown_model(model) from None
            raise

    def _events(self, body: Json) -> Iterator[Event]:
        opened, end, refused = "", "", False
        events = self._wire.stream("/chat/completions", body)
        while chunk := _next(events, ended=bool(end)):
            if not opened and (opened := str(chunk.get("id") or "")):
                yield Opened(run_id=opened)
            if error := chunk.get("error"):
                text = error.get("message") if isinstance(error, dict) else error
                yield Finished(RunState.FAILED, error=str(text))
                return
            for choice in chunk.get("choices") or ():
                part = choice.get("delta") or choice.get("message") or {}
                if text := part.get("content") or part.get("refusal"):
                    refused = refused or not part.get("content")
                    yield Delta(str(text))
                end = choice.get("finish_reason") or end
            if usage := chunk.get("usage"):
                yield Usage(usage.get("prompt_tokens"), usage.get("completion_tokens"))
        if end:
            state, detail = _ENDS.get(end, (RunState.FAILED, end))
            yield Finished(state, "refusal" if refused and state is RunState.COMPLETED else detail)

    def recover(self, run: LiveRun) -> Iterator[Event]:
        """Nothing can be fetched again here: what arrived is all there is."""
        yield Finished(RunState.INTERRUPTED, error="the process ended before the answer did")

    def prepare(self, assistant: Assistant, model: str, remote_assistant: str) -> Iterator[Event]:
        """There is nothing to create on the server."""
        return iter(())

    def models(self) -> list[ModelInfo]:
        """The models the server lists."""
        return self._wire.models()


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


def _messages(request: TurnRequest) -> list[dict[str, Any]]:
    messages = [{"role": one.role, "content": one.content} for one in request.history()]
    if request.assistant.instructions:
        messages.insert(0, {"role": "system", "content": request.assistant.instructions})
    return [*messages, {"role": "user", "content": request.text}]
