"""Following a run of the Assistants API to its end: by its stream, or by polling it."""

from collections.abc import Generator, Iterable, Iterator
from functools import partial

from chatmgr.backends import error_body
from chatmgr.backends.answer_end import incomplete_detail
from chatmgr.backends.answer_text import Content, gap_error, join_messages, read_content, remaining_text
from chatmgr.backends.assistants.run import Run, find_answers
from chatmgr.backends.assistants.run_object import created_at, is_done, read_usage, status_of, tool_calls
from chatmgr.backends.http.client import ApiClient, Json
from chatmgr.backends.http.errors import stream_refusal
from chatmgr.backends.http.sse import BODY, DONE, UNREADABLE, Batch, merged
from chatmgr.backends.json_values import as_id, as_objects, as_text
from chatmgr.backends.overflow import parse_overflow
from chatmgr.backends.polling import poll
from chatmgr.domain.errors import ChatmgrError, ConfigurationFault, ProviderRefused
from chatmgr.domain.events import Delta, Event, Finished, Opened, Usage
from chatmgr.domain.states import RunState, from_provider_status

_NEWEST_RUNS = 10
_RUN_PREFIX = "thread.run."
_UNFINISHED_EVENTS = {"created", "queued", "in_progress", "cancelling"}


class RunFollower:
    """Follows runs at one provider, within the time limits of its settings."""

    def __init__(self, client: ApiClient) -> None:
        self._client = client
        self._run_seconds = float(client.provider.options.get("run_seconds", 600.0))
        self.recover_seconds = float(client.provider.options.get("recover_seconds", 30.0))

    def read_stream(self, run: Run, batches: Iterable[Batch]) -> Iterator[Event]:
        """Follow a stream to its end, or to where it breaks off; a run that is not streamed is polled."""
        for text, event_name, event in merged(batches, run.read_plain):
            if text:
                yield Delta(text)
                continue
            name = event_name or as_text(event.get("object"))  # which some servers send without the name
            if name == "thread.message.delta":
                delta = event.get("delta")
                content = read_content(delta.get("content") if type(delta) is dict else delta)
                if content.text:
                    yield run.add_text(content)
            elif name == "thread.message.created":
                run.answer_ids.append(as_id(event.get("id")))
                if any(run.text_parts):
                    yield run.add_text(Content("\n\n"))  # what join_messages puts between messages
                    run.message_start = len(run.text_parts)
            elif name in {"thread.message.completed", "thread.message.incomplete"}:
                yield from run.end_message(event)
            elif name == "thread.run.step.completed":
                yield from _add_usage(run, event)
            elif name in {BODY, "thread.run"}:
                yield from self._record_id(run, event)
                yield from self._wait_until_done(run, event)
                return
            elif name.startswith(_RUN_PREFIX) and ".step." not in name:
                yield from self._record_id(run, event)
                if name.rpartition(".")[2] not in _UNFINISHED_EVENTS:
                    self._raise_if_too_long(run, event)
                    yield from self._finish(run, event)
                    return
            elif name == UNREADABLE:
                run.has_gap = True
            elif name == DONE:
                run.done = True
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
        if not run.id and (run_id := as_id(run_object.get("id"))):
            run.id = run_id
            yield Opened(thread_id=run.thread, run_id=run.id)

    def find(
        self, run: Run, missing_error: ChatmgrError, seconds: float | None = None, cause: str = ""
    ) -> Iterator[Event]:
        """Find a run again and follow it to its end; raises ``missing_error`` if there is none.

        If the server refuses to show a run, that is not why its answer is incomplete. The reason is
        ``cause``, for a run whose process died, else the message of ``missing_error``.

        A run whose id is unknown is looked for during ``seconds``: it is the newest run of the thread that
        can be the answer to the message.
        """
        if run.id:
            try:
                run_object = yield from self._fetch(run)
            except (ProviderRefused, ConfigurationFault) as error:
                if cause and isinstance(error, ConfigurationFault):
                    raise  # once the key is right, the run can be looked up
                if cause and isinstance(error, ProviderRefused) and error.status == 404:
                    raise missing_error from None
                run.ended = True
                if run.is_whole:  # the stream came to its own end, although it named none for the run
                    yield Finished(RunState.COMPLETED, "refusal" if run.refused else "")
                else:
                    yield Finished(RunState.INTERRUPTED, error=cause or missing_error.message)
                return
        elif not run.message:
            raise missing_error
        else:
            try:
                limit = self.recover_seconds if seconds is None else seconds
                run_object = yield from self._search(run, limit)
            except ProviderRefused:
                raise missing_error from None
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
        """The newest run that can be the answer to the message; an empty object if there is none.

        It was not created before the message, and no message of it was seen before. Times are whole seconds,
        so a run of the same second may be an earlier one: it is, if an older message is its work.
        """
        page = self._client.get(f"/threads/{run.thread}/runs", {"order": "desc", "limit": _NEWEST_RUNS})
        message = self._client.get(f"/threads/{run.thread}/messages/{run.message}")
        asked_at = created_at(message)
        runs = as_objects(page.get("data"))
        for run_object in sorted(runs, key=created_at, reverse=True):
            if as_id(run_object.get("id")) in run.earlier_runs or created_at(run_object) < asked_at:
                continue
            if created_at(run_object) > asked_at or not self._wrote_earlier(run_object, asked_at, run):
                return dict(run_object)
        return {}

    def _wrote_earlier(self, run_object: Json, asked_at: int, run: Run) -> bool:
        """Whether ``run_object`` wrote a message that is older than the one that ``run`` answers."""
        query: dict[str, object] = {"order": "desc", "limit": 100}
        page = self._client.get(f"/threads/{run.thread}/messages", query)
        return any(
            created_at(message) < asked_at or as_id(message.get("id")) in run.earlier_ids
            for message in as_objects(page.get("data"))
            if message.get("run_id") == run_object.get("id")
        )

    def _fetch(self, run: Run) -> Generator[Event, None, Json]:
        path = f"/threads/{run.thread}/runs/{run.id}"
        return (yield from self._client.query_run(partial(self._client.get, path)))

    def _wait_until_done(self, run: Run, run_object: Json) -> Iterator[Event]:
        """Ask until the run is done; one that takes too long is cancelled, and reported as interrupted."""
        run_object = yield from poll(
            run_object,
            partial(self._fetch, run),
            done=is_done,
            limit=self._limit,
            reason=lambda latest: status_of(latest).replace("_", " "),
        )
        if is_done(run_object):
            yield from self._finish(run, run_object)
        else:
            yield from self._give_up(run, status_of(run_object))

    def _limit(self, run_object: Json) -> float:
        """Seconds to wait for a run, by what it is doing now."""
        if status_of(run_object) == "cancelling":
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
        state, detail = from_provider_status(status_of(run_object))
        run.ended = True
        if state is RunState.REQUIRES_ACTION:
            yield Finished(state, calls=tool_calls(run_object))
            return
        yield from read_usage(run_object)
        if state is RunState.INCOMPLETE:
            detail = incomplete_detail(run_object.get("incomplete_details"))
        text = ""
        if state in {RunState.COMPLETED, RunState.INCOMPLETE}:
            try:
                text = yield from self._client.query_run(partial(self._answer_text, run))
            except ProviderRefused as error:
                if not any(run.text_parts):
                    reason = f"the run is {state}, but its answer cannot be read: {error.message}"
                    yield Finished(RunState.INTERRUPTED, "", reason)
                    return
        if run.has_gap and not text:
            yield Finished(RunState.INTERRUPTED, error=gap_error().message)
            return
        if state is RunState.COMPLETED and run.refused:
            detail = "refusal"
        yield from remaining_text(text, "".join(run.text_parts))
        failed = state is RunState.FAILED and not detail
        last_error = run_object.get("last_error")
        yield Finished(
            state, detail, error_body.reason(last_error) if last_error or failed else "", text or None
        )

    def _answer_text(self, run: Run) -> str:
        """The text of the messages that this run wrote, oldest first."""
        path, query = f"/threads/{run.thread}/messages", {"order": "asc", "limit": 100}
        answers = find_answers(run, self._client.get(path, query | {"run_id": run.id}))
        if not answers:  # a server that knows no runs may have given the thread's first messages
            answers = find_answers(run, self._client.get(path, query | {"order": "desc"}), newest_first=True)
        contents = [read_content(message.get("content")) for message in answers]
        run.refused = run.refused or any(content.refused for content in contents)
        return join_messages(content.text for content in contents)

    def cancel(self, run: Run) -> None:
        """Ask the server to stop a run; one that is done already needs nothing."""
        try:
            self._client.post(f"/threads/{run.thread}/runs/{run.id}/cancel", {})
        except ChatmgrError:
            return


def _add_usage(run: Run, step: Json) -> Iterator[Usage]:
    """Count the tokens of a step: if the stream breaks, the run's own count never comes."""
    for usage in read_usage(step):
        past = run.step_usage or Usage(0, 0)
        run.step_usage = Usage(
            (past.input_tokens or 0) + (usage.input_tokens or 0),
            (past.output_tokens or 0) + (usage.output_tokens or 0),
            usage.cached_tokens,
        )
        yield run.step_usage
