"""Makes conversations and archives in the form of ChatGPT's data export, small and for the purpose."""

import json
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from chatmgr.domain.source_conversations import SourceConversation
from chatmgr.importers.registry import entries
from chatmgr.importers.source import Entry, LeftOut
from chatmgr.importers.tree import SourceTurns, turns_of

START = 1_700_000_000.123456
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 8 + b"\0\0\0\x02\0\0\0\x03"
WEBP = b"RIFF\x10\0\0\0WEBPVP8 " + b"\0" * 16


def node(
    name: str,
    parent: str | None,
    role: str = "",
    content: Any = None,
    *,
    at: float | None = None,
    **more: Any,
) -> dict[str, Any]:
    """A node; a text as its content is one of type ``text``. ``more`` are fields of the message."""
    if not role:
        return {"id": name, "parent": parent, "message": None}
    if isinstance(content, str):
        content = {"content_type": "text", "parts": [content]}
    metadata = more.pop("metadata", {})
    author = {"role": role, "name": more.pop("author", None), "metadata": {}}
    message = {
        "id": f"m-{name}",
        "author": author,
        "create_time": at,
        "content": content,
        "status": "finished_successfully",
        "recipient": "all",
        "metadata": metadata,
        **more,
    }
    return {"id": name, "parent": parent, "message": message}


def conversation(nodes: Sequence[dict[str, Any]], identity: str = "c-1", **more: Any) -> dict[str, Any]:
    """A conversation of nodes; those with a role and no time get one after the other."""
    for place, member in enumerate(nodes):
        message = member["message"]
        if message and message["create_time"] is None:
            message["create_time"] = START + place
    children: dict[str, list[str]] = {}
    for member in nodes:
        children.setdefault(member["parent"], []).append(member["id"])
    mapping = {member["id"]: {**member, "children": children.get(member["id"], [])} for member in nodes}
    return {
        "id": identity,
        "conversation_id": identity,
        "title": "A title",
        "create_time": START,
        "update_time": START + 1000,
        "mapping": mapping,
        "current_node": nodes[-1]["id"],
        "default_model_slug": "gpt-5",
        **more,
    }


def chain(*said: tuple[Any, ...]) -> list[dict[str, Any]]:
    """Nodes that follow each other, below a root without a message: ``(role, content, {more})``."""
    nodes = [node("root", None)]
    for place, member in enumerate(said):
        role, content, *more = member
        fields = dict(more[0]) if more else {}
        nodes.append(node(f"n{place}", nodes[-1]["id"], role, content, **fields))
    return nodes


def archive(path: Path, members: dict[str, Any]) -> Path:
    """A zip archive; what is no bytes becomes JSON."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in members.items():
            made.writestr(name, content if isinstance(content, bytes) else json.dumps(content))
    return path


def read(path: Path) -> tuple[list[Entry], list[LeftOut]]:
    """What is in a file: entries, and what was left out."""
    results = list(entries([str(path)]))
    return (
        [result for result in results if isinstance(result, Entry)],
        [result for result in results if isinstance(result, LeftOut)],
    )


def conversations(path: Path) -> Iterator[SourceConversation]:
    """The conversations in a file, each read before the next one."""
    for result in entries([str(path)]):
        if isinstance(result, Entry):
            yield result.read()
        else:
            assert isinstance(result, LeftOut), result
            assert not result.fault, result


def only(folder: Path, record: Any, beside: dict[str, bytes] | None = None) -> SourceConversation:
    """The one conversation of an export with these files."""
    path = archive(folder / "export.zip", {"conversations.json": [record], **(beside or {})})
    (conversation,) = conversations(path)
    return conversation


def turns(folder: Path, *said: Any, beside: dict[str, bytes] | None = None, **more: Any) -> SourceTurns:
    """The turns of a chain of messages."""
    return turns_of(only(folder, conversation(chain(*said), **more), beside))
