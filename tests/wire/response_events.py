"""The shapes of the Responses API: the response object, its output items, and its events in their order.

Mental model: a response is known in full when its turn was thought. `snapshot` shows it at an earlier
point of its life, and `script` writes the whole life as events.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from .conversations import output_text
from .parts import Call, Event, Json
from .world import Outcome, World, words

ECHOED = ("max_output_tokens", "previous_response_id", "instructions")
DEFAULTS: Json = {
    "parallel_tool_calls": True,
    "reasoning": {"effort": None, "summary": None},
    "service_tier": "default",
    "store": True,
    "background": False,
    "temperature": 1.0,
    "text": {"format": {"type": "text"}},
    "tool_choice": "auto",
    "tools": [],
    "top_p": 1.0,
    "truncation": "disabled",
    "metadata": {},
}


def final_response(world: World, call: Call, outcome: Outcome, conversation: str | None) -> Json:
    """Build the response as it is when its turn is over."""
    body, fault = call.body, outcome.fault
    failed = outcome.end in ("failed", "error")
    status = "failed" if failed else outcome.end
    return {
        "id": world.new_id("resp"),
        "object": "response",
        "created_at": world.now(),
        "status": status,
        "error": {"code": fault.code, "message": fault.message} if failed else None,
        "incomplete_details": {"reason": fault.reason} if outcome.end == "incomplete" else None,
        "model": body["model"],
        **({} if call.plan.has("unnamed_conversation") else _naming(world, conversation)),
        "output": [] if failed else [*_thinking(world, body), *_messages(world, outcome)],
        "usage": None if failed or world.wild.no_usage else _usage(world, outcome),
        **{key: body.get(key) for key in ECHOED},
        **{key: default if body.get(key) is None else body[key] for key, default in DEFAULTS.items()},
    }


def _naming(world: World, conversation: str | None) -> Json:
    """How a response names its conversation."""
    key = world.wild.conversation_key
    if key == "conversation_id":
        return {"conversation": None, key: conversation}
    return {key: {"id": conversation} if conversation else None} if key else {}


def snapshot(final: Json, status: str) -> Json:
    """Show a response as it was before it was over."""
    return {**final, "status": status, "error": None, "incomplete_details": None, "output": [], "usage": None}


def script(world: World, final: Json, outcome: Outcome) -> list[Event]:
    """Write all events of a response."""
    life = _Life()
    first = ["queued", "in_progress"] if final["background"] else ["in_progress"]
    life.add("response.created", response=snapshot(final, first[0]))
    for status in first:
        early = {"usage": final["usage"]} if world.wild.early_usage else {}
        life.add(f"response.{status}", response={**snapshot(final, status), **early})
    failed = outcome.end in ("failed", "error")
    thoughts = [item for item in final["output"] if item["type"] == "reasoning"]
    for item in thoughts:
        _think(life, item)
    for index, answer in enumerate(outcome.answers, len(thoughts)):
        message = _message(world, outcome, answer) if failed else final["output"][index]
        _speak(life, index, message, answer, outcome.refusal, cut_off=failed)
        if failed:
            break
    if outcome.end == "error":
        fault = outcome.fault
        life.add("error", code=fault.code, message=fault.message, param=fault.param)
    else:
        life.add(f"response.{outcome.end}", response=final)
    if world.wild.nameless_events:
        return [Event(event.data) for event in life.events]
    return life.events


@dataclass(slots=True)
class _Life:
    """Events so far; the position of an event is its sequence number."""

    events: list[Event] = field(default_factory=list)

    def add(self, name: str, **data: object) -> None:
        self.events.append(Event({"type": name, "sequence_number": len(self.events), **data}, name))


def _speak(
    life: _Life, index: int, message: Json, answer: list[str], refusal: bool, *, cut_off: bool
) -> None:
    """Write the events of one output message; one that is cut off has no end."""
    at = {"item_id": message["id"], "output_index": index, "content_index": 0}
    part = message["content"][0]
    kind, key = ("refusal", "refusal") if refusal else ("output_text", "text")
    extra: Json = {} if refusal else {"logprobs": []}
    unborn = {**message, "status": "in_progress", "content": []}
    life.add("response.output_item.added", output_index=index, item=unborn)
    life.add("response.content_part.added", **at, part={**part, key: ""})
    for delta in answer:
        life.add(f"response.{kind}.delta", **at, delta=delta, **extra)
    if cut_off:
        return
    life.add(f"response.{kind}.done", **at, **{key: part[key]}, **extra)
    life.add("response.content_part.done", **at, part=part)
    life.add("response.output_item.done", output_index=index, item=message)


def _think(life: _Life, item: Json) -> None:
    """Write the events of a reasoning item, its summary in pieces of words."""
    at = {"item_id": item["id"], "output_index": 0}
    life.add("response.output_item.added", output_index=0, item={**item, "summary": []})
    for index, part in enumerate(item["summary"]):
        here = {**at, "summary_index": index}
        life.add("response.reasoning_summary_part.added", **here, part={**part, "text": ""})
        for delta in words(part["text"]):
            life.add("response.reasoning_summary_text.delta", **here, delta=delta)
        life.add("response.reasoning_summary_text.done", **here, text=part["text"])
        life.add("response.reasoning_summary_part.done", **here, part=part)
    life.add("response.output_item.done", output_index=0, item=item)


def _thinking(world: World, body: Json) -> list[Json]:
    """The reasoning item of a response whose client asked for summaries."""
    if not world.thoughts or not (body.get("reasoning") or {}).get("summary"):
        return []
    summary = [{"type": "summary_text", "text": thought} for thought in world.thoughts]
    return [{"id": world.new_id("rs"), "type": "reasoning", "summary": summary, "status": "completed"}]


def _messages(world: World, outcome: Outcome) -> list[Json]:
    return [_message(world, outcome, answer) for answer in outcome.answers]


def _message(world: World, outcome: Outcome, answer: list[str]) -> Json:
    text = "".join(answer)
    return {
        "id": world.new_id("msg"),
        "type": "message",
        "status": "incomplete" if outcome.end == "incomplete" else "completed",
        "role": "assistant",
        "content": [{"type": "refusal", "refusal": text} if outcome.refusal else output_text(text)],
    }


def _usage(world: World, outcome: Outcome) -> Json:
    return {
        "input_tokens": outcome.input_tokens,
        "input_tokens_details": {"cached_tokens": world.cached},
        "output_tokens": outcome.output_tokens,
        "output_tokens_details": {"reasoning_tokens": len(world.thoughts)},
        "total_tokens": outcome.input_tokens + outcome.output_tokens,
    }
