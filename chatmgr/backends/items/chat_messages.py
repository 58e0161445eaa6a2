"""Messages and their items as the messages of Chat Completions. Pure functions, no I/O."""

from collections.abc import Iterable

from chatmgr.backends.answer_text import join_messages
from chatmgr.backends.items.chat_items import DETAIL_KEYS
from chatmgr.backends.items.lines import answers_of, is_text, line_of, text_of, whole_items
from chatmgr.backends.items.sending import Json, Target, declined, in_form
from chatmgr.backends.message_format import completions_message
from chatmgr.domain.items import DECLINED, Item, ItemKind, call_id_of
from chatmgr.domain.model import Message

_PORTABLE_TOOLS = {"function", "custom"}


def chat_messages(messages: Iterable[Message], target: Target) -> list[Json]:
    """Messages for a chat; an answer with calls becomes several."""
    chat: list[Json] = []
    for message in messages:
        formed = in_form(message, target.form)
        chat += _AnswerWriter(formed, target).written() if formed.items else [completions_message(formed)]
    return chat


class _AnswerWriter:
    """Writes one answer of the assistant: texts and the calls after them in one message, then the results."""

    def __init__(self, message: Message, target: Target) -> None:
        self._message = message
        self._target = target
        self._items = whole_items(message)
        self._answers = answers_of(message.items)
        self._texts: list[str] = []
        self._calls: list[Item] = []
        self._reasoning: Json = {}
        self._written: list[Json] = []

    def written(self) -> list[Json]:
        """The messages."""
        for item in self._items:
            if item.kind is ItemKind.REASONING:
                self._read_reasoning(item)
            elif _is_portable_call(item):
                self._calls.append(item)
            elif item.kind is ItemKind.TOOL_RESULT:
                self._end_message()
            else:
                answers, text = self._answers, self._message.content
                if line := text_of(item) if is_text(item) else line_of(item, answers, text):
                    if self._calls:
                        self._end_message()
                    self._texts.append(line)
        self._end_message()
        return self._written

    def _read_reasoning(self, item: Item) -> None:
        if self._calls:
            self._end_message()
        for key, value in (self._target.raw_of(item) or {}).items():
            if key in DETAIL_KEYS or self._target.current:  # what is only words goes back within its turn
                self._reasoning[key] = value

    def _end_message(self) -> None:
        """Write what there is of a message, and the results of its calls."""
        text = join_messages(self._texts)
        if text or self._calls:
            self._written.append(
                {"role": "assistant", "content": text or None, **self._reasoning, **self._written_calls()}
            )
            for call in self._calls:
                if call_id_of(call) not in self._target.keep_open:
                    self._written.append(self._result(call))
            self._reasoning = {}
        self._texts, self._calls = [], []

    def _written_calls(self) -> Json:
        if not self._calls:
            return {}
        written = [self._target.raw_of(call) or _portable_call(call) for call in self._calls]
        legacy = written[0].get("function_call")
        return {"function_call": legacy} if legacy else {"tool_calls": written}

    def _result(self, call: Item) -> Json:
        answer = self._answers.get(call_id_of(call)) or declined(call)
        output = str(answer.content.get("output") or (DECLINED if answer.content.get("declined") else ""))
        if "function_call" in (self._target.raw_of(call) or {}):
            return {"role": "function", "name": str(call.content.get("name")), "content": output}
        return {"role": "tool", "tool_call_id": call_id_of(call), "content": output}


def _is_portable_call(item: Item) -> bool:
    """Whether an item is a call that every chat can hold."""
    content = item.content
    is_call = item.kind is ItemKind.TOOL_CALL and content.get("tool") in _PORTABLE_TOOLS
    return bool(is_call and content.get("name") and call_id_of(item))


def _portable_call(item: Item) -> Json:
    name, arguments = str(item.content.get("name")), str(item.content.get("arguments") or "")
    if item.content.get("tool") == "custom":
        return {"id": call_id_of(item), "type": "custom", "custom": {"name": name, "input": arguments}}
    function = {"name": name, "arguments": arguments or "{}"}
    return {"id": call_id_of(item), "type": "function", "function": function}
