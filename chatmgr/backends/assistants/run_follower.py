"""Following a run of the Assistants API to its end: by its stream, or by polling it."""

from collections.abc import Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

from chatmgr.backends import error_body
from chatmgr.backends.answer_text import join_messages, remaining_text
from chatmgr.backends.assistants.threads import content_parts, text_of
from chatmgr.backends.http.client import ApiClient, Json
from chatmgr.backends.http.errors import stream_refusal
from chatmgr.backends.overflow import parse_overflow
from chatmgr.backends.polling import poll
from chatmgr.domain.errors import ChatmgrError, ProviderRefused
from chatmgr.domain.events import Delta, Event, Finished, Opened, ToolCall, Usage
from chatmgr.domain.states import LIVE, RunState, from_provider_status

_RUN_PREFIX = "thread.run."
_UNFINISHED_EVENTS = {"created", "queued", "in_progress", "cancelling"}


@dataclass(slots=True)
class Run:
    """What is known of one run.

    ``message`` is the id of the message that it answers, ``text_parts`` is what was streamed so far.
    """

    thread: str
    id: str = ""
    message: str = ""
    text_parts: list[str] = field(default_factory=list)
    refused: bool = False
    ended: bool = False


class RunFollower:
    """Follows runs at one provider, within the time limits of its settings."""

    def __init__(self, client: ApiClient) -> None:
        self._client = client
        self._run_seconds = float(client.provider.options.get("run_seconds", 600.0))
        self.recover_seconds = float(client.provider.options.get("recover_seconds", 30.0))

    def read_stream(self, run: Run, events: Iterable[tuple[str, Json]]) -> Iterator[Event]:
        """Follow a stream to its end, or to where it breaks off; a run that is not streamed is polled."""
        for name, event in events:
            if name == "thread.message.delta":
                parts = content_parts((event.get("delta") or {}).get("content"))
                run.refused = run.refused or any(part.get("refusal") for part in parts)
                run.text_parts.append(text_of(parts))
                yield Delta(run.text_parts[-1])
            elif name == "thread.message.created" and any(run.text_parts):
                run.text_parts.append("\n\n")  # the separator that join_messages puts between messages
                yield Delta("\n\n")
            elif not name or (name.startswith(_RUN_PREFIX) and ".step." not in name):
                yield from self._record_id(run, event)
                if not name:
                    yield from self._wait_until_done(run, event)
                    return
                if name.rpartition(".")[2] not in _UNFINISHED_EVENTS:
                    self._raise_if_too_long(run, event)
                    yield from self._finish(run, event)
                    return
            elif name == "error":
                run.ended = True
                yield self._client.failure(event, heard=any(run.text_parts))
                return

    def _raise_if_too_long(self, run: Run, run_object: Json) -> None:
        """Raise the refusal of a thread that is too long, if nothing was answered: then less is sent."""
        if not any(run.text_parts) and parse_overflow({"error": run_object.get("last_error")}):
            run.ended = True
            raise stream_refusal(self._client.provider, run_object)

    def _record_id(self, run: Run, run_object: Json) -> Iterator[Event]:
        if not run.id and run_object.get("id"):
            run.id = str(run_object["id"])
            yield Opened(thread_id=run.thread, run_id=run.id)

    def find(self, run: Run, missing_error: ChatmgrError, seconds: float | None = None) -> Iterator[Event]:
        """Find a run again and follow it to its end; raises ``missing_error`` if there is none.

        A run whose id is unknown is looked for during ``seconds``: it is the newest run of the thread,
        if that was created after the message it answers.
        """
        if run.id:
            try:
                run_object = yield from self._fetch(run)
            except ProviderRefused as error:
                if error.status == 404:
                    raise missing_error from None
                raise
        elif not run.message:
            raise missing_error
        else:
            run_object = yield from self._search(run, self.recover_seconds if seconds is None else seconds)
            if not run_object:
                raise missing_error
            yield from self._record_id(run, run_object)
        yield from self._wait_until_done(run, run_object)

    def _search(self, run: Run, seconds: float) -> Generator[Event, None, Json]:
        """The run that answers a message; an empty object if it does not appear in time."""
        ask = partial(self._client.query_run, partial(self._newest_run, run))
        return (
            yield from poll(
                (yield from ask()),
                ask,
                done=bool,
                limit=lambda _: seconds,
                reason=lambda _: "looking for the run",
            )
        )

    def _newest_run(self, run: Run) -> Json:
        """The thread's newest run, if it was created after the message; else an empty object.

        Times are whole seconds. So of a run created in the same second, its messages decide: if one of
        them stands before the message, the run belongs to an earlier turn.
        """
        page = self._client.get(f"/threads/{run.thread}/runs", {"order": "desc", "limit": 1})
        message = self._client.get(f"/threads/{run.thread}/messages/{run.message}")
        for run_object in page.get("data") or ():
            run_time, message_time = (int(each.get("created_at") or 0) for each in (run_object, message))
            if run_time > message_time or (
                run_time == message_time and not self._wrote_before(run_object, run)
            ):
                return dict(run_object)
        return {}

    def _wrote_before(self, run_object: Json, run: Run) -> bool:
        """Whether a message of ``run_object`` stands before the message that ``run`` answers."""
        query: dict[str, object] = {"order": "desc", "limit": 100, "after": run.message}
        older = self._client.get(f"/threads/{run.thread}/messages", query)
        return any(message.get("run_id") == run_object.get("id") for message in older.get("data") or ())

    def _fetch(self, run: Run) -> Generator[Event, None, Json]:
        path = f"/threads/{run.thread}/runs/{run.id}"
        return (yield from self._client.query_run(partial(self._client.get, path)))

    def _wait_until_done(self, run: Run, run_object: Json) -> Iterator[Event]:
        """Ask until the run is done; one that takes too long is cancelled, and reported as interrupted."""
        run_object = yield from poll(
            run_object,
            partial(self._fetch, run),
            done=_is_done,
            limit=self._limit,
            reason=lambda latest: str(latest.get("status") or "").replace("_", " "),
        )
        if _is_done(run_object):
            yield from self._finish(run, run_object)
        else:
            yield from self._give_up(run, str(run_object.get("status") or ""))

    def _limit(self, run_object: Json) -> float:
        """Seconds to wait for a run, by what it is doing now."""
        if run_object.get("status") == "cancelling":
            return min(self._run_seconds, self.recover_seconds)
        return self._run_seconds

    def _give_up(self, run: Run, status: str) -> Iterator[Event]:
        run.ended = True
        if status == "cancelling":
            yield Finished(RunState.CANCELLED, status, "the server never finished cancelling")
            return
        self.cancel(run)
        yield Finished(RunState.INTERRUPTED, status, "the run did not end in time, and was cancelled")

    def _finish(self, run: Run, run_object: Json) -> Iterator[Event]:
        """The end of a run: its usage, what was not streamed of its text, and its final state."""
        state, detail = from_provider_status(str(run_object.get("status") or ""))
        run.ended = True
        if state is RunState.REQUIRES_ACTION:
            yield Finished(state, calls=_tool_calls(run_object))
            return
        yield from _usage(run_object)
        if state is RunState.INCOMPLETE:
            reason = str((run_object.get("incomplete_details") or {}).get("reason") or "")
            detail = "length" if reason.startswith("max_") else reason
        text = ""
        if state in {RunState.COMPLETED, RunState.INCOMPLETE}:
            text = yield from self._client.query_run(partial(self._answer_text, run))
        if state is RunState.COMPLETED and run.refused:
            detail = "refusal"
        yield from remaining_text(text, "".join(run.text_parts))
        failed = state is RunState.FAILED and not detail
        error = run_object.get("last_error")
        yield Finished(state, detail, error_body.reason(error) if error or failed else "", text or None)

    def _answer_text(self, run: Run) -> str:
        """The text of the assistant's messages that this run wrote, oldest first."""
        query: dict[str, object] = {"order": "asc", "limit": 100, "run_id": run.id}
        page = self._client.get(f"/threads/{run.thread}/messages", query)
        contents = [
            content_parts(message.get("content"))
            for message in page.get("data") or ()
            if message.get("role") == "assistant" and message.get("run_id") in {run.id, None}
        ]
        run.refused = any(part.get("refusal") for parts in contents for part in parts)
        return join_messages(map(text_of, contents))

    def cancel(self, run: Run) -> None:
        """Ask the server to stop a run; one that is done already needs nothing."""
        try:
            self._client.post(f"/threads/{run.thread}/runs/{run.id}/cancel", {})
        except ChatmgrError:
            return


def _is_done(run_object: Json) -> bool:
    """Whether nothing more comes of a run by itself: it has ended, or waits for tool outputs."""
    state, _ = from_provider_status(str(run_object.get("status") or ""))
    return state not in LIVE or state is RunState.REQUIRES_ACTION


def _usage(run_object: Json) -> Iterator[Usage]:
    usage = run_object.get("usage")
    if isinstance(usage, Mapping):
        details = usage.get("prompt_token_details") or usage.get("prompt_tokens_details") or {}
        yield Usage(usage.get("prompt_tokens"), usage.get("completion_tokens"), details.get("cached_tokens"))


def _tool_calls(run_object: Json) -> tuple[ToolCall, ...]:
    """The function calls whose outputs the run waits for."""
    action = (run_object.get("required_action") or {}).get("submit_tool_outputs") or {}
    return tuple(
        ToolCall(
            str(call.get("id", "")),
            str((call.get("function") or {}).get("name", "")),
            str((call.get("function") or {}).get("arguments", "")),
        )
        for call in action.get("tool_calls") or ()
    )
