"""The life of one run of an assistant: its object, its steps and messages, and its events in their order.

Mental model: `Run.life` is a generator that carries the run from status to status and yields the events
on the way. A stream sends what it yields; a server that is polled advances it by one status per look.
"""

from __future__ import annotations

from collections.abc import Iterator

from .parts import Event, Json
from .threads import Thread, new_message, text_part
from .world import Outcome, World

OVER = ("cancelled", "failed", "completed", "incomplete", "expired")
DONE = Event("[DONE]", "done")
STAMPS = {
    "in_progress": "started_at",
    "cancelled": "cancelled_at",
    "failed": "failed_at",
    "completed": "completed_at",
}
STATUSES = ("queued", "in_progress", "requires_action", "cancelling", *OVER)
TOLD = {*(f"thread.run.{status}" for status in STATUSES), "error"}
"""The events that tell a status."""


class Run:
    """One run; `streamed` while a stream carries it forward."""

    def __init__(self, world: World, thread: Thread, body: Json, outcome: Outcome, script: list[str]) -> None:
        self._world = world
        self._thread = thread
        self._outcome = outcome
        self._script = list(script)
        self._cancelled = self._resumed = False
        self.body = body
        self.steps: list[Json] = []
        self.streamed = False
        self._life = self._live()

    @property
    def over(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.body["status"] in OVER

    @property
    def waiting(self) -> bool:
        """Whether it goes on only with tool outputs; a script may let it expire or fail instead."""
        return self.body["status"] == "requires_action" and self._script[:1] not in (["expired"], ["failed"])

    def advance(self) -> None:
        """Go on to the next status of the script, as a run does between two looks at it."""
        for event in self._life:
            if event.name in TOLD:
                return

    def play(self) -> Iterator[Event]:
        """Yield the events up to the next point where the run waits or is over."""
        for event in self._life:
            yield event
            if event.name == "thread.run.requires_action" and self.waiting:
                return

    def end(self, status: str) -> None:
        """End it out of turn."""
        self._script.clear()
        self._become(status)

    def cancel(self) -> None:
        """Ask it to stop: the next thing that happens to it is that it is cancelled."""
        self._cancelled = True
        self._become("cancelling")
        self._script = ["cancelled"]

    def resume(self) -> None:
        """Go on after its tool outputs came: by its script, or if that has ended, to the usual end."""
        self._resumed = True
        self._become("queued")
        self._script = self._script or ["queued", "in_progress", "completed"]

    def _live(self) -> Iterator[Event]:
        yield self._event("created")
        while self._script:
            status = self._script.pop(0)
            if self._resumed:
                self._resumed = False
                yield from self._close_step("completed")
            spoiled = status == "failed" and self._outcome.end in ("failed", "error")
            if status in ("completed", "incomplete") or spoiled:
                yield from self._speak(status)
            if self._cancelled:
                yield self._event("cancelling")
                status, self._script = "cancelled", []
            if status == "requires_action":
                yield from self._call_tool()
            if status in OVER and self.steps and self.steps[-1]["status"] == "in_progress":
                yield from self._close_step("completed" if status == "incomplete" else status)
            self._become(status)
            yield self._error() if spoiled and self._outcome.end == "error" else self._event(status)

    def _error(self) -> Event:
        fault = self._outcome.fault
        error = {"code": fault.code, "message": fault.message, "param": fault.param, "type": fault.type}
        return Event(error, "error")

    def _event(self, name: str) -> Event:
        return Event(dict(self.body), f"thread.run.{name}")

    def _become(self, status: str) -> None:
        body, outcome = self.body, self._outcome
        body["status"] = status
        if status in STAMPS:
            body[STAMPS[status]] = self._world.now()
        body["required_action"] = self._required() if status == "requires_action" else None
        if status == "failed":
            code = outcome.fault.code if outcome.end != "completed" else "server_error"
            body["last_error"] = {"code": code, "message": outcome.fault.message}
        if status == "incomplete":
            by_length = outcome.fault.reason == "max_output_tokens"
            body["incomplete_details"] = {"reason": "max_completion_tokens"} if by_length else {}
        if status in OVER:
            body["expires_at"] = None
            self._thread.active = None
            if not self._world.wild.no_usage:
                body["usage"] = self._usage()

    def _usage(self) -> Json:
        used, made = self._outcome.input_tokens, self._outcome.output_tokens
        return {"prompt_tokens": used, "completion_tokens": made, "total_tokens": used + made}

    def _required(self) -> Json:
        calls = self.steps[-1]["step_details"]["tool_calls"] if self.steps else []
        return {"type": "submit_tool_outputs", "submit_tool_outputs": {"tool_calls": calls}}

    def _call_tool(self) -> Iterator[Event]:
        call = {
            "id": self._world.new_id("call"),
            "type": "function",
            "function": {"name": "look_up", "arguments": "{}", "output": None},
        }
        yield from self._open_step("tool_calls", {"type": "tool_calls", "tool_calls": [call]})

    def _open_step(self, kind: str, details: Json) -> Iterator[Event]:
        step = {
            "id": self._world.new_id("step"),
            "object": "thread.run.step",
            "created_at": self._world.now(),
            "run_id": self.body["id"],
            "assistant_id": self.body["assistant_id"],
            "thread_id": self.body["thread_id"],
            "type": kind,
            "status": "in_progress",
            "step_details": details,
            **dict.fromkeys(
                ("last_error", "expired_at", "cancelled_at", "failed_at", "completed_at", "usage")
            ),
            "metadata": {},
        }
        self.steps.append(step)
        yield Event(dict(step), "thread.run.step.created")
        yield Event(dict(step), "thread.run.step.in_progress")

    def _close_step(self, status: str) -> Iterator[Event]:
        """End the last step."""
        step = self.steps[-1]
        step["status"] = status
        step[f"{status}_at"] = self._world.now()
        if status == "failed":
            step["last_error"] = {"code": "server_error", "message": self._outcome.fault.message}
        if not self._world.wild.no_usage:
            step["usage"] = self._usage()
        yield Event(dict(step), f"thread.run.step.{status}")

    def _speak(self, status: str) -> Iterator[Event]:
        """Answer: one step and one message per answer, stored before its end is told."""
        for answer in self._outcome.answers:
            owner = {"assistant_id": self.body["assistant_id"], "run_id": self.body["id"]}
            message = new_message(self._world, self._thread.body, "assistant", [], **owner)
            details = {"message_id": message["id"]}
            yield from self._open_step(
                "message_creation", {"type": "message_creation", "message_creation": details}
            )
            message.update(status="in_progress", completed_at=None)
            yield Event(dict(message), "thread.message.created")
            yield Event(dict(message), "thread.message.in_progress")
            for delta in answer:
                if self._cancelled:
                    break
                yield self._delta(message["id"], delta)
            text = "".join(answer)
            message["content"] = [
                {"type": "refusal", "refusal": text} if self._outcome.refusal else text_part(text)
            ]
            self._close_message(message, status)
            self._thread.messages.append(message)
            yield Event(dict(message), f"thread.message.{message['status']}")
            if status == "failed" or self._cancelled:
                return  # whoever ends the run ends the open step
            yield from self._close_step("completed")

    def _delta(self, message: str, delta: str) -> Event:
        part: Json = {"index": 0, "type": "text", "text": {"value": delta}}
        if self._outcome.refusal:
            part = {"index": 0, "type": "refusal", "refusal": delta}
        return Event(
            {"id": message, "object": "thread.message.delta", "delta": {"content": [part]}},
            "thread.message.delta",
        )

    def _close_message(self, message: Json, status: str) -> None:
        whole = status == "completed" and not self._cancelled
        message["status"] = "completed" if whole else "incomplete"
        message["completed_at" if whole else "incomplete_at"] = self._world.now()
        if self._cancelled:
            why = "run_cancelled"
        elif status == "failed":
            why = "run_failed"
        else:
            why = "max_tokens" if self._outcome.fault.reason == "max_output_tokens" else "content_filter"
        message["incomplete_details"] = None if whole else {"reason": why}
