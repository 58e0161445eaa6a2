"""The trash, names, and what servers keep: what tidying reads."""

from sqlalchemy import func, select, union

from chatmgr.store.compiling import Rows
from chatmgr.store.statements.parts import (
    LIMIT,
    LIVE,
    C,
    F,
    R,
    T,
    a_moment,
    a_text,
    an_int,
    conversation,
    of_conversations,
)
from chatmgr.store.tables import MessageRow, RemoteFileRow, TagRow, ThreadRow

_TRASHED = C.deleted_at.is_not(None)
_LAST_DELETED = (C.deleted_at.desc(), C.id.desc())


def _providers() -> Rows:
    met = union(select(C.provider), select(ThreadRow.provider), select(R.provider)).subquery()
    return select(met.c.provider)


def _users_of_files() -> Rows:
    """The files that servers keep of a conversation, once for each conversation that has them attached."""
    own = (
        select(F.sha256)
        .join(MessageRow, MessageRow.id == F.message_id)
        .join(T, T.id == MessageRow.turn_id)
        .where(T.conversation_id == an_int("conversation"))
    )
    return (
        select(
            RemoteFileRow.id,
            RemoteFileRow.provider,
            RemoteFileRow.endpoint,
            RemoteFileRow.remote_id,
            C.id,
            C.name,
        )
        .distinct()
        .join(F, F.sha256 == RemoteFileRow.sha256)
        .join(MessageRow, MessageRow.id == F.message_id)
        .join(T, T.id == MessageRow.turn_id)
        .join(C, C.id == T.conversation_id)
        .where(RemoteFileRow.sha256.in_(own))
        .order_by(RemoteFileRow.id, C.id)
    )


STATEMENTS: dict[str, Rows] = {
    "conversation_again": conversation().where(C.id == an_int("conversation")),
    "name_taken": select(C.id).where(LIVE, C.name == a_text("name")),
    "trashed": conversation().where(_TRASHED, *of_conversations()).order_by(*_LAST_DELETED).limit(LIMIT),
    "trashed_before": conversation()
    .where(_TRASHED, C.deleted_at <= a_moment("before"))
    .order_by(*_LAST_DELETED),
    "trashed_named": conversation()
    .where(_TRASHED, C.name == a_text("name"))
    .order_by(*_LAST_DELETED)
    .limit(1),
    "trashed_prefixed": conversation()
    .where(_TRASHED, C.name >= a_text("low"), C.name < a_text("high"))
    .order_by(*_LAST_DELETED)
    .limit(LIMIT),
    "trashed_by_id": conversation()
    .where(_TRASHED, C.key >= a_text("low"), C.key < a_text("high"))
    .limit(LIMIT),
    "trashed_names": select(C.name, func.max(C.title))
    .where(_TRASHED, C.name >= a_text("low"), C.name < a_text("high"))
    .group_by(C.name)
    .order_by(C.name)
    .limit(LIMIT),
    "tag_names": select(TagRow.name).distinct().order_by(TagRow.name),
    "providers": _providers(),
    "threads_ever": select(ThreadRow.id, ThreadRow.provider, ThreadRow.endpoint, ThreadRow.remote_id)
    .where(ThreadRow.conversation_id == an_int("conversation"))
    .order_by(ThreadRow.id),
    "responses_of": select(R.remote_id)
    .join(T, T.id == R.turn_id)
    .where(
        T.conversation_id == an_int("conversation"),
        R.provider == a_text("provider"),
        R.thread_id == a_text("thread"),
        R.remote_id != "",
    )
    .order_by(R.id),
    "users_of_files": _users_of_files(),
}
