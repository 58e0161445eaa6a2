"""Chat Completions and the model list: the API that remembers nothing.

Mental model: all memory is in `messages`; system and developer messages are the instructions.
"""

from __future__ import annotations

from collections.abc import Iterator

from .parts import Answer, Call, Event, Json, RefusedError, Stream, as_json
from .routing import Route
from .world import Outcome, World

INSTRUCTING = ("system", "developer")


class Chat:
    """The endpoints /chat/completions and /models."""

    def __init__(self, world: World, models: list[Json]) -> None:
        self._world = world
        self._models = models

    def routes(self) -> list[Route]:
        """Everything served here."""
        return [
            ("POST", "/chat/completions", self._create),
            ("GET", "/models", lambda call: as_json({"object": "list", "data": self._models})),
            ("GET", "/models/{model}", self._model),
        ]

    def _model(self, call: Call) -> Answer:
        for model in self._models:
            if model["id"] == call.args["model"]:
                return as_json(model)
        raise RefusedError(
            404, f"The model '{call.args['model']}' does not exist", "model_not_found", "model"
        )

    def _create(self, call: Call) -> Answer:
        if not call.body.get("messages"):
            raise RefusedError(
                400, "Missing required parameter: 'messages'.", "missing_required_parameter", "messages"
            )
        messages = [(message["role"], _text(message.get("content"))) for message in call.body["messages"]]
        instructions = "\n".join(text for role, text in messages if role in INSTRUCTING)
        memory = [(role, text) for role, text in messages if role not in INSTRUCTING]
        self._refuse_unseen(call.body["messages"])
        self._world.refuse_too_long(memory, instructions or None)
        outcome = self._world.think(memory, instructions or None, call.plan)
        base = {
            "id": self._world.new_id("chatcmpl"),
            "created": self._world.now(),
            "model": call.body["model"],
        }
        base |= {"service_tier": "default", "system_fingerprint": "fp_0"}
        if call.streaming and not self._world.wild.no_streaming:
            with_usage = bool((call.body.get("stream_options") or {}).get("include_usage"))
            return Stream(self._chunks(base, outcome, with_usage))
        if outcome.end in ("failed", "error"):
            fault = outcome.fault
            raise RefusedError(500, fault.message, fault.code, kind=fault.type)
        choices = [
            _choice(index, outcome, message=_message(outcome, a)) for index, a in enumerate(outcome.answers)
        ]
        usage = {} if self._world.wild.no_usage else {"usage": _usage(self._world, outcome)}
        return as_json({**base, "object": "chat.completion", "choices": choices, **usage})

    def _refuse_unseen(self, messages: list[Json]) -> None:
        """Refuse images as llama.cpp does for a model that cannot see."""
        kinds = {
            part.get("type")
            for message in messages
            if isinstance(message.get("content"), list)
            for part in message["content"]
        }
        if "image_url" in kinds and not self._world.sees:
            hint = "if this is unexpected, you may need to provide the mmproj"
            raise RefusedError(500, f"image input is not supported - hint: {hint}", kind="server_error")

    def _chunks(self, base: Json, outcome: Outcome, with_usage: bool) -> Iterator[Event]:
        # Every chunk but the last carries `usage: null` when usage was asked for.
        base = {**base, "object": "chat.completion.chunk", **({"usage": None} if with_usage else {})}
        key = "refusal" if outcome.refusal else "content"
        for index, answer in enumerate(outcome.answers):
            first = {"role": "assistant", "content": "", "refusal": None}
            yield Event({**base, "choices": [_delta(index, first)]})
            for thought in self._world.thoughts:  # not OpenAI's: llama.cpp, DeepSeek and others do so
                yield Event({**base, "choices": [_delta(index, {"reasoning_content": thought})]})
            for text in answer:
                yield Event({**base, "choices": [_delta(index, {key: text})]})
            if outcome.end in ("failed", "error"):
                fault = outcome.fault
                error = {
                    "message": fault.message,
                    "type": fault.type,
                    "param": fault.param,
                    "code": fault.code,
                }
                yield Event({"error": error})
                return
            yield Event({**base, "choices": [_choice(index, outcome, delta={})]})
        if with_usage and not self._world.wild.no_usage:
            yield Event({**base, "choices": [], "usage": _usage(self._world, outcome)})
        yield Event("[DONE]")


def _text(content: object) -> str:
    if isinstance(content, list):
        return "".join(part.get("text", "") for part in content)
    return content if isinstance(content, str) else ""


def _message(outcome: Outcome, answer: list[str]) -> Json:
    text = "".join(answer)
    content, refusal = (None, text) if outcome.refusal else (text, None)
    return {"role": "assistant", "content": content, "refusal": refusal, "annotations": []}


def _choice(index: int, outcome: Outcome, **what: Json) -> Json:
    reason = "stop"
    if outcome.end == "incomplete":
        reason = "length" if outcome.fault.reason == "max_output_tokens" else "content_filter"
    return {"index": index, **what, "logprobs": None, "finish_reason": reason}


def _delta(index: int, delta: Json) -> Json:
    return {"index": index, "delta": delta, "logprobs": None, "finish_reason": None}


def _usage(world: World, outcome: Outcome) -> Json:
    return {
        "prompt_tokens": outcome.input_tokens,
        "completion_tokens": outcome.output_tokens,
        "total_tokens": outcome.input_tokens + outcome.output_tokens,
        "prompt_tokens_details": {"cached_tokens": world.cached, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": len(world.thoughts), "audio_tokens": 0},
    }
