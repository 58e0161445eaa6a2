"""What a response object says: its messages, its reasoning, its tokens and its end, whatever its shape.

Pure functions, no I/O.
"""

from collections.abc import Iterator

from chatmgr.backends.answer_end import incomplete_detail, status_word
from chatmgr.backends.answer_text import Content, join_messages, read_content, read_message, read_reasoning
from chatmgr.backends.http.client import Json
from chatmgr.backends.json_values import as_count, as_object, as_objects, as_word
from chatmgr.domain.events import Usage
from chatmgr.domain.states import LIVE, RunState, from_provider_status

MESSAGE_TYPES = {"", "message", "output_text", "text"}


def messages(response: Json) -> list[Content]:
    """What each message in a response's output says."""
    output = response.get("output")
    if isinstance(output, str):
        return [Content(output)]
    if isinstance(output, list):
        items = [{"content": item} if isinstance(item, str) else as_object(item) for item in output]
    else:
        items = as_objects(output)
    contents = [item_content(item) for item in items if is_message(item)]
    if not any(content.text for content in contents) and (text := read_content(response.get("output_text"))):
        contents.append(text)  # a field of the SDK's, which some servers send
    return contents


def is_message(item: Json) -> bool:
    """Whether an output item is a message of the assistant."""
    return as_word(item.get("type")) in MESSAGE_TYPES and as_word(item.get("role")) in {"", "assistant"}


def item_content(item: Json) -> Content:
    """What a message item says."""
    return read_content(item["content"]) if item.get("content") else read_message(item)


def answer_text(response: Json) -> str:
    """The text of a response: its messages, with a blank line between two."""
    return join_messages(content.text for content in messages(response))


def reasoning_text(response: Json) -> str:
    """The reasoning in a response's output, and what its messages hold of it."""
    items = as_objects(response.get("output"))
    texts = [read_reasoning(item) for item in items if as_word(item.get("type")) == "reasoning"]
    return "\n\n".join(filter(None, [*texts, *(content.reasoning for content in messages(response))]))


def read_usage(response: Json) -> Iterator[Usage]:
    """The tokens that the server counted, if it did."""
    usage = as_object(response.get("usage"))
    numbers = [
        as_count(usage.get("input_tokens")),
        as_count(usage.get("output_tokens")),
        as_count(as_object(usage.get("input_tokens_details")).get("cached_tokens")),
        as_count(as_object(usage.get("output_tokens_details")).get("reasoning_tokens")),
    ]
    if any(number is not None for number in numbers):
        yield Usage(*numbers)


def status_of(response: Json) -> str:
    """The status, as the API words it; empty where there is none."""
    return status_word(response.get("status"))


def is_done(response: Json) -> bool:
    """Whether nothing more comes of a response."""
    return from_provider_status(status_of(response))[0] not in LIVE


def final_state(response: Json, event: str, max_output_tokens: object) -> tuple[RunState, str]:
    """The run's state and detail, with the cases that the status alone does not tell.

    ``event`` is the last word of the final event's type; it counts where the object has no final status.
    """
    status = status_of(response)
    if not status or from_provider_status(status)[0] in LIVE:
        answered = answer_text(response) or as_objects(response.get("output"))
        status = status_word(event) or ("completed" if answered else "failed")
    run_state, detail = from_provider_status(status)
    if run_state is RunState.INCOMPLETE:
        return run_state, incomplete_detail(response.get("incomplete_details"))
    if run_state is not RunState.COMPLETED:
        return run_state, detail
    if any(content.refused for content in messages(response)):
        return run_state, "refusal"
    output_tokens = as_count(as_object(response.get("usage")).get("output_tokens"))
    if max_output_tokens and output_tokens == max_output_tokens:
        return RunState.INCOMPLETE, "length"  # llama.cpp calls a truncated answer completed
    return run_state, detail
