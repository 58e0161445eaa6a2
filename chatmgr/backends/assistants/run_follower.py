"""A run of the Assistants API: following it as it streams, asking for it as it does not, to its end."""

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

from chatmgr.backends.assistants.threads import content_parts, text_of
from chatmgr.backends.http.client import ApiClient, Json
from chatmgr.backends.http.retry import wait
from chatmgr.backends.thread_sync import joined
from chatmgr.domain.errors import ChatmgrError, ProviderRefused
from chatmgr.domain.events import Delta, Event, Finished, Notice, Opened, ToolCall, Usage
from chatmgr.domain.states import LIVE, RunState, from_wire

_RUN_PREFIX = "thread.run."
_GOING_ON = {"created", "queued", "in_progress", "cancelling"}


@dataclass(slots=True)
class Run:
    """What is known of one run. ``after`` is the message that it answers."""

    thread: str
    id: str = ""
    after: str = ""
    parts: list[str] = field(default_factory=list)
    refused: bool = False
    ended: bool = False


class RunFollower:
    """Follows runs at one provider, within the limits of its settings."""

    def __init__(self, client: ApiClient) -> None:
        self._client = client
        self._limit = float(client.provider.options.get("run_seconds", 600.0))
        self.patience = float(client.provider.options.get("recover_seconds", 30.0))

    def follow(self, run: Run, events: Iterable[tuple[str, Json]]) -> Iterator[Event]:
        """Follow a stream to its end, or to where it breaks off; what does not stream is polled."""
        for name, data in events:
            if name == "thread.message.delta":
                parts = content_parts((data.get("delta") or {}).get("content"))
                run.refused = run.refused or any(part.get("refusal") for part in parts)
                run.parts.append(text_of(parts))
                yield Delta(run.parts[-1])
            elif name == "thread.message.created" and any(run.parts):
                run.parts.append("\n\n")  # as two messages of one run are joined
                yield Delta("\n\n")
            elif not name or (name.startswith(_RUN_PREFIX) and ".step." not in name):
                yield from self._opened(run, data)
                if not name:
                    yield from self.poll(run, data)
                    return
                if name.rpartition(".")[2] not in _GOING_ON:
                    yield from self._end(run, data)
                    return
            elif name == "error":
                run.ended = True
                text = data.get("message") or (data.get("error") or {}).get("message") or "no reason given"
                yield Finished(RunState.FAILED, error=str(text))
                return

    def _opened(self, run: Run, data: Json) -> Iterator[Event]:
        if not run.id and data.get("id"):
            run.id = str(data["id"])
            yield Opened(thread_id=run.thread, run_id=run.id)

    def find(self, run: Run, broke: ChatmgrError, seconds: float | None = None) -> Iterator[Event]:
        """Take up a run by its id, or by being newer than the message it answers; else raise.

        One without an id is looked for during so many seconds.
        """
        if run.id:
            try:
                yield from self.poll(run, (yield from self._client.asked(partial(self._look, run))))
            except ProviderRefused as error:
                if error.status == 404:
                    raise broke from None
                raise
            return
        deadline = time.monotonic() + (self.patience if seconds is None else seconds)
        pause = 0.1
        while run.after:
            if found := (yield from self._client.asked(partial(self._answering, run))):
                yield from self._opened(run, found)
                yield from self.poll(run, found)
                return
            if time.monotonic() + pause > deadline:
                break
            yield from wait(pause, "looking for the run")
            pause = min(pause * 1.6, 4.0)
        raise broke

    def _answering(self, run: Run) -> Json | None:
        """The newest run, if it was made after the message; a message without one was not run.

        Times are whole seconds, so a run of the same second is asked for what it wrote: the run of an
        earlier turn wrote something that stands before the message.
        """
        newest = self._client.get(f"/threads/{run.thread}/runs", {"order": "desc", "limit": 1})
        said = self._client.get(f"/threads/{run.thread}/messages/{run.after}")
        for found in newest.get("data") or ():
            made, since = int(found.get("created_at") or 0), int(said.get("created_at") or 0)
            if made > since or (made == since and not self._wrote_before(found, run)):
                return dict(found)
        return None

    def _wrote_before(self, found: Json, run: Run) -> bool:
        """Whether a message of a run stands before the message that ``run`` answers."""
        query: dict[str, object] = {"order": "desc", "limit": 100, "after": run.after}
        older = self._client.get(f"/threads/{run.thread}/messages", query)
        return any(one.get("run_id") == found.get("id") for one in older.get("data") or ())

    def _look(self, run: Run) -> Json:
        return self._client.get(f"/threads/{run.thread}/runs/{run.id}")

    def poll(self, run: Run, found: Json) -> Iterator[Event]:
        """Ask until the run ends; one that never does is given up after a limit and says so."""
        begun = time.monotonic()
        pause = 0.1
        while True:
            status = str(found.get("status") or "")
            state, _ = from_wire(status)
            if state not in LIVE or state is RunState.REQUIRES_ACTION:
                yield from self._end(run, found)
                return
            limit = min(self._limit, self.patience) if status == "cancelling" else self._limit
            if time.monotonic() + pause - begun > limit:
                yield from self._give_up(run, status)
                return
            if pause >= 1.0:
                yield from wait(pause, status.replace("_", " "))
            else:
                time.sleep(pause)
            pause = min(pause * 1.5, 4.0)
            found = yield from self._client.asked(partial(self._look, run))

    def _give_up(self, run: Run, status: str) -> Iterator[Event]:
        run.ended = True
        if status == "cancelling":
            yield Finished(RunState.CANCELLED, status, "the server never finished cancelling")
            return
        self.cancel(run)
        yield Finished(RunState.INTERRUPTED, status, "the run did not end in time, and was cancelled")

    def _end(self, run: Run, found: Json) -> Iterator[Event]:
        """Usage, the answer where it was not streamed whole, and the state in our words."""
        state, detail = from_wire(str(found.get("status") or ""))
        run.ended = True
        if state is RunState.REQUIRES_ACTION:
            yield Finished(state, calls=_calls(found))
            return
        usage = found.get("usage")
        if isinstance(usage, Mapping):
            details = usage.get("prompt_token_details") or usage.get("prompt_tokens_details") or {}
            yield Usage(
                usage.get("prompt_tokens"), usage.get("completion_tokens"), details.get("cached_tokens")
            )
        if state is RunState.INCOMPLETE:
            reason = str((found.get("incomplete_details") or {}).get("reason") or "")
            detail = "length" if reason.startswith("max_") else reason
        error = str((found.get("last_error") or {}).get("message") or "")
        text = ""
        if state in {RunState.COMPLETED, RunState.INCOMPLETE}:
            text = yield from self._client.asked(partial(self._answer, run))
        if state is RunState.COMPLETED and run.refused:
            detail = "refusal"
        so_far = "".join(run.parts)
        if text.startswith(so_far) and len(text) > len(so_far):
            yield Delta(text[len(so_far) :])
        elif so_far and text and not text.startswith(so_far) and not so_far.startswith(text):
            yield Notice("The server has a different text than was streamed; the whole one is kept.")
        yield Finished(state, detail, error, text or None)

    def _answer(self, run: Run) -> str:
        """The assistant's messages that this run wrote, oldest first."""
        query: dict[str, object] = {"order": "asc", "limit": 100, "run_id": run.id}
        found = self._client.get(f"/threads/{run.thread}/messages", query)
        messages = [
            content_parts(one.get("content"))
            for one in found.get("data") or ()
            if one.get("role") == "assistant" and one.get("run_id") in {run.id, None}
        ]
        run.refused = any(part.get("refusal") for parts in messages for part in parts)
        return joined(map(text_of, messages))

    def cancel(self, run: Run) -> None:
        """Ask the server to stop; it may be done already, and then there is nothing to say."""
        try:
            self._client.post(f"/threads/{run.thread}/runs/{run.id}/cancel", {})
        except ChatmgrError:
            return


def _calls(run: Json) -> tuple[ToolCall, ...]:
    """The functions whose outputs the run waits for."""
    action = (run.get("required_action") or {}).get("submit_tool_outputs") or {}
    return tuple(
        ToolCall(
            str(call.get("id", "")),
            str((call.get("function") or {}).get("name", "")),
            str((call.get("function") or {}).get("arguments", "")),
        )
        for call in action.get("tool_calls") or ()
    )
