"""Writes the journal: what was done to a conversation, when, and by which process."""

import os
import platform
from collections.abc import Sequence

from sqlalchemy import Connection, insert, select, update

from chatmgr.store.tables import conversations, journal
from chatmgr.store.writer.database import now

_NAMED_IN = {"fork": "source", "forked": "name"}  # what in the detail of an action is another one's name


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


def forget_names(db: Connection, doomed: Sequence[int]) -> list[int]:
    """Take the names of conversations that are deleted for good out of the journals of others.

    Returns the keys of the entries that had them.
    """
    keys = set(db.scalars(select(conversations.c.key).where(conversations.c.id.in_(doomed))))
    columns, changed = journal.c, []
    about_forks = select(columns.id, columns.action, columns.detail).where(
        columns.action.in_(_NAMED_IN), columns.conversation_id.not_in(doomed)
    )
    for pk, action, detail in db.execute(about_forks).all():
        if detail.get("id") in keys:
            nameless = {**detail, _NAMED_IN[action]: "a deleted conversation"}
            db.execute(update(journal).where(columns.id == pk).values(detail=nameless))
            changed.append(int(pk))
    return changed
