"""What a run or a message of the Assistants API says, whatever its shape. Pure functions, no I/O."""

from collections.abc import Iterator

from chatmgr.backends.answer_end import status_word
from chatmgr.backends.http.client import Json
from chatmgr.backends.json_values import as_count, as_id, as_object, as_objects, to_json
from chatmgr.domain.events import ToolCall, Usage
from chatmgr.domain.states import LIVE, RunState, from_provider_status


def status_of(run_object: Json) -> str:
    """The status, as the API words it; empty where there is none."""
    return status_word(run_object.get("status"))


def is_done(run_object: Json) -> bool:
    """Whether nothing more comes of a run by itself: it has ended, or waits for tool outputs."""
    state, _ = from_provider_status(status_of(run_object))
    return state not in LIVE or state is RunState.REQUIRES_ACTION


def created_at(thing: Json) -> int:
    """When a run or a message was created, in whole seconds; 0 where the server does not tell."""
    return as_count(thing.get("created_at")) or 0


def read_usage(run_object: Json) -> Iterator[Usage]:
    """The tokens that the server counted for a run or a step, if it did."""
    usage = as_object(run_object.get("usage"))
    details = as_object(usage.get("prompt_token_details") or usage.get("prompt_tokens_details"))
    keys = (usage.get("prompt_tokens"), usage.get("completion_tokens"), details.get("cached_tokens"))
    counts = [as_count(value) for value in keys]
    if any(count is not None for count in counts):
        yield Usage(*counts)


def function_calls(run_object: Json) -> list[Json]:
    """The function calls whose outputs the run waits for, as the server lists them."""
    action = as_object(as_object(run_object.get("required_action")).get("submit_tool_outputs"))
    return as_objects(action.get("tool_calls"))


def tool_calls(run_object: Json) -> tuple[ToolCall, ...]:
    """The function calls whose outputs the run waits for."""
    return tuple(
        ToolCall(as_id(call.get("id")), as_id(function.get("name")), _arguments(function))
        for call in function_calls(run_object)
        for function in (as_object(call.get("function")),)
    )


def _arguments(function: Json) -> str:
    """The arguments as the model wrote them, or in JSON where the server has decoded them."""
    arguments = function.get("arguments")
    return arguments if isinstance(arguments, str) else to_json(arguments or {})
