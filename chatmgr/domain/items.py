"""Items: everything that a model says in a turn, not its text alone, and the answers to its calls.

An item holds the same thing twice. ``content`` is its portable form, which every part of the program and
every API understands. ``raw`` is the provider's own JSON, which only the API and the model that made it
take back.

Portable content by kind; keys that are not known are left out:

- ``text``: ``text``, ``citations`` (each with what is known of ``start``, ``end``, ``url``, ``title``,
  ``file_id``, ``quote``)
- ``refusal``: ``text``
- ``image``, ``file``, ``audio``: ``name``, ``content_type``, ``size`` in bytes, ``prompt``, ``transcript``,
  ``url``, and ``missing``: why the bytes could not be had
- ``tool_call``: ``call_id``, ``name``, ``arguments`` (text as the model wrote it), ``tool`` (``function``,
  ``custom``, ``web_search`` and so on), ``server``, ``status``, ``output``, ``error``
- ``tool_result``: ``call_id``, ``output``, ``declined``
- ``approval_request``: ``id``, ``name``, ``arguments``, ``server``
- ``approval``: ``request_id``, ``approve``, ``reason``
- ``reasoning``: ``summary``, ``text``
- ``compaction``: nothing
- ``other``: ``type``, the provider's name for it
"""

from collections.abc import Iterable, Mapping
from dataclasses import field
from enum import StrEnum
from typing import Any

from chatmgr.domain.fast_dataclass import dataclass

APPROVED = "approve"  # the output that approves a call which waits for approval; any other declines it
DECLINED = "The user declined this call."  # the output of a call that nobody ran
_LEFT_TO_US = frozenset(
    {"function", "custom", "computer", "local_shell", "shell", "apply_patch", "client_tool_search"}
)


class ItemKind(StrEnum):
    """What an item is, whatever its provider calls it."""

    TEXT = "text"
    REFUSAL = "refusal"
    IMAGE = "image"
    FILE = "file"
    AUDIO = "audio"
    TOOL_CALL = "tool_call"
    TOOL_RESULT = "tool_result"
    APPROVAL_REQUEST = "approval_request"
    APPROVAL = "approval"
    REASONING = "reasoning"
    COMPACTION = "compaction"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a turn; see the module for ``content``.

    ``raw`` is canonical JSON, empty for an item that the provider did not send as such. Where base64 in it
    became ``data`` (the bytes of an image, a file, audio), ``sha256:`` and the hash of the bytes stand in
    its place. ``api`` and ``model`` made the item, ``id`` is the provider's.
    """

    kind: ItemKind
    content: Mapping[str, Any]
    raw: str = ""
    api: str = ""
    model: str = ""
    data: bytes | None = field(default=None, repr=False)
    id: str = ""


def canonical_json(value: object) -> str:
    """A value as JSON in the one form in which ``raw`` is kept."""
    import json

    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def call_id_of(item: Item) -> str:
    """The id by which a call, an approval request or the answer to one is known; empty for any other item."""
    keys = {
        ItemKind.TOOL_CALL: "call_id",
        ItemKind.TOOL_RESULT: "call_id",
        ItemKind.APPROVAL_REQUEST: "id",
        ItemKind.APPROVAL: "request_id",
    }
    return str(item.content.get(keys[item.kind]) or "") if item.kind in keys else ""


def answer_to(call: Item, output: str) -> Item:
    """The item that answers a call with its output, or an approval request with ``APPROVED`` or a reason.

    ``DECLINED`` as the output declines either.
    """
    if call.kind is ItemKind.APPROVAL_REQUEST:
        content = {"request_id": call_id_of(call), "approve": output == APPROVED}
        return Item(ItemKind.APPROVAL, content if output == APPROVED else {**content, "reason": output})
    declined = output == DECLINED
    return Item(ItemKind.TOOL_RESULT, {"call_id": call_id_of(call), "output": output, "declined": declined})


def open_calls(items: Iterable[Item]) -> tuple[Item, ...]:
    """The calls and approval requests among a turn's items that have no answer yet."""
    items = tuple(items)
    answered = {call_id_of(item) for item in items if item.kind in {ItemKind.TOOL_RESULT, ItemKind.APPROVAL}}
    return tuple(item for item in items if waits_for_answer(item) and call_id_of(item) not in answered)


def waits_for_answer(item: Item) -> bool:
    """Whether an item is a call that its model's server leaves to us: to run it, or to approve it."""
    if item.kind is ItemKind.APPROVAL_REQUEST:
        return True
    left_to_us = item.kind is ItemKind.TOOL_CALL and item.content.get("tool") in _LEFT_TO_US
    return left_to_us and not item.content.keys() & {"output", "error"}
