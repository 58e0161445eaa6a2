"""Lists, transcripts and lookups."""

from sqlalchemy import and_, case, func, select

from chatmgr.store.compiling import Rows
from chatmgr.store.statements.parts import (
    CURRENT_ASSISTANT,
    LIMIT,
    LIVE,
    NEWEST,
    A,
    C,
    F,
    R,
    T,
    V,
    a_text,
    an_int,
    answered,
    assistant,
    attached,
    conversation,
    history,
    live_run,
    of_conversations,
    said,
    turn,
)
from chatmgr.store.tables import (
    BlobRow,
    MessageRow,
    MetaRow,
    RemoteAssistantRow,
    RemoteFileRow,
    TagRow,
    ThreadRow,
)

STATEMENTS: dict[str, Rows] = {
    "conversations": conversation().where(LIVE, *of_conversations()).order_by(*NEWEST).limit(LIMIT),
    "conversation_named": conversation().where(LIVE, C.name == a_text("name")),
    "conversation_prefixed": conversation()
    .where(LIVE, C.name >= a_text("low"), C.name < a_text("high"))
    .limit(LIMIT),
    "conversation_by_id": conversation()
    .where(LIVE, C.key >= a_text("low"), C.key < a_text("high"))
    .limit(LIMIT),
    "conversation_last_used": conversation().where(LIVE).order_by(C.used_at.desc(), C.id.desc()).limit(1),
    "conversation_names": select(C.name).where(LIVE).order_by(*NEWEST).limit(LIMIT),
    "names_prefixed": select(C.name, C.title)
    .where(LIVE, C.name >= a_text("low"), C.name < a_text("high"))
    .order_by(C.name)
    .limit(LIMIT),
    "turns": turn()
    .where(T.position >= an_int("first"), T.position <= an_int("last"))
    .order_by(T.position)
    .limit(LIMIT),
    "turns_last": turn().order_by(T.position.desc()).limit(LIMIT),
    "attempts": select(
        T.position,
        R.id == T.run_id,
        func.coalesce(MessageRow.content, ""),
        R.state,
        R.detail,
        R.error,
        R.model,
        R.provider,
        R.remote_id,
        R.started_at,
        R.finished_at,
        R.input_tokens,
        R.output_tokens,
        R.cost,
    )
    .join(T, T.id == R.turn_id)
    .outerjoin(MessageRow, MessageRow.run_id == R.id)
    .where(T.conversation_id == an_int("conversation"), T.position == an_int("position"))
    .order_by(R.id),
    "assistants": assistant().where(CURRENT_ASSISTANT).order_by(A.name),
    "assistant_named": assistant().where(CURRENT_ASSISTANT, A.name == a_text("name")),
    "assistant_of": assistant()
    .join(C, C.assistant_id == A.id)
    .where(C.id == an_int("conversation"), V.version == A.version),
    "assistant_versions": assistant()
    .where(A.name == a_text("name"), A.deleted_at.is_(None))
    .order_by(V.version),
    "remote_assistant": select(RemoteAssistantRow.remote_id).where(
        RemoteAssistantRow.assistant_id == an_int("assistant"),
        RemoteAssistantRow.provider == a_text("provider"),
        RemoteAssistantRow.endpoint == a_text("endpoint"),
    ),
    "remote_assistants": select(RemoteAssistantRow.provider, RemoteAssistantRow.remote_id)
    .where(RemoteAssistantRow.assistant_id == an_int("assistant"))
    .order_by(RemoteAssistantRow.provider),
    "thread": select(ThreadRow.remote_id, ThreadRow.synced, ThreadRow.doubtful).where(
        ThreadRow.conversation_id == an_int("conversation"),
        ThreadRow.provider == a_text("provider"),
        ThreadRow.endpoint == a_text("endpoint"),
        ThreadRow.dropped_at.is_(None),
    ),
    "said": said(),
    "history": history(),
    "answered": answered(),
    "live_run": live_run().where(R.conversation_id == an_int("conversation")),
    "live_runs": live_run().where(LIVE).order_by(R.started_at),
    "attached": attached(),
    "attachments": select(F.name, F.content_type, F.sha256, BlobRow.size)
    .join(BlobRow, BlobRow.sha256 == F.sha256)
    .where(F.message_id == an_int("message"))
    .order_by(F.position),
    "remote_files": select(RemoteFileRow.sha256, RemoteFileRow.remote_id, F.content_type)
    .distinct()
    .join(F, F.sha256 == RemoteFileRow.sha256)
    .join(MessageRow, MessageRow.id == F.message_id)
    .join(T, T.id == MessageRow.turn_id)
    .where(
        T.conversation_id == an_int("conversation"),
        RemoteFileRow.provider == a_text("provider"),
        RemoteFileRow.endpoint == a_text("endpoint"),
    ),
    "threads": select(
        ThreadRow.provider,
        ThreadRow.endpoint,
        ThreadRow.remote_id,
        ThreadRow.synced,
        ThreadRow.doubtful,
        ThreadRow.created_at,
    )
    .where(ThreadRow.conversation_id == an_int("conversation"), ThreadRow.dropped_at.is_(None))
    .order_by(ThreadRow.created_at),
    "threads_at": select(C.name)
    .join(ThreadRow, and_(ThreadRow.conversation_id == C.id, ThreadRow.dropped_at.is_(None)))
    .where(LIVE, ThreadRow.remote_id == a_text("remote_id"), ThreadRow.provider == a_text("provider")),
    "conversations_at": select(C.name).where(LIVE, C.provider == a_text("provider")).order_by(*NEWEST),
    "model_at": select(R.model)
    .where(R.conversation_id == an_int("conversation"), R.provider == a_text("provider"), R.model != "")
    .order_by(R.id.desc())
    .limit(1),
    "cost": select(
        func.coalesce(func.sum(R.cost), 0),
        func.count(case((and_(R.sent_at.is_not(None), R.cost.is_(None)), 1))),
    ).where(R.conversation_id == an_int("conversation")),
    "max_cost": select(C.max_cost).where(C.id == an_int("conversation")),
    "tags": select(TagRow.name, func.count())
    .join(C, C.id == TagRow.conversation_id)
    .where(LIVE)
    .group_by(TagRow.name)
    .order_by(TagRow.name),
    "counts": select(
        select(func.count()).select_from(A).where(A.deleted_at.is_(None)).scalar_subquery(),
        select(func.count()).select_from(C).where(LIVE).scalar_subquery(),
        select(func.coalesce(func.sum(C.turns), 0)).where(LIVE).scalar_subquery(),
    ),
    "miscounted": select(C.name, C.turns, func.count(T.id))
    .outerjoin(T, T.conversation_id == C.id)
    .group_by(C.id, C.name, C.turns)
    .having(func.count(T.id) != C.turns),
    "speechless": select(C.name, T.position)
    .join(T, T.conversation_id == C.id)
    .outerjoin(MessageRow, and_(MessageRow.turn_id == T.id, MessageRow.role == "user"))
    .where(MessageRow.id.is_(None)),
    "meta": select(MetaRow.value).where(MetaRow.key == a_text("key")),
}
