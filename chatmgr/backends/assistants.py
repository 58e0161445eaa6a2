"""Assistants v2: assistants, threads, messages and runs, for the servers that still speak it.

The SDK deprecates its own bindings for this API, so it is spoken through the client's generic verbs.
The run carries instructions and model, so that one remote assistant serves every version of ours and
an adopted one is never changed. Servers in the wild give ids without prefix, no usage, and answer a
streamed run with one JSON object: that run is polled.
"""

import time
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from chatmgr.backends.client import Json, Wire
from chatmgr.backends.params import for_api
from chatmgr.domain.errors import ChatmgrError, ProviderRefused
from chatmgr.domain.events import Delta, Event, Finished, Notice, Opened, Rebuilt, Sending, Usage
from chatmgr.domain.model import Assistant, LiveRun, ModelInfo, Provider, TurnRequest
from chatmgr.domain.states import LIVE, RunState, from_wire

_RUN_SECONDS = 600.0
_RUN_PREFIX = "thread.run."
_ASSISTANT_PARAMS = {"temperature", "top_p", "response_format", "reasoning_effort", "tools", "tool_resources"}


@dataclass(slots=True)
class _Run:
    """What is known of the run being followed."""

    thread: str
    id: str = ""
    streamed: bool = False
    refused: bool = False
    ended: bool = False


class AssistantsBackend:
    """Appends the message to the thread, runs the assistant on it, reads the answer."""

    def __init__(self, provider: Provider) -> None:
        self._wire = Wire(provider, {"OpenAI-Beta": "assistants=v2"})

    def stream(self, request: TurnRequest) -> Iterator[Event]:
        """Run a turn; what is missing on the server (assistant, thread) is made first."""
        model = self._wire.pick_model(request.model)
        yield Opened(model=model)
        assistant = request.remote_assistant
        if not assistant:
            assistant = yield from self._create_assistant(request.assistant, model)
        thread = yield from self._thread(request)
        yield Sending()
        try:
            self._say(thread, "user", request.text)
        except ProviderRefused as error:
            if error.status != 404:
                raise
            yield Notice(f"The thread {thread} is gone; it is rebuilt from the transcript.")
            thread = yield from self._build(request)
            yield Sending()
            self._say(thread, "user", request.text)
        yield Opened(thread_id=thread)
        try:
            yield from self._run(request.assistant, assistant, model, thread)
        except ProviderRefused as error:
            error.touched = True  # the message is in the thread by now, even if the run was refused
            if error.status != 404 or "assistant" not in error.message.lower():
                raise
            yield Notice(f"The assistant {assistant} is gone from the server; it is made anew.")
            assistant = yield from self._create_assistant(request.assistant, model)
            yield from self._run(request.assistant, assistant, model, thread)

    def _create_assistant(self, persona: Assistant, model: str) -> Generator[Event, None, str]:
        params = for_api("assistants", persona.params)
        body: Json = {key: value for key, value in params.items() if key in _ASSISTANT_PARAMS}
        body |= {"model": model, "name": persona.name}
        if persona.instructions:
            body["instructions"] = persona.instructions
        made = str(self._wire.post("/assistants", body).get("id", ""))
        yield Opened(assistant_id=made)
        return made

    def _thread(self, request: TurnRequest) -> Generator[Event, None, str]:
        """The thread to build on, as this generator's value."""
        thread = request.thread
        if thread is None:
            return (yield from self._build(request))
        if thread.doubtful or thread.synced != request.answered:
            yield Notice("The thread is out of step; it is rebuilt from the transcript.")
            return (yield from self._build(request))
        return thread.remote_id

    def _build(self, request: TurnRequest) -> Generator[Event, None, str]:
        """A new thread that holds the transcript."""
        thread = str(self._wire.post("/threads", {}).get("id", ""))
        for message in request.history():
            self._say(thread, message.role, message.content)
        yield Rebuilt(thread, request.answered)
        return thread

    def _say(self, thread: str, role: str, text: str) -> None:
        self._wire.post(f"/threads/{thread}/messages", {"role": role, "content": text})

    def _run(self, persona: Assistant, assistant: str, model: str, thread: str) -> Iterator[Event]:
        """Create the run and follow it; leaving early asks the server to cancel it."""
        body: Json = {
            **for_api("assistants", persona.params),
            "assistant_id": assistant,
            "model": model,
            "stream": True,
        }
        if persona.instructions:
            body["instructions"] = persona.instructions
        run = _Run(thread)
        try:
            yield from self._follow(run, self._wire.stream(f"/threads/{thread}/runs", body))
        finally:
            if run.id and not run.ended:
                self._cancel(run)

    def _follow(self, run: _Run, events: Iterator[tuple[str, Json]]) -> Iterator[Event]:
        for name, data in events:
            if name == "thread.message.delta":
                run.streamed = True
                parts = _parts((data.get("delta") or {}).get("content"))
                run.refused = run.refused or any(part.get("refusal") for part in parts)
                yield Delta(_text_of(parts))
            elif not name or (name.startswith(_RUN_PREFIX) and ".step." not in name):
                if not run.id and data.get("id"):
                    run.id = str(data["id"])
                    yield Opened(thread_id=run.thread, run_id=run.id)
                if not name:
                    yield from self._poll(run, data)
                    return
                if name.rpartition(".")[2] not in {"created", "queued", "in_progress", "cancelling"}:
                    yield from self._end(run, data)
                    return
            elif name == "error":
                text = str(
                    data.get("message") or (data.get("error") or {}).get("message") or "no reason given"
                )
                yield Finished(RunState.FAILED, error=text)
                return
        # No end was announced: the engine takes the run for interrupted.

    def _poll(self, run: _Run, found: Json) -> Iterator[Event]:
        """Ask until the run ends; a run that never does is given up after a limit and says so."""
        deadline = time.monotonic() + float(self._wire.provider.options.get("run_seconds", _RUN_SECONDS))
        pause = 0.1
        while True:
            state, _ = from_wire(str(found.get("status") or ""))
            if state not in LIVE or state is RunState.REQUIRES_ACTION:
                yield from self._end(run, found)
                return
            if time.monotonic() + pause > deadline:
                self._cancel(run)
                run.ended = True
                yield Finished(RunState.INTERRUPTED, str(found.get("status")), "the run did not end in time")
                return
            time.sleep(pause)
            pause = min(pause * 1.5, 2.0)
            found = self._wire.get(f"/threads/{run.thread}/runs/{run.id}")

    def _end(self, run: _Run, found: Json) -> Iterator[Event]:
        """Usage, the answer where it was not streamed, and the state in our words."""
        state, detail = from_wire(str(found.get("status") or ""))
        if state is RunState.REQUIRES_ACTION:
            self._cancel(run)
            run.ended = True
            yield Finished(RunState.FAILED, "requires_action", _asked_for(found))
            return
        usage = found.get("usage")
        if isinstance(usage, Mapping):
            yield Usage(usage.get("prompt_tokens"), usage.get("completion_tokens"))
        if state is RunState.INCOMPLETE:
            reason = str((found.get("incomplete_details") or {}).get("reason") or "")
            detail = "length" if reason.startswith("max_") else reason
        error = str((found.get("last_error") or {}).get("message") or "")
        text = None if run.streamed else self._answer(run)
        run.ended = True
        if state is RunState.COMPLETED and run.refused:
            detail = "refusal"
        yield Finished(state, detail, error, text)

    def _answer(self, run: _Run) -> str:
        """The assistant's messages that this run wrote, oldest first."""
        query: dict[str, object] = {"order": "asc", "limit": 100, "run_id": run.id}
        found = self._wire.get(f"/threads/{run.thread}/messages", query)
        messages = [
            _parts(one.get("content"))
            for one in found.get("data") or ()
            if one.get("role") == "assistant" and one.get("run_id") in {run.id, None}
        ]
        run.refused = any(part.get("refusal") for parts in messages for part in parts)
        return "\n\n".join(text for text in map(_text_of, messages) if text)

    def _cancel(self, run: _Run) -> None:
        """Ask the server to stop; it may be done already, and then there is nothing to say."""
        try:
            self._wire.post(f"/threads/{run.thread}/runs/{run.id}/cancel", {})
        except ChatmgrError:
            return

    def recover(self, run: LiveRun) -> Iterator[Event]:
        """Poll the run that was left behind and read its messages."""
        if not run.run_id or not run.thread_id:
            yield Finished(RunState.INTERRUPTED, error="the process ended before the run was created")
            return
        known = _Run(run.thread_id, run.run_id)
        try:
            found = self._wire.get(f"/threads/{run.thread_id}/runs/{run.run_id}")
        except ProviderRefused as error:
            if error.status != 404:
                raise
            yield Finished(RunState.INTERRUPTED, error="the server did not keep the run")
            return
        yield from self._poll(known, found)

    def prepare(self, assistant: Assistant, model: str, remote_assistant: str) -> Iterator[Event]:
        """Create the remote assistant and thread ahead of the first turn."""
        if not remote_assistant:
            yield from self._create_assistant(assistant, self._wire.pick_model(model))
        yield Rebuilt(str(self._wire.post("/threads", {}).get("id", "")), 0)

    def models(self) -> list[ModelInfo]:
        """The models the server lists."""
        return self._wire.models()

    def fetch_assistant(self, remote_id: str) -> Json:
        """An assistant that exists on the server, as the server describes it."""
        return self._wire.get(f"/assistants/{remote_id}")


def _parts(content: Any) -> list[Json]:
    """The parts of a message or of a delta; some servers give the text itself."""
    return [{"text": {"value": content}}] if isinstance(content, str) else list(content or ())


def _text_of(parts: list[Json]) -> str:
    return "".join(str((part.get("text") or {}).get("value") or part.get("refusal") or "") for part in parts)


def _asked_for(run: Json) -> str:
    """Which functions the run wants called: chatmgr has none to offer, and says so."""
    action = (run.get("required_action") or {}).get("submit_tool_outputs") or {}
    names = [str((call.get("function") or {}).get("name")) for call in action.get("tool_calls") or ()]
    return f"the assistant asked for the output of {', '.join(names) or 'a tool'}, which was not given"
