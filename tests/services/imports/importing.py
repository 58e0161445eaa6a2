"""Writes exports as they change at their source, and imports them."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from chatmgr.services.imports.report import ImportReport
from chatmgr.services.imports.service import ImportOptions, ImportService
from chatmgr.store.writer import Writer
from tests.importers.chatgpt.export import START, conversation, node
from tests.support.store import Store, query

Node = dict[str, Any]


def said(name: str, parent: str, role: str, text: str, at: int) -> Node:
    """A message of an export."""
    return node(name, parent, role, text, at=START + at)


def pair(number: int, parent: str = "") -> list[Node]:
    """A question and its answer, after another answer."""
    before = parent or (f"a{number - 1}" if number > 1 else "root")
    return [
        said(f"q{number}", before, "user", f"Question {number}?", 10 * number),
        said(f"a{number}", f"q{number}", "assistant", f"Answer {number}.", 10 * number + 5),
    ]


def export(path: Path, *conversations: dict[str, Any]) -> Path:
    """Write conversations as ChatGPT exports them."""
    path.write_text(json.dumps(list(conversations)), encoding="utf-8")
    return path


def tree(nodes: Sequence[Node], current: str, identity: str = "c-1", **more: Any) -> dict[str, Any]:
    """A conversation of these nodes, whose active path ends at one of them."""
    last = max(member["message"]["create_time"] for member in nodes)
    fields = {"update_time": last, **more}
    return conversation([node("root", None), *nodes], identity, current_node=current, **fields)


def bring(store: Store, *paths: Path, **options: Any) -> ImportReport:
    """Import files into a store."""
    service = ImportService(store.reader, lambda: store.writer)
    report = service.run([str(path) for path in paths], ImportOptions(**options))
    store.reader.close()
    return report


def no_writer() -> Writer:
    """What must not be asked for."""
    raise AssertionError("the writer was asked for")


def texts(store: Store, name: str) -> list[tuple[str, str]]:
    """What a conversation's path says."""
    turns = list(store.reader.turns.list(store.now(name)))
    store.reader.close()
    return [(turn.user, turn.answer) for turn in turns]


def everything(store: Store) -> list[list[tuple[Any, ...]]]:
    """The rows that an import makes, but for the journal."""
    return [
        query(store.url, "SELECT key, name, title, turns, updated_at FROM conversations ORDER BY key"),
        query(store.url, "SELECT key, position, created_at FROM turns ORDER BY key"),
        query(store.url, "SELECT key, state, model FROM runs ORDER BY key"),
        query(store.url, "SELECT role, content FROM messages ORDER BY content, role"),
        query(
            store.url,
            "SELECT source_id, key, digest FROM sources WHERE kind <> 'file' ORDER BY source_id",
        ),
        query(store.url, "SELECT name FROM tags ORDER BY name"),
        query(store.url, "SELECT name FROM assistants ORDER BY name"),
    ]
