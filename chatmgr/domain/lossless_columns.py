"""The schema of a lossless export: the tables that belong to a conversation, and all their columns.

Each table is a kind of record, and each column a field of it with the same name. The export's statements
select exactly these columns. A test compares them with the tables, so that a column added later cannot
be left out by accident.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

FORMAT = "chatmgr/1"
HTML_HEAD = f'<!doctype html>\n<html lang="en">\n<meta name="generator" content="{FORMAT}">\n'
Record = dict[str, Any]

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "assistants": ("id", "name", "version", "created_at", "updated_at", "deleted_at"),
    "assistant_versions": (
        *(
            "id",
            "assistant_id",
            "version",
            "instructions",
            "model",
            "provider",
            "params",
            "created_at",
            "key",
        ),
    ),
    "remote_assistants": ("id", "assistant_id", "provider", "endpoint", "remote_id", "created_at"),
    "conversations": (
        *("id", "key", "name", "title", "assistant_id", "model", "provider", "turns", "last_run_id"),
        *(
            "created_at",
            "updated_at",
            "used_at",
            "deleted_at",
            "max_cost",
            "archived_at",
            "folder",
            "branch_id",
        ),
    ),
    "branches": ("id", "key", "conversation_id", "parent_id", "parent_position", "created_at"),
    "path_segments": ("conversation_id", "first", "branch_id", "last"),
    "journal": ("id", "conversation_id", "action", "detail", "pid", "host", "created_at"),
    "sources": ("kind", "source_id", "key", "digest"),
    "tags": ("conversation_id", "name"),
    "threads": (
        *("id", "conversation_id", "provider", "endpoint", "remote_id", "synced", "doubtful"),
        *("created_at", "dropped_at", "branch_id"),
    ),
    "turns": ("id", "branch_id", "position", "run_id", "created_at", "stamp", "key"),
    "runs": (
        *("id", "turn_id", "conversation_id", "assistant_version_id", "provider", "model", "state"),
        *("detail", "error", "thread_id", "remote_id", "sent_at", "started_at", "finished_at", "pid", "host"),
        *("input_tokens", "output_tokens", "cached_tokens", "reasoning_tokens", "cost", "background"),
        *("cursor", "reasoning", "key"),
    ),
    "messages": ("id", "turn_id", "run_id", "role", "content", "created_at"),
    "items": (
        *("id", "turn_id", "run_id", "position", "kind", "content", "raw", "api", "model", "sha256"),
        *("created_at", "remote_id"),
    ),
    "attachments": ("id", "message_id", "position", "name", "content_type", "sha256"),
    "blobs": ("sha256", "size", "data"),
    "remote_files": ("id", "sha256", "provider", "endpoint", "remote_id", "created_at"),
}
FLAGS = frozenset({"doubtful", "background"})  # SQLite stores these as numbers
JSON = frozenset({"assistant_versions.params", "items.content", "journal.detail"})  # and these as text


class BadRecord(ValueError):
    """A record of an export is not what chatmgr writes; the text says why, without its place."""


def is_moment(column: str) -> bool:
    """Whether a column holds a timestamp: all timestamps, and no other columns, end in ``_at``."""
    return column.endswith("_at")


def iso(moment: datetime) -> str:
    """A timestamp as exports write it: ISO 8601, UTC, with microseconds."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"
