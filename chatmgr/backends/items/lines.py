"""Items in words: what stands for them where an API or a model can take text alone. Pure functions, no
I/O."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from chatmgr.backends.answer_text import join_messages
from chatmgr.domain.image_size import bytes_in_words
from chatmgr.domain.item_texts import placed
from chatmgr.domain.items import DECLINED, Item, ItemKind, call_id_of
from chatmgr.domain.model import Message

_LONGEST_ARGUMENTS = 500  # characters
_LONGEST_OUTPUT = 4000
_TEXTS = frozenset({ItemKind.TEXT, ItemKind.REFUSAL})
_FILES = frozenset({ItemKind.IMAGE, ItemKind.FILE, ItemKind.AUDIO})
_ANSWERS = frozenset({ItemKind.TOOL_RESULT, ItemKind.APPROVAL})
_SILENT = frozenset({"message", "mcp_list_tools", "additional_tools"})  # other items that say nothing


def answers_of(items: Iterable[Item]) -> dict[str, Item]:
    """The results and approvals among a turn's items, by the ids of their calls; the last of each counts."""
    return {call_id_of(item): item for item in items if item.kind in _ANSWERS}


def is_text(item: Item) -> bool:
    """Whether an item is a text or a refusal."""
    return item.kind in _TEXTS


def is_file(item: Item) -> bool:
    """Whether an item is an image, a file or audio."""
    return item.kind in _FILES


def text_of(item: Item) -> str:
    """The text of an item that is one."""
    return str(item.content.get("text") or "")


def whole_items(message: Message) -> list[Item]:
    """The items of an answer, so that their texts are the message's."""
    return [item for item, _ in placed(message.items, message.content)]


def line_of(item: Item, answers: Mapping[str, Item], text: str = "") -> str:
    """One line that stands for an item; empty for one that says nothing to a model.

    ``answers`` are those of ``answers_of``, ``text`` is the text of the whole message.
    """
    content = item.content
    if is_file(item):
        transcript = str(content.get("transcript") or "")
        if transcript:
            return "" if transcript in text else f"[{item.kind}: {_shortened(transcript, _LONGEST_OUTPUT)}]"
        size = content.get("size")
        known = bytes_in_words(size) if isinstance(size, int) else "not kept"
        return f"[{item.kind}: {content.get('name') or 'no name'}, {known}]"
    if item.kind is ItemKind.TOOL_CALL:
        return _call_line(item, answers.get(call_id_of(item)))
    if item.kind is ItemKind.APPROVAL_REQUEST:
        answer = answers.get(call_id_of(item))
        decision = "approved" if answer and answer.content.get("approve") is True else "declined"
        return f"[asked to call {_call(item)}: {decision}]"
    if item.kind is ItemKind.OTHER and content.get("type") not in _SILENT:
        return f"[{content.get('type')}]"
    return ""


def _call_line(item: Item, answer: Item | None) -> str:
    content = item.content
    output = answer.content.get("output") if answer else content.get("output", content.get("error"))
    if output is None and content.get("tool") in {"function", "custom"}:
        output = DECLINED
    result = _shortened(str(output), _LONGEST_OUTPUT) if output else ""
    return f"[called {_call(item)}{': ' if result else ''}{result}]"


def _call(item: Item) -> str:
    server = f"{item.content['server']}." if item.content.get("server") else ""
    arguments = _shortened(str(item.content.get("arguments") or ""), _LONGEST_ARGUMENTS)
    return f"{server}{item.content.get('name') or 'a tool'}({arguments})"


def _shortened(text: str, limit: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def lines_of(message: Message) -> Iterator[str]:
    """The lines that stand for the items of a message that are no text."""
    answers = answers_of(message.items)
    for item in message.items:
        if not is_text(item) and (line := line_of(item, answers, message.content)):
            yield line


def in_words(message: Message) -> Message:
    """A message without items: each stands as one line of its text, in its place."""
    if not message.items:
        return message
    answers = answers_of(message.items)
    parts = [
        text_of(item) if is_text(item) else line_of(item, answers, message.content)
        for item in whole_items(message)
    ]
    return replace(message, content=join_messages(parts), items=())
