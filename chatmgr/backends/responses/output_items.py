"""The output items of the Responses API as items, of every kind that the SDK knows; see ``domain.items``.

An item that cannot be read as its kind says, or whose kind is unknown, is kept as it is, under ``other``.
Pure functions, no I/O.
"""

from collections.abc import Callable

from chatmgr.backends.answer_text import read_reasoning
from chatmgr.backends.items import payloads
from chatmgr.backends.items.making import (
    Json,
    Made,
    Origin,
    message_items,
    read_part,
    read_parts,
    text_or_json,
)
from chatmgr.backends.items.payloads import Payload
from chatmgr.backends.json_values import as_id, as_object, as_objects, as_text, as_word
from chatmgr.backends.responses import response_object
from chatmgr.domain.items import ItemKind

_CLIENT = "client"


def read_output_item(raw: Json, origin: Origin) -> list[Made]:
    """An output item as items: mostly one, more where it holds files, none where it is an empty message."""
    type_ = as_word(raw.get("type"))
    if type_ in response_object.MESSAGE_TYPES:
        return _message(raw, origin) if response_object.is_message(raw) else []  # some repeat the question
    return READERS.get(type_, _other)(raw, origin)


def _message(raw: Json, origin: Origin) -> list[Made]:
    return message_items(raw, response_object.item_content(raw), origin, {"data"})


def _call(
    raw: Json, origin: Origin, tool: str, name: str, arguments: object, output: object = None
) -> list[Made]:
    """A call, with its output where the server ran it and says what came of it."""
    call_id = as_id(raw.get("call_id")) or as_id(raw.get("id"))
    error = raw.get("error")
    content = {
        "call_id": call_id,
        "name": name,
        "arguments": text_or_json(arguments),
        "tool": tool,
        "server": as_id(raw.get("server_label")),
        "status": as_word(raw.get("status")),
        "output": None if output is None else text_or_json(output),
        "error": text_or_json(as_object(error).get("message") or error),
    }
    kept, _ = payloads.cut(raw)
    return [origin.item(ItemKind.TOOL_CALL, content, kept, item_id=raw.get("id"))]


def _result(raw: Json, origin: Origin, output: object) -> list[Made]:
    """The output of a call; images in it are files beside it."""
    files = read_parts(raw.get("output"), origin)
    kept, _ = payloads.cut(raw)
    if files and isinstance(output, list):
        output = "".join(as_text(part.get("text")) for part in as_objects(output))
    content = {"call_id": as_id(raw.get("call_id")) or as_id(raw.get("id")), "output": text_or_json(output)}
    made = origin.item(ItemKind.TOOL_RESULT, {**content, "declined": False}, kept, item_id=raw.get("id"))
    return [made, *files]


def _function_call(raw: Json, origin: Origin) -> list[Made]:
    return _call(raw, origin, "function", as_id(raw.get("name")), raw.get("arguments"))


def _custom_call(raw: Json, origin: Origin) -> list[Made]:
    return _call(raw, origin, "custom", as_id(raw.get("name")), raw.get("input"))


def _output(raw: Json, origin: Origin) -> list[Made]:
    return _result(raw, origin, raw.get("output"))


def _program(raw: Json, origin: Origin) -> list[Made]:
    return _call(raw, origin, "program", "program", raw.get("code"))


def _program_output(raw: Json, origin: Origin) -> list[Made]:
    return _result(raw, origin, raw.get("result"))


def _web_search(raw: Json, origin: Origin) -> list[Made]:
    return _call(raw, origin, "web_search", "web_search", raw.get("action"))


def _file_search(raw: Json, origin: Origin) -> list[Made]:
    return _call(raw, origin, "file_search", "file_search", raw.get("queries"), raw.get("results"))


def _computer(raw: Json, origin: Origin) -> list[Made]:
    return _call(raw, origin, "computer", "computer", raw.get("action") or raw.get("actions"))


def _computer_output(raw: Json, origin: Origin) -> list[Made]:
    screenshot = as_object(raw.get("output"))
    files = read_part({**screenshot, "type": "image"}, origin)
    return [*_result({**raw, "output": payloads.cut(screenshot)[0]}, origin, ""), *files]


def _tool_search(raw: Json, origin: Origin) -> list[Made]:
    tool = "client_tool_search" if as_word(raw.get("execution")) == _CLIENT else "tool_search"
    return _call(raw, origin, tool, "tool_search", raw.get("arguments"))


def _tool_search_output(raw: Json, origin: Origin) -> list[Made]:
    return _result(raw, origin, raw.get("tools"))


def _code_interpreter(raw: Json, origin: Origin) -> list[Made]:
    outputs = as_objects(raw.get("outputs"))
    logs = [as_text(output.get("logs")) for output in outputs if as_word(output.get("type")) == "logs"]
    output = "\n".join(logs) if outputs else None
    made = _call(raw, origin, "code_interpreter", "code_interpreter", raw.get("code"), output)
    return [*made, *(file for output in outputs for file in read_part(output, origin))]


def _local_shell(raw: Json, origin: Origin) -> list[Made]:
    return _call(raw, origin, "local_shell", "local_shell", raw.get("action"))


def _shell(raw: Json, origin: Origin) -> list[Made]:
    return _call(raw, origin, "shell", "shell", raw.get("action"))


def _apply_patch(raw: Json, origin: Origin) -> list[Made]:
    return _call(raw, origin, "apply_patch", "apply_patch", raw.get("operation"))


def _mcp_call(raw: Json, origin: Origin) -> list[Made]:
    return _call(raw, origin, "mcp", as_id(raw.get("name")), raw.get("arguments"), raw.get("output"))


def _approval_request(raw: Json, origin: Origin) -> list[Made]:
    content = {
        "id": as_id(raw.get("id")),
        "name": as_id(raw.get("name")),
        "arguments": text_or_json(raw.get("arguments")),
        "server": as_id(raw.get("server_label")),
    }
    return [origin.item(ItemKind.APPROVAL_REQUEST, content, raw, item_id=raw.get("id"))]


def _approval(raw: Json, origin: Origin) -> list[Made]:
    content = {
        "request_id": as_id(raw.get("approval_request_id")),
        "approve": raw.get("approve") is True,
        "reason": as_text(raw.get("reason")),
    }
    return [origin.item(ItemKind.APPROVAL, content, raw, item_id=raw.get("id"))]


def _reasoning(raw: Json, origin: Origin) -> list[Made]:
    parts = {
        key: [read_reasoning(part) for part in as_objects(raw.get(key))] for key in ("summary", "content")
    }
    content = {"summary": "\n\n".join(parts["summary"]), "text": "\n\n".join(parts["content"])}
    return [origin.item(ItemKind.REASONING, content, raw, item_id=raw.get("id"))]


def _compaction(raw: Json, origin: Origin) -> list[Made]:
    return [origin.item(ItemKind.COMPACTION, {}, raw, item_id=raw.get("id"))]


def _image(raw: Json, origin: Origin) -> list[Made]:
    kept, images = payloads.cut(raw, {"result"})
    error = as_object(raw.get("error"))
    status = as_word(raw.get("status")) or "no status"
    missing = as_text(error.get("message")) or f"the server sent none ({status})"
    payload = images[0] if images else Payload(None, _image_type(raw), missing)
    known = {"prompt": as_text(raw.get("revised_prompt"))}
    return [origin.file(ItemKind.IMAGE, payload, kept, item_id=raw.get("id"), **known)]


def _image_type(raw: Json) -> str:
    extension = as_word(raw.get("output_format")) or "png"
    return payloads.content_type_of(b"", f"image.{extension}")


def _other(raw: Json, origin: Origin) -> list[Made]:
    kept, _ = payloads.cut(raw)
    return [
        origin.item(
            ItemKind.OTHER, {"type": as_word(raw.get("type")) or "unknown"}, kept, item_id=raw.get("id")
        )
    ]


READERS: dict[str, Callable[[Json, Origin], list[Made]]] = {
    "message": _message,
    "file_search_call": _file_search,
    "function_call": _function_call,
    "function_call_output": _output,
    "web_search_call": _web_search,
    "computer_call": _computer,
    "computer_call_output": _computer_output,
    "reasoning": _reasoning,
    "program": _program,
    "program_output": _program_output,
    "tool_search_call": _tool_search,
    "tool_search_output": _tool_search_output,
    "additional_tools": _other,
    "compaction": _compaction,
    "image_generation_call": _image,
    "code_interpreter_call": _code_interpreter,
    "local_shell_call": _local_shell,
    "local_shell_call_output": _output,
    "shell_call": _shell,
    "shell_call_output": _output,
    "apply_patch_call": _apply_patch,
    "apply_patch_call_output": _output,
    "mcp_call": _mcp_call,
    "mcp_list_tools": _other,
    "mcp_approval_request": _approval_request,
    "mcp_approval_response": _approval,
    "custom_tool_call": _custom_call,
    "custom_tool_call_output": _output,
}
