"""The messages and run steps of the Assistants API as items. Pure functions, no I/O."""

from collections.abc import Iterator, Mapping

from chatmgr.backends.answer_text import read_content
from chatmgr.backends.assistants.run_object import created_at, function_calls
from chatmgr.backends.items import payloads
from chatmgr.backends.items.making import (
    Json,
    Made,
    Origin,
    message_items,
    read_part,
    stored_file,
    text_or_json,
)
from chatmgr.backends.json_values import as_id, as_object, as_objects, as_text, as_word
from chatmgr.domain.items import ItemKind


def read_run(
    run_object: Json, steps: Mapping[str, Json], messages: Mapping[str, Json], origin: Origin
) -> Iterator[list[Made]]:
    """What a run has done so far, in its order: the calls of its steps, its messages, the calls that wait."""
    unread = dict(messages)
    for step in sorted(steps.values(), key=created_at):
        details = as_object(step.get("step_details"))
        for call in as_objects(details.get("tool_calls")):
            yield from read_call(call, origin)
        message_id = as_id(as_object(details.get("message_creation")).get("message_id"))
        if message_id in unread:
            yield read_message(unread.pop(message_id), origin)
    for message in unread.values():
        yield read_message(message, origin)
    for call in function_calls(run_object):
        yield from read_call(call, origin)


def read_message(message: Json, origin: Origin) -> list[Made]:
    """A message: its text with citations, and its images and files; none where it says nothing."""
    return message_items(message, read_content(message.get("content")), origin)


def read_call(call: Json, origin: Origin) -> Iterator[list[Made]]:
    """A call of a step, with what came of it; the output of a function is an item of its own."""
    tool = as_word(call.get("type")) or "function"
    facts = as_object(call.get(tool))
    call_id = as_id(call.get("id"))
    content: Json = {"call_id": call_id, "name": as_id(facts.get("name")) or tool, "tool": tool}
    files: list[Made] = []
    if tool == "code_interpreter":
        outputs = as_objects(facts.get("outputs"))
        logs = "\n".join(as_text(output.get("logs")) for output in outputs if output.get("logs"))
        content |= {"arguments": as_text(facts.get("input")), "output": logs if outputs else None}
        files = [file for output in outputs for file in _output_file(output, origin)]
    elif tool == "function":
        content["arguments"] = text_or_json(facts.get("arguments"))
    else:
        content["output"] = text_or_json(facts.get("results")) or None
    kept, _ = payloads.cut(call)
    yield [origin.item(ItemKind.TOOL_CALL, content, kept, item_id=call_id), *files]
    output = facts.get("output") if tool == "function" else None
    if output is not None:
        result = {"call_id": call_id, "output": text_or_json(output), "declined": False}
        yield [origin.item(ItemKind.TOOL_RESULT, result, {"tool_call_id": call_id, "output": output})]


def _output_file(output: Json, origin: Origin) -> list[Made]:
    """The image that code has drawn, if this output is one."""
    image = as_object(output.get("image"))
    if file := stored_file(ItemKind.IMAGE, image.get("file_id")):
        return list(file)
    return read_part(output, origin) if image else []
