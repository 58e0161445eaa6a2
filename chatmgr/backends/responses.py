"""Responses + Conversations: OpenAI's API, and the stateless form of it that local servers speak.

Where the server has ``/conversations``, the thread lives there and a turn sends only what is new.
Where it has none, or accepts one and ignores it (the response then does not name it), the transcript
goes along as input items. Instructions and model travel with every response either way.
"""

import time
from collections.abc import Generator, Iterator
from typing import Any

from chatmgr.backends.client import Json, Wire
from chatmgr.backends.params import for_api
from chatmgr.domain.errors import ProviderRefused
from chatmgr.domain.events import (
    STATELESS,
    Delta,
    Event,
    Finished,
    Notice,
    Opened,
    Rebuilt,
    Sending,
    Usage,
)
from chatmgr.domain.model import Assistant, LiveRun, Message, ModelInfo, Provider, TurnRequest
from chatmgr.domain.states import RunState, from_wire

_ITEMS_PER_CALL = 20
_NO_CONVERSATIONS = {404, 405, 501}
_RECOVER_SECONDS = 30.0


class _Ignored(Exception):
    """The server took the conversation's id and did not use it."""


class ResponsesBackend:
    """Builds on the remote conversation when it is in step, makes it anew when it is not."""

    def __init__(self, provider: Provider) -> None:
        self._wire = Wire(provider)

    def stream(self, request: TurnRequest) -> Iterator[Event]:
        """Run a turn; a conversation that is gone or ignored is replaced, then the turn is run."""
        model = self._wire.pick_model(request.model)
        yield Opened(model=model)
        thread = yield from self._thread(request)
        try:
            yield from self._turn(request, model, thread)
        except _Ignored:
            yield Notice(
                f"{self._wire.provider.name} keeps no conversations; the history is sent along instead."
            )
            yield Rebuilt(STATELESS, 0)
            yield from self._turn(request, model, STATELESS)
        except ProviderRefused as error:
            if error.status != 404:
                raise
            if "model" in f"{error.code} {error.message}".lower():
                raise self._wire.unknown_model(model) from None
            if thread == STATELESS:
                raise
            yield Notice(f"The thread {thread} is gone; it is rebuilt from the transcript.")
            thread = yield from self._build(request)
            yield from self._turn(request, model, thread)

    def _thread(self, request: TurnRequest) -> Generator[Event, None, str]:
        """The conversation to build on, as this generator's value."""
        thread = request.thread
        if thread is None:
            return (yield from self._build(request))
        if thread.remote_id == STATELESS:
            return STATELESS
        if thread.doubtful or thread.synced != request.answered:
            yield Notice("The thread is out of step; it is rebuilt from the transcript.")
            return (yield from self._build(request))
        return thread.remote_id

    def _build(self, request: TurnRequest) -> Generator[Event, None, str]:
        """A new conversation that holds the transcript; ``STATELESS`` where there is no such thing."""
        items = [_item(one) for one in request.history()]
        try:
            made = self._wire.post("/conversations", {"items": items[:_ITEMS_PER_CALL]} if items else {})
        except ProviderRefused as error:
            if error.status not in _NO_CONVERSATIONS:
                raise
            yield Rebuilt(STATELESS, 0)
            return STATELESS
        thread = str(made.get("id", ""))
        for start in range(_ITEMS_PER_CALL, len(items), _ITEMS_PER_CALL):
            batch = items[start : start + _ITEMS_PER_CALL]
            self._wire.post(f"/conversations/{thread}/items", {"items": batch})
        yield Rebuilt(thread, request.answered)
        return thread

    def _turn(self, request: TurnRequest, model: str, thread: str) -> Iterator[Event]:
        body: Json = {**for_api("responses", request.assistant.params), "model": model, "stream": True}
        if request.assistant.instructions:
            body["instructions"] = request.assistant.instructions
        new = _item(Message("user", request.text))
        if thread == STATELESS:
            body["input"] = [*(_item(one) for one in request.history()), new]
        else:
            body["conversation"] = thread
            body["input"] = [new]
        yield Sending()
        opened, streamed = False, False
        for name, data in self._wire.stream("/responses", body):
            kind = data.get("type") or name
            if kind in _TEXT:
                streamed = True
                yield Delta(str(data.get("delta", "")))
                continue
            response = data if kind == "" else data.get("response")
            if isinstance(response, dict) and response.get("id") and not opened:
                opened = True
                yield from self._opened(request, response, thread)
            if kind in {"", *_TERMINAL}:
                yield from _ending(response or {}, streamed=streamed, limit=body.get("max_output_tokens"))
                return
            if kind == "error":
                error = data.get("error") if isinstance(data.get("error"), dict) else data
                yield Finished(RunState.FAILED, error=str((error or {}).get("message") or "no reason given"))
                return

    def _opened(self, request: TurnRequest, response: Json, thread: str) -> Iterator[Event]:
        """Record the ids; find out whether the server really uses the conversation."""
        named = response.get("conversation")
        used = named.get("id") if isinstance(named, dict) else named
        if thread != STATELESS and used != thread:
            if request.answered:
                raise _Ignored
            yield Rebuilt(STATELESS, 0)
            thread = STATELESS
        yield Opened(thread_id="" if thread == STATELESS else thread, run_id=str(response["id"]))

    def recover(self, run: LiveRun) -> Iterator[Event]:
        """Fetch the stored response, waiting a while for one that is still being made."""
        if not run.run_id:
            yield Finished(RunState.INTERRUPTED, error="the process ended before the server answered")
            return
        deadline = time.monotonic() + float(self._wire.provider.options.get("recover", _RECOVER_SECONDS))
        pause = 0.25
        while True:
            try:
                found = self._wire.get(f"/responses/{run.run_id}")
            except ProviderRefused as error:
                if error.status != 404:
                    raise
                yield Finished(RunState.INTERRUPTED, error="the server did not keep the response")
                return
            if found.get("status") not in {"queued", "in_progress"}:
                yield from _ending(found, streamed=False, limit=None)
                return
            if time.monotonic() + pause > deadline:
                yield Finished(RunState.INTERRUPTED, error="the server has not finished the response")
                return
            time.sleep(pause)
            pause = min(pause * 2, 4.0)

    def prepare(self, assistant: Assistant, model: str, remote_assistant: str) -> Iterator[Event]:
        """Create the conversation ahead of the first turn."""
        try:
            made = self._wire.post("/conversations", {})
            yield Rebuilt(str(made.get("id", "")), 0)
        except ProviderRefused as error:
            if error.status not in _NO_CONVERSATIONS:
                raise
            yield Rebuilt(STATELESS, 0)

    def models(self) -> list[ModelInfo]:
        """The models the server lists."""
        return self._wire.models()


_TEXT = {"response.output_text.delta", "response.refusal.delta"}
_TERMINAL = {"response.completed", "response.incomplete", "response.failed", "response.cancelled"}


def _item(message: Message) -> dict[str, Any]:
    """The one form of a message that OpenAI's published schema and llama.cpp both take."""
    return {"type": "message", "role": message.role, "content": message.content}


def _ending(response: Json, *, streamed: bool, limit: object) -> Iterator[Event]:
    usage = response.get("usage") or {}
    if usage:
        yield Usage(usage.get("input_tokens"), usage.get("output_tokens"))
    state, detail = from_wire(str(response.get("status") or "failed"))
    error = response.get("error") or {}
    parts = [
        part
        for item in response.get("output") or ()
        if item.get("type") == "message"
        for part in item.get("content") or ()
    ]
    text = "".join(str(part.get("text") or part.get("refusal") or "") for part in parts)
    if state is RunState.INCOMPLETE:
        reason = str((response.get("incomplete_details") or {}).get("reason") or "")
        detail = "length" if reason == "max_output_tokens" else reason
    elif state is RunState.COMPLETED and any(part.get("type") == "refusal" for part in parts):
        detail = "refusal"
    elif state is RunState.COMPLETED and limit and usage.get("output_tokens") == limit:
        state, detail = RunState.INCOMPLETE, "length"  # llama.cpp calls a cut answer completed
    yield Finished(state, detail, str(error.get("message") or ""), None if streamed else text)
