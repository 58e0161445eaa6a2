"""The endpoints of runs: start one, look at it, cancel it, feed it tool outputs; streamed or polled.

Mental model: a run takes its statuses from a script, the next one queued in the world or the usual
queued, in_progress, completed. Streamed, it plays to its end at once; polled, each look advances it by
one status.
"""

from __future__ import annotations

from collections.abc import Iterator

from .parts import Answer, Call, Event, Json, RefusedError, Stream, as_json
from .routing import Route
from .run_events import DONE, Run
from .threads import Thread, Threads
from .world import World, check_metadata, page


class Runs:
    """The endpoints under /threads/…/runs."""

    def __init__(self, world: World, threads: Threads) -> None:
        self._world = world
        self._threads = threads
        self._kept: dict[str, Run] = {}

    def routes(self) -> list[Route]:
        """Everything served here; these come before /threads/{thread}, which /threads/runs would match."""
        runs = "/threads/{thread}/runs"
        path = f"{runs}/{{run}}"
        return [
            ("POST", "/threads/runs", self._create_with_thread),
            ("POST", runs, lambda call: self._create(call, self._threads.named(call))),
            ("GET", runs, self._list),
            ("GET", path, self._read),
            ("POST", f"{path}/cancel", self._cancel),
            ("GET", f"{path}/steps", lambda call: as_json(page(self._named(call).steps, call.query))),
            ("POST", f"{path}/submit_tool_outputs", self._submit),
        ]

    def _named(self, call: Call) -> Run:
        self._threads.named(call)
        run = self._kept.get(call.args["run"])
        if run is None or run.body["thread_id"] != call.args["thread"]:
            raise RefusedError(404, f"No run found with id '{call.args['run']}'.")
        return run

    def _create_with_thread(self, call: Call) -> Answer:
        self._threads.assistant(call.body["assistant_id"])
        return self._create(call, self._threads.create(call.body.get("thread") or {}))

    def _create(self, call: Call, thread: Thread) -> Answer:
        assistant = self._threads.assistant(call.body["assistant_id"])
        if thread.active or call.plan.has("lock"):
            active = thread.active or self._world.new_id("run")
            raise RefusedError(400, f"Thread {thread.body['id']} already has an active run {active}.")
        for message in call.body.get("additional_messages") or []:
            self._threads.append(thread, message)
        body = self._body(call, thread, assistant)
        outcome = self._world.think(thread.said(), body["instructions"], call.plan)
        end = "failed" if outcome.end == "error" else outcome.end
        scripts = self._world.run_scripts
        script = list(scripts.popleft()) if scripts else ["queued", "in_progress", end]
        run = Run(self._world, thread, body, outcome, script)
        self._kept[body["id"]] = run
        thread.active = body["id"]
        if call.streaming and not self._world.wild.no_streaming:
            return self._stream(run)
        run.advance()
        return as_json(run.body)

    def _stream(self, run: Run) -> Stream:
        run.streamed = True
        return Stream(self._deliver(run), lambda: self._abandon(run))

    def _deliver(self, run: Run) -> Iterator[Event]:
        events = run.play()
        while True:
            with self._world.lock:
                event = next(events, None)
                if event is None:
                    run.streamed = False
                    break
            yield event
        yield DONE

    def _abandon(self, run: Run) -> None:
        with self._world.lock:
            run.streamed = False
            if run.over or run.waiting:
                return
            if self._world.abandoned == "finish":
                for _ in run.play():
                    pass
            else:
                run.end("expired")

    def _body(self, call: Call, thread: Thread, assistant: Json) -> Json:
        wanted = {key: value for key, value in call.body.items() if value is not None}
        instructions = wanted.get("instructions", assistant["instructions"] or "")
        more = wanted.get("additional_instructions")
        return {
            "id": self._world.new_id("run"),
            "object": "thread.run",
            "created_at": self._world.now(),
            "thread_id": thread.body["id"],
            "assistant_id": assistant["id"],
            "status": "queued",
            "model": wanted.get("model", assistant["model"]),
            "instructions": f"{instructions} {more}" if more else instructions,
            "tools": wanted.get("tools", assistant["tools"]),
            "metadata": check_metadata(wanted.get("metadata")),
            "expires_at": self._world.now() + 600,
            **dict.fromkeys(("required_action", "last_error", "started_at", "cancelled_at", "failed_at")),
            **dict.fromkeys(("completed_at", "incomplete_details", "usage")),
            "temperature": wanted.get("temperature", 1.0),
            "top_p": wanted.get("top_p", 1.0),
            "max_prompt_tokens": wanted.get("max_prompt_tokens"),
            "max_completion_tokens": wanted.get("max_completion_tokens"),
            "truncation_strategy": wanted.get("truncation_strategy", {"type": "auto", "last_messages": None}),
            "tool_choice": wanted.get("tool_choice", "auto"),
            "parallel_tool_calls": wanted.get("parallel_tool_calls", True),
            "response_format": wanted.get("response_format", "auto"),
        }

    def _list(self, call: Call) -> Answer:
        thread = self._threads.named(call)
        bodies = [run.body for run in self._kept.values() if run.body["thread_id"] == thread.body["id"]]
        return as_json(page(bodies, call.query))

    def _read(self, call: Call) -> Answer:
        run = self._named(call)
        if not (run.streamed or run.over or run.waiting):
            run.advance()
        return as_json(run.body)

    def _cancel(self, call: Call) -> Answer:
        run = self._named(call)
        if run.over or run.body["status"] == "cancelling":
            raise RefusedError(400, f"Cannot cancel run with status '{run.body['status']}'.")
        run.cancel()
        return as_json(run.body)

    def _submit(self, call: Call) -> Answer:
        run = self._named(call)
        if not run.waiting:
            message = f'Runs in status "{run.body["status"]}" do not accept tool outputs.'
            raise RefusedError(400, message)
        outputs = {output["tool_call_id"]: output["output"] for output in call.body["tool_outputs"]}
        for tool_call in run.steps[-1]["step_details"]["tool_calls"]:
            if tool_call["id"] not in outputs:
                raise RefusedError(400, f"Expected tool outputs for call_ids ['{tool_call['id']}'].")
            tool_call["function"]["output"] = outputs[tool_call["id"]]
        run.resume()
        if call.streaming and not self._world.wild.no_streaming:
            return self._stream(run)
        return as_json(run.body)
