"""Conversations by the folder they were used in."""

from chatmgr.store.compiling import Rows
from chatmgr.store.statements.parts import LIVE, C, a_text, conversation

STATEMENTS: dict[str, Rows] = {
    "conversation_last_here": conversation()
    .where(LIVE, C.archived_at.is_(None), C.folder == a_text("folder"))
    .order_by(C.used_at.desc(), C.id.desc())
    .limit(1),
}
