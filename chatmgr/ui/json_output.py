"""The JSON that ``--json`` prints: one documented, stable shape for each thing."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from chatmgr.domain.model import Assistant, Attempt, Conversation, Turn
from chatmgr.domain.money import NANODOLLARS
from chatmgr.services.turns import visible_thread_id
from chatmgr.terminal.console import console
from chatmgr.ui.context import app


def print_json(value: dict[str, Any]) -> None:
    """One object on one line."""
    import json

    console.out(json.dumps(value, ensure_ascii=False, default=_plain))


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat(timespec="microseconds").replace("+00:00", "Z")
    raise TypeError(type(value).__name__)


def conversation_json(one: Conversation) -> dict[str, Any]:
    """The documented shape of a conversation."""
    return {
        "name": one.name,
        "id": one.id,
        "title": one.title or None,
        "assistant": one.assistant,
        "assistant_version": one.assistant_version,
        "model": app().turns.model_of(one) or None if not one.model else one.model,
        "provider": one.provider,
        "thread_id": visible_thread_id(one.thread_id) or None,
        "turns": one.turns,
        "state": one.state,
        "created_at": one.created_at,
        "updated_at": one.updated_at,
        "tags": list(one.tags),
        "archived_at": one.archived_at,
        "folder": one.folder or None,
    }


_MAY_BE_NULL = ("answer", "detail", "model", "run_id", "thread_id", "error", "reasoning")


def turn_json(one: Turn) -> dict[str, Any]:
    """The documented shape of a turn; what is unknown is null, never an empty string or a zero."""
    found = asdict(one)
    del found["message"], found["files"]
    found["thread_id"] = visible_thread_id(one.thread_id)
    found["cost"] = None if one.cost is None else one.cost / NANODOLLARS
    found["attachments"] = [
        {"name": name, "content_type": kind, "sha256": sha256, "size": size}
        for name, kind, sha256, size in app().reader.attachments(one)
    ]
    return found | {key: found[key] or None for key in _MAY_BE_NULL}


def attempt_json(one: Attempt) -> dict[str, Any]:
    """The documented shape of a run of a turn."""
    found = asdict(one)
    del found["turn"]
    found["cost"] = None if one.cost is None else one.cost / NANODOLLARS
    return found | {key: found[key] or None for key in ("answer", "detail", "error", "model", "run_id")}


def assistant_json(one: Assistant) -> dict[str, Any]:
    """The documented shape of an assistant at one version."""
    found = asdict(one)
    del found["id"], found["version_id"]
    found["params"] = dict(one.params)
    return found | {key: found[key] or None for key in ("model", "provider")}
