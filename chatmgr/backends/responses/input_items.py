"""Messages and their items as input items of the Responses API. Pure functions, no I/O."""

import json
from collections.abc import Iterable

from chatmgr.backends.answer_text import join_messages
from chatmgr.backends.items import payloads
from chatmgr.backends.items.lines import answers_of, is_text, line_of, text_of, whole_items
from chatmgr.backends.items.sending import Json, Target, declined, in_form
from chatmgr.backends.message_format import responses_message
from chatmgr.domain.errors import UsageFault
from chatmgr.domain.items import Item, ItemKind, call_id_of, waits_for_answer
from chatmgr.domain.model import Message

_PORTABLE_TOOLS = {"function", "custom"}
_OWN_FIELDS = {"created_by"}  # of output items; no input item has them


def input_items(messages: Iterable[Message], target: Target) -> list[Json]:
    """Messages as input items; an answer with items becomes several."""
    items: list[Json] = []
    for message in messages:
        formed = in_form(message, target.form)
        items += _AnswerWriter(formed, target).written() if formed.items else [responses_message(formed)]
    return items


def answer_items(calls: Iterable[Item], answers: Iterable[Item]) -> list[Json]:
    """The answers to calls, as they are sent to a server that has the calls.

    A call without one is declined. Raises UsageFault for a call that no text can answer.
    """
    given = answers_of(answers)
    written = [(call, _answer(call, given.get(call_id_of(call)) or declined(call))) for call in calls]
    for call, answer in written:
        if answer is None:
            tool = str(call.content.get("tool"))
            fault = UsageFault(f"A call of {tool} cannot be answered with text.", "Cancel the run.")
            fault.touched = False
            raise fault
    return [answer for _, answer in written if answer is not None]


def are_answerable(calls: Iterable[Item]) -> bool:
    """Whether text can answer all of these calls; other items count for nothing."""
    waiting = filter(waits_for_answer, calls)
    return all(_answer(call, declined(call)) is not None for call in waiting)


def _answer(call: Item, answer: Item) -> Json | None:
    """The input item that answers a call; None where text cannot answer it."""
    call_id = call_id_of(call)
    if call.kind is ItemKind.APPROVAL_REQUEST:
        approve = answer.content.get("approve") is True
        response: Json = {"type": "mcp_approval_response", "approval_request_id": call_id, "approve": approve}
        reason = str(answer.content.get("reason") or "")
        return {**response, "reason": reason} if reason and not approve else response
    output = str(answer.content.get("output") or "")
    refused = answer.content.get("declined") is True
    match call.content.get("tool"):
        case "function" | "custom" as tool:
            type_ = "function_call_output" if tool == "function" else "custom_tool_call_output"
            return {"type": type_, "call_id": call_id, "output": output}
        case "local_shell":
            text = json.dumps({"output": output}, ensure_ascii=False)
            return {"type": "local_shell_call_output", "id": call_id, "call_id": call_id, "output": text}
        case "shell":
            outcome = {"type": "exit", "exit_code": 1 if refused else 0}
            printed = {
                "stdout": "" if refused else output,
                "stderr": output if refused else "",
                "outcome": outcome,
            }
            return {"type": "shell_call_output", "call_id": call_id, "output": [printed]}
        case "apply_patch":
            status = "failed" if refused else "completed"
            return {"type": "apply_patch_call_output", "call_id": call_id, "status": status, "output": output}
        case "client_tool_search":
            loaded: Json = {"type": "tool_search_output", "call_id": call_id, "execution": "client"}
            return {**loaded, "status": "completed", "tools": []}
    return None


class _AnswerWriter:
    """Writes one answer of the assistant, item by item; adjacent texts become one message."""

    def __init__(self, message: Message, target: Target) -> None:
        self._message = message
        self._target = target
        self._items = whole_items(message)
        self._answers = answers_of(message.items)
        self._files = {
            payloads.hash_of(item.data): item.data for item in message.items if item.data is not None
        }
        self._calls: dict[str, Item] = {}  # written, and without an answer until now
        self._texts: list[str] = []
        self._phase = ""
        self._written: list[Json] = []

    def written(self) -> list[Json]:
        """The input items."""
        for item in self._items:
            if is_text(item):
                self._write_text(item)
            elif item.kind in {ItemKind.TOOL_RESULT, ItemKind.APPROVAL}:
                self._write_answer(item)
            else:
                self._write(item)
        self._end_text()
        self._decline_rest()
        return self._written

    def _write_text(self, item: Item) -> None:
        self._decline_rest()
        raw = self._target.raw_of(item) or {}
        phase = raw.get("phase") if isinstance(raw.get("phase"), str) else ""
        if phase != self._phase:
            self._end_text()
        self._phase = phase or ""
        self._texts.append(text_of(item))

    def _end_text(self) -> None:
        if text := join_messages(self._texts):
            phase = {"phase": self._phase} if self._phase else {}
            self._written.append({"type": "message", "role": "assistant", "content": text, **phase})
        self._texts, self._phase = [], ""

    def _write(self, item: Item) -> None:
        """Write a call, or anything that is no text: as it came, portably, or as a line of text."""
        native = self._native(item)
        if native is None:
            if line := line_of(item, self._answers, self._message.content):
                self._decline_rest()
                self._texts.append(line)
            return
        self._end_text()
        if waits_for_answer(item):
            self._calls[call_id_of(item)] = item
        else:
            self._decline_rest()
        self._written.append(native)

    def _native(self, item: Item) -> Json | None:
        """An item as the API itself has it; None where it cannot be said in this form."""
        raw = self._target.raw_of(item)
        if item.kind is ItemKind.REASONING and not (raw and raw.get("encrypted_content")):
            return None  # without it, the server would have to know the id
        if waits_for_answer(item) and not self._is_answerable(item):
            return None
        if raw is not None and item.kind is not ItemKind.OTHER:
            if item.content.get("missing") or not payloads.is_restorable(item.raw, self._files):
                return None
            restored: Json = payloads.restore(raw, self._files)
            return {key: value for key, value in restored.items() if key not in _OWN_FIELDS}
        if item.kind is ItemKind.TOOL_CALL and item.content.get("tool") in _PORTABLE_TOOLS:
            return _portable_call(item)
        return None

    def _is_answerable(self, call: Item) -> bool:
        """Whether a call can go with its answer, as it has to."""
        answer = self._answers.get(call_id_of(call))
        if call_id_of(call) in self._target.keep_open or (answer and self._target.raw_of(answer)):
            return True
        return _answer(call, answer or declined(call)) is not None

    def _write_answer(self, answer: Item) -> None:
        call = self._calls.pop(call_id_of(answer), None)
        if call is None:
            return  # said with its call, or the answer to a call that is not there
        self._end_text()
        self._written += self._answered(call, answer)

    def _decline_rest(self) -> None:
        """Answer the calls that got no answer: no call stands alone."""
        for call_id, call in self._calls.items():
            if call_id not in self._target.keep_open:
                self._written += self._answered(call, self._answers.get(call_id) or declined(call))
        self._calls.clear()

    def _answered(self, call: Item, answer: Item) -> list[Json]:
        raw = self._target.raw_of(answer)
        written = payloads.restore(raw, self._files) if raw else _answer(call, answer)
        return [written] if written else []


def _portable_call(item: Item) -> Json | None:
    content = item.content
    name, call_id = str(content.get("name") or ""), call_id_of(item)
    arguments = str(content.get("arguments") or "")
    if not name or not call_id:
        return None
    if content.get("tool") == "custom":
        return {"type": "custom_tool_call", "call_id": call_id, "name": name, "input": arguments}
    return {"type": "function_call", "call_id": call_id, "name": name, "arguments": arguments or "{}"}
