"""A ChatGPT export of any size: ``conversations.json`` as OpenAI writes it, with made-up text."""

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.prose import Prose

SEED = 1
_TURNS = 4
_BEGAN = 1_700_000_000.0
_APART = 900.0  # seconds between two conversations


def write_export(path: Path, conversations: int, characters: int) -> None:
    """Write an export with so many conversations, each of about so many characters of JSON."""
    with path.open("w", encoding="utf-8") as file:
        for number, conversation in enumerate(_conversations(conversations, characters)):
            file.write("[" if number == 0 else ",")
            json.dump(conversation, file, ensure_ascii=False)
        file.write("]")


def _conversations(count: int, characters: int) -> Iterator[dict[str, Any]]:
    rng = random.Random(SEED)
    prose = Prose(rng, {"english": 1.0})
    spare = json.dumps(_conversation(rng, 0, [("", "")] * _TURNS))
    room = max(characters - len(spare), 400)
    for number in range(count):
        turns = []
        for _ in range(_TURNS):
            question, answer = prose.turn()
            turns.append((question[: room // 20], (answer * 9)[: room // _TURNS - room // 20]))
        yield _conversation(rng, number, turns)


def _conversation(rng: random.Random, number: int, turns: list[tuple[str, str]]) -> dict[str, Any]:
    began = _BEGAN + number * _APART
    mapping: dict[str, Any] = {"client-created-root": _node("client-created-root", None, None)}
    parent = "client-created-root"
    for at, texts in enumerate(turns):
        for author, text in zip(("user", "assistant"), texts, strict=True):
            key = _id(rng)
            mapping[parent]["children"].append(key)
            moment = began + 60 * at + (7.25 if author == "assistant" else 0.5)
            mapping[key] = _node(key, parent, _message(key, author, text, moment))
            parent = key
    key = _id(rng)
    return {
        "title": " ".join(turns[0][0].split()[:4]),
        "create_time": began,
        "update_time": began + 60 * len(turns),
        "mapping": mapping,
        "moderation_results": [],
        "current_node": parent,
        "plugin_ids": None,
        "conversation_id": key,
        "conversation_template_id": None,
        "gizmo_id": None,
        "gizmo_type": None,
        "is_archived": False,
        "is_starred": None,
        "safe_urls": [],
        "blocked_urls": [],
        "default_model_slug": "gpt-4o",
        "conversation_origin": None,
        "voice": None,
        "async_status": None,
        "disabled_tool_ids": [],
        "is_do_not_remember": False,
        "memory_scope": "global_enabled",
        "id": key,
    }


def _node(key: str, parent: str | None, message: dict[str, Any] | None) -> dict[str, Any]:
    return {"id": key, "message": message, "parent": parent, "children": []}


def _message(key: str, author: str, text: str, moment: float) -> dict[str, Any]:
    answers = {"finish_details": {"type": "stop", "stop_tokens": [200002]}, "is_complete": True}
    metadata: dict[str, Any] = {
        "request_id": key[:16],
        "message_source": None,
        "timestamp_": "absolute",
        "citations": [],
    }
    if author == "assistant":
        metadata |= {**answers, "model_slug": "gpt-4o", "default_model_slug": "gpt-4o", "parent_id": key}
    return {
        "id": key,
        "author": {"role": author, "name": None, "metadata": {}},
        "create_time": moment,
        "update_time": None,
        "content": {"content_type": "text", "parts": [text]},
        "status": "finished_successfully",
        "end_turn": True if author == "assistant" else None,
        "weight": 1.0,
        "metadata": metadata,
        "recipient": "all",
        "channel": None,
    }


def _id(rng: random.Random) -> str:
    digits = f"{rng.getrandbits(128):032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
