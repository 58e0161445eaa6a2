"""Writes the journal: what was done to a conversation, when, and by which process."""

import os
import platform
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, insert

from chatmgr.store.tables import journal
from chatmgr.store.writer.database import now

_BATCH = 500  # entries in one statement


def note(db: Connection, conversation: int, action: str, **detail: object) -> None:
    """Add an entry, in the transaction that did it."""
    note_all(db, action, {conversation: detail})


def note_all(db: Connection, action: str, details: Mapping[int, Mapping[str, Any]]) -> None:
    """Add an entry for each of several conversations, with what is to be said about it, by key."""
    shared = {"action": action, "pid": os.getpid(), "host": platform.node(), "created_at": now()}
    rows = [{**shared, "conversation_id": pk, "detail": dict(detail)} for pk, detail in details.items()]
    for start in range(0, len(rows), _BATCH):
        db.execute(insert(journal), rows[start : start + _BATCH])
