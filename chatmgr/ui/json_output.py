"""The JSON that ``--json`` prints: one documented, stable shape for each kind of thing.

One object on one line. What is unknown is null, never an empty string or a zero; costs are in US dollars,
times in UTC with microseconds.
"""

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from chatmgr.domain.control_characters import escaped_json
from chatmgr.domain.events import visible_thread_id
from chatmgr.domain.model import Assistant, Conversation, Run, Turn
from chatmgr.domain.money import NANODOLLARS
from chatmgr.domain.redaction import masked_params
from chatmgr.terminal.console import console
from chatmgr.ui.context import app

if TYPE_CHECKING:
    from chatmgr.domain.stored_items import StoredItem

_TURN_NULLABLE = ("answer", "assistant", "detail", "model", "run_id", "thread_id", "error", "reasoning")
_ATTEMPT_NULLABLE = ("answer", "detail", "error", "model", "run_id")
_ASSISTANT_NULLABLE = ("model", "provider")


def print_json(value: dict[str, Any]) -> None:
    """Print one object on one line; what could act on a terminal is escaped, and reads as the same text."""
    import json

    console.write(escaped_json(json.dumps(value, ensure_ascii=False, default=_plain)) + "\n")


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat(timespec="microseconds").replace("+00:00", "Z")
    raise TypeError(type(value).__name__)


def conversation_json(conversation: Conversation) -> dict[str, Any]:
    """The documented shape of a conversation."""
    return {
        "name": conversation.name,
        "id": conversation.id,
        "title": conversation.title or None,
        "about": conversation.about or None,
        "assistant": conversation.assistant,
        "assistant_version": conversation.assistant_version,
        "model": conversation.model or app().turns.model_of(conversation) or None,
        "provider": conversation.provider,
        "thread_id": visible_thread_id(conversation.thread_id) or None,
        "turns": conversation.turns,
        "state": conversation.state,
        "created_at": conversation.created_at,
        "updated_at": conversation.updated_at,
        "tags": list(conversation.tags),
        "archived_at": conversation.archived_at,
        "folder": conversation.folder or None,
    }


def turn_json(turn: Turn) -> dict[str, Any]:
    """The documented shape of a turn."""
    facts = asdict(turn)
    del facts["message"], facts["files"], facts["pk"]
    facts["thread_id"] = visible_thread_id(turn.thread_id)
    facts["cost"] = dollars_json(turn.cost)
    facts["attachments"] = [
        {
            "name": file.name,
            "content_type": file.content_type,
            "sha256": file.sha256,
            "size": file.size,
            "pixels": file.pixels,
        }
        for file in app().reader.turns.attachments(turn)
    ]
    facts["items"] = list(map(item_json, app().reader.items.of(turn)))
    return _with_nulls(facts, _TURN_NULLABLE)


def item_json(stored: "StoredItem") -> dict[str, Any]:
    """The documented shape of an item; ``content`` differs by kind."""
    item = stored.item
    return {
        "kind": item.kind.value,
        "content": dict(item.content),
        "id": item.id or None,
        "api": item.api or None,
        "model": item.model or None,
        "sha256": stored.sha256 or None,
        "pixels": stored.pixels,
    }


def attempt_json(attempt: Run) -> dict[str, Any]:
    """The documented shape of one run of a turn."""
    facts = asdict(attempt)
    del facts["turn"], facts["pk"], facts["items"]
    facts["cost"] = dollars_json(attempt.cost)
    return _with_nulls(facts, _ATTEMPT_NULLABLE)


def assistant_json(assistant: Assistant) -> dict[str, Any]:
    """The documented shape of an assistant in one version."""
    facts = asdict(assistant)
    del facts["id"], facts["version_id"]
    facts["params"] = masked_params(assistant.params)
    return _with_nulls(facts, _ASSISTANT_NULLABLE)


def dollars_json(billionths: int | None) -> float | None:
    """A cost in US dollars; null where the price is unknown."""
    return None if billionths is None else billionths / NANODOLLARS


def _with_nulls(facts: dict[str, Any], nullable: tuple[str, ...]) -> dict[str, Any]:
    return facts | {key: facts[key] or None for key in nullable}
