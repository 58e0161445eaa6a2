"""The database's tables, as SQLAlchemy Core sees them: what the writer fills and migrations lead to.

Turns form a tree, and a conversation is a name for one path through it. A turn has one user message and
one or more runs. A run has at most one assistant message, and items where it said more than text. What lists
need on every call (turn count, newest run, last activity) is kept on the conversation by the writer, so
that no list ever has to count. The full-text index beside these tables has a definition of its own: see
``search``.

``key``: what a row is recognized by in another database (a UUID of version 7; of a conversation, shorter).
"""

from chatmgr.store.tables.assistants import assistant_versions, assistants, remote_assistants
from chatmgr.store.tables.conversations import (
    branches,
    conversations,
    deletions,
    exchanges,
    journal,
    path_segments,
    sources,
    tags,
    threads,
)
from chatmgr.store.tables.metadata import LIVE_RUN, meta, metadata, set_index_conditions
from chatmgr.store.tables.turns import (
    answer_parts,
    attachments,
    blobs,
    items,
    messages,
    remote_files,
    runs,
    turns,
)

__all__ = [
    "LIVE_RUN",
    "answer_parts",
    "assistant_versions",
    "assistants",
    "attachments",
    "blobs",
    "branches",
    "conversations",
    "deletions",
    "exchanges",
    "items",
    "journal",
    "messages",
    "meta",
    "metadata",
    "path_segments",
    "remote_assistants",
    "remote_files",
    "runs",
    "set_index_conditions",
    "sources",
    "tags",
    "threads",
    "turns",
]
