"""The nodes of a ChatGPT conversation as messages: who said what, what was a call, and what nobody said."""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from chatmgr.domain.items import Item, ItemKind
from chatmgr.domain.model import Attachment
from chatmgr.domain.source_conversations import SourceMessage, SourceRole
from chatmgr.domain.states import RunState
from chatmgr.importers.chatgpt.assets import Assets
from chatmgr.importers.chatgpt.citations import has_marks
from chatmgr.importers.chatgpt.contents import (
    CREATE_CANVAS,
    Contents,
    canvas,
    parts_of,
    plain_text,
    text_item,
)
from chatmgr.importers.chatgpt.fields import Json, object_in, text_in
from chatmgr.importers.making import file_item
from chatmgr.importers.times import from_seconds

_INSTRUCTIONS = "user_editable_context"
_UNSAID = frozenset({_INSTRUCTIONS, "model_editable_context", "reasoning_recap"})
_ROLES = {"user": SourceRole.USER, "assistant": SourceRole.ASSISTANT, "tool": SourceRole.TOOL}
# A tool that ran at ChatGPT: nobody waits for our answer to a call, and other APIs are told of it in words,
# as its names and arguments are none that a function of theirs could have.
_TOOL = "chatgpt"
_TALKING = frozenset({"user", "assistant"})
_SPECIAL = frozenset(
    {"attachments", "content_references", "citations", "is_user_system_message"}
    | {"is_visually_hidden_from_conversation", "aggregate_result"}
)
_ENDS = {
    "max_tokens": (RunState.INCOMPLETE, "length"),
    "interrupted": (RunState.INCOMPLETE, "cancelled"),
}
_STATUSES = {
    "error": (RunState.FAILED, ""),
    "in_progress": (RunState.INCOMPLETE, "in_progress"),
    "finished_partial_completion": (RunState.INCOMPLETE, "incomplete"),
}


class Node(NamedTuple):
    """A node of the tree: the id that counts for it, that of the one before, or empty, and its message."""

    id: str
    parent: str
    message: Json
    author: str  # the role
    recipient: str
    content: Json
    metadata: Json
    at: datetime | None


def node_of(identity: str, parent: str, message: Json) -> Node:
    """A node, with what is asked for often."""
    return Node(
        identity,
        parent,
        message,
        text_in(object_in(message, "author"), "role"),
        text_in(message, "recipient") or "all",
        object_in(message, "content"),
        object_in(message, "metadata"),
        from_seconds(message.get("create_time")),
    )


class Messages:
    """Reads the nodes of one conversation. ``instructions`` are those that the user gave for it."""

    def __init__(self, assets: Assets, nodes: dict[str, Node]) -> None:
        self._assets = assets
        self._nodes = nodes
        self.contents = Contents(assets)
        self.instructions = ""
        self._call_before = _calls_before(nodes)
        self._answers: dict[str, str] = {}  # of each call, the node of the tool that answered it first
        for node_id, call in self._call_before.items():
            if nodes[node_id].author == "tool" and call:
                self._answers.setdefault(call, node_id)

    def all(self) -> Iterator[SourceMessage]:
        """The messages, in the order of the nodes."""
        for node in self._nodes.values():
            yield self._message(node)

    def _message(self, node: Node) -> SourceMessage:
        if text := _plain_text(node):
            items = [Item(ItemKind.TEXT, {"text": text})]
            if node.author == "assistant":
                items += self._assets.left_by(text_in(node.message, "id"))
            return self._said(node, _ROLES[node.author], items, [])
        content, metadata = node.content, node.metadata
        role = self._role(node)
        if role is SourceRole.HIDDEN:
            return SourceMessage(node.id, node.parent, role)
        files: list[Attachment] = []
        if role is SourceRole.TOOL:
            items = self._of_tool(node, content, metadata)
        elif role is SourceRole.ASSISTANT and node.recipient != "all":
            items = self._call(node, content)
        else:
            items = list(self.contents.said(content, metadata, by_user=role is SourceRole.USER))
        if role is SourceRole.USER:
            files, missing = self._assets.sent(
                metadata, [part for part in parts_of(content) if _is_image(part)]
            )
            items += missing
        else:
            if "attachments" in metadata:
                attached, missing = self._assets.sent(metadata, [])
                items += [file_item(file.name, file.data, file.content_type) for file in attached] + missing
            items += self._assets.left_by(text_in(node.message, "id"))
        if not items and not files:
            return SourceMessage(node.id, node.parent, SourceRole.HIDDEN)
        return self._said(node, role, items, files)

    def _said(
        self, node: Node, role: SourceRole, items: list[Item], files: list[Attachment]
    ) -> SourceMessage:
        message, metadata = node.message, node.metadata
        state, detail = (
            _state(message, metadata) if role is SourceRole.ASSISTANT else (RunState.COMPLETED, "")
        )
        return SourceMessage(
            node.id,
            node.parent,
            role,
            tuple(items),
            tuple(files),
            node.at,
            text_in(metadata, "model_slug") if role is SourceRole.ASSISTANT else "",
            state,
            detail,
            joins=role is SourceRole.ASSISTANT and self._goes_on(node),
        )

    def _role(self, node: Node) -> SourceRole:
        content, metadata = node.content, node.metadata
        kind = text_in(content, "content_type")
        self._note_instructions(kind, metadata, content)
        is_hidden = metadata.get("is_visually_hidden_from_conversation") is True and kind != "thoughts"
        if kind in _UNSAID or is_hidden or metadata.get("is_user_system_message") is True:
            return SourceRole.HIDDEN
        return _ROLES.get(node.author, SourceRole.HIDDEN)

    def _note_instructions(self, kind: str, metadata: Json, content: Json) -> None:
        if self.instructions:
            return
        if kind == _INSTRUCTIONS:
            texts = [text_in(content, "user_profile"), text_in(content, "user_instructions")]
        elif metadata.get("is_user_system_message") is True:
            about = object_in(metadata, "user_context_message_data")
            texts = [text_in(about, "about_user_message"), text_in(about, "about_model_message")]
        else:
            return
        self.instructions = "\n\n".join(text.strip() for text in texts if text.strip())

    def _call(self, node: Node, content: Json) -> list[Item]:
        """A call of a tool. A document that it creates is what the person reads, so that is a text."""
        if (text := _document(node)) and (item := text_item(text, {})):
            return [item]
        what = {"call_id": node.id, "name": node.recipient, "arguments": plain_text(content)}
        return [Item(ItemKind.TOOL_CALL, {**what, "tool": _TOOL})]

    def _of_tool(self, node: Node, content: Json, metadata: Json) -> list[Item]:
        """What a tool answered. A second answer to a call is a call of its own, without words."""
        output, images, error = self.contents.tool_output(content, metadata)
        call = self._call_before.get(node.id, "")
        if self._answers.get(call) == node.id:
            if _document(self._nodes[call]):
                return images
            return [Item(ItemKind.TOOL_RESULT, {"call_id": call, "output": error or output}), *images]
        if not (error or output):
            return images
        name = text_in(object_in(node.message, "author"), "name") or "tool"
        what = {"call_id": node.id, "name": name, "arguments": "", "tool": _TOOL}
        done = {"error": error} if error else {"output": output}
        return [Item(ItemKind.TOOL_CALL, {**what, **done}), *images]

    def _goes_on(self, node: Node) -> bool:
        """Whether a text goes on where the one before it was cut off."""
        before = self._nodes.get(node.parent)
        if before is None or not _is_text(before) or not _is_text(node):
            return False
        return before.message.get("channel") == node.message.get("channel")


def _calls_before(nodes: dict[str, Node]) -> dict[str, str]:
    """For each node, the call that it follows with nothing but tools between; empty for none."""
    calls: dict[str, str] = {}
    if not any(node.author == "tool" for node in nodes.values()):
        return calls
    for start in nodes:
        passed: list[str] = []
        key, call = start, ""
        while key not in calls:
            calls[key] = ""  # a circle ends here
            passed.append(key)
            before = nodes.get(nodes[key].parent)
            if before is None:
                break
            if before.author == "assistant":
                call = before.id if before.recipient != "all" else ""
                break
            if before.author == "user":
                break
            key = before.id
            call = calls.get(key, "")
        for node_id in passed:
            calls[node_id] = call
    return calls


def _document(node: Node) -> str:
    """The document that a node creates by its call; empty for any other."""
    return canvas(plain_text(node.content)) if node.recipient == CREATE_CANVAS else ""


def _is_image(part: object) -> bool:
    return isinstance(part, dict) and part.get("content_type") == "image_asset_pointer"


def _plain_text(node: Node) -> str:
    """What a message says where that is one text and no more, as most do; else empty."""
    content = node.content
    parts = content.get("parts")
    if content.get("content_type") != "text" or node.author not in _TALKING or node.recipient != "all":
        return ""
    if not isinstance(parts, list) or len(parts) != 1 or not isinstance(parts[0], str):
        return ""
    text = parts[0]
    if not node.metadata.keys().isdisjoint(_SPECIAL) or has_marks(text) or text.isspace():
        return ""
    return text


def _is_text(node: Node) -> bool:
    is_said = node.author == "assistant" and node.recipient == "all"
    return is_said and node.content.get("content_type") == "text"


def _state(message: Json, metadata: Json) -> tuple[RunState, str]:
    """How an answer ended, by what it says of its end, or else by its status."""
    end = text_in(object_in(metadata, "finish_details"), "type")
    if end in _ENDS:
        return _ENDS[end]
    return _STATUSES.get(text_in(message, "status"), (RunState.COMPLETED, ""))
