"""Writes the journal: what was done to a conversation, when, and by which process."""

import os
import platform

from sqlalchemy import Connection, insert

from chatmgr.store.tables import journal
from chatmgr.store.writer.database import now


def note(db: Connection, conversation: int, action: str, **detail: object) -> None:
    """Add an entry, in the transaction that did it."""
    row = {
        "conversation_id": conversation,
        "action": action,
        "detail": detail,
        "pid": os.getpid(),
        "host": platform.node(),
        "created_at": now(),
    }
    db.execute(insert(journal), row)
