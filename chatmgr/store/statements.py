"""Every statement the reader uses, defined once, in SQLAlchemy, over the tables of ``rows``.

Importing SQLAlchemy costs more than all the rest of ``chatmgr history``. So the reader never does:
``python -m chatmgr.store.statements`` compiles what is defined here into ``compiled.py`` for SQLite
and PostgreSQL, and a test holds the two against each other. Change a statement here, run that
command, commit both.
"""

from pathlib import Path

from sqlalchemy import Integer, Text, and_, bindparam, case, exists, func, or_, select, text
from sqlalchemy.orm import aliased
from sqlalchemy.sql import ColumnElement

from chatmgr.store import compiling
from chatmgr.store.compiling import Rows
from chatmgr.store.rows import (
    LIVE_RUN,
    AssistantRow,
    AssistantVersionRow,
    AttachmentRow,
    BlobRow,
    ConversationRow,
    MessageRow,
    MetaRow,
    RemoteAssistantRow,
    RemoteFileRow,
    RunRow,
    ThreadRow,
    TurnRow,
)

A, V, C, T, R = AssistantRow, AssistantVersionRow, ConversationRow, TurnRow, RunRow
F = AttachmentRow
LIMIT = bindparam("limit", type_=Integer)
LIVE = C.deleted_at.is_(None)


def _text(name: str) -> ColumnElement[str]:
    return bindparam(name, type_=Text)


def _int(name: str) -> ColumnElement[int]:
    return bindparam(name, type_=Integer)


def _conversation() -> Rows:
    """A conversation as lists show it: one row each, every lookup by primary key."""
    thread = (
        select(ThreadRow.remote_id)
        .where(
            ThreadRow.conversation_id == C.id,
            ThreadRow.provider == C.provider,
            ThreadRow.dropped_at.is_(None),
        )
        .limit(1)
        .scalar_subquery()
    )
    persona = case((or_(V.provider == "", V.provider == C.provider), func.nullif(V.model, "")))
    used = case((R.provider == C.provider, R.model))
    model = func.coalesce(func.nullif(C.model, ""), persona, used, "")
    return (
        select(
            C.id,
            C.key,
            C.name,
            C.title,
            A.name,
            A.version,
            model,
            C.provider,
            func.coalesce(thread, ""),
            C.turns,
            func.coalesce(R.state, "empty"),
            C.created_at,
            C.updated_at,
            C.model,
        )
        .join(A, A.id == C.assistant_id)
        .join(V, and_(V.assistant_id == A.id, V.version == A.version))
        .outerjoin(R, R.id == C.last_run_id)
        .where(LIVE)
    )


def _turn() -> Rows:
    """A turn with the text of its message and of its newest run's answer."""
    user, answer = aliased(MessageRow), aliased(MessageRow)
    return (
        select(
            C.name,
            T.position,
            user.content,
            func.coalesce(answer.content, ""),
            R.state,
            R.detail,
            R.model,
            R.provider,
            R.remote_id,
            R.thread_id,
            R.started_at,
            R.finished_at,
            R.input_tokens,
            R.output_tokens,
            R.error,
            R.cached_tokens,
            R.reasoning_tokens,
            R.cost,
            R.reasoning,
            user.id,
            exists().where(F.message_id == user.id),
        )
        .join(C, C.id == T.conversation_id)
        .join(user, and_(user.turn_id == T.id, user.role == "user"))
        .join(R, R.id == T.run_id)
        .outerjoin(answer, answer.run_id == T.run_id)
        .where(T.conversation_id == _int("conversation"))
    )


def _assistant() -> Rows:
    return select(
        A.id,
        V.id,
        A.name,
        V.version,
        V.instructions,
        V.model,
        V.provider,
        V.params,
        A.created_at,
        V.created_at,
    ).join(V, V.assistant_id == A.id)


def _history() -> Rows:
    """The transcript that a model is shown: answered turns, newest first.

    A turn without any answer is left out: its message would stand beside the next one's, which
    many chat templates refuse, and the user was told that it went unanswered.
    """
    user, answer = aliased(MessageRow), aliased(MessageRow)
    return (
        select(user.content, answer.content, user.id)
        .select_from(T)
        .join(user, and_(user.turn_id == T.id, user.role == "user"))
        .join(answer, answer.run_id == T.run_id)
        .where(
            T.conversation_id == _int("conversation"),
            T.position < _int("before"),
            T.position > _int("after"),
            answer.content != "",
        )
        .order_by(T.position.desc())
    )


def _answered() -> Rows:
    """The newest position that has an answer, before a given one."""
    return (
        select(T.position)
        .join(MessageRow, MessageRow.run_id == T.run_id)
        .where(
            T.conversation_id == _int("conversation"),
            T.position < _int("before"),
            MessageRow.content != "",
        )
        .order_by(T.position.desc())
        .limit(1)
    )


def _live_run() -> Rows:
    """Runs that nobody has closed, with what is needed to take them up again."""
    user = aliased(MessageRow)
    return (
        select(
            R.id,
            R.turn_id,
            R.conversation_id,
            T.position,
            R.state,
            R.provider,
            R.model,
            R.thread_id,
            R.remote_id,
            R.sent_at.is_not(None),
            func.coalesce(MessageRow.content, ""),
            R.pid,
            R.host,
            R.started_at,
            R.background,
            R.cursor,
            C.name,
            user.content,
        )
        .join(T, T.id == R.turn_id)
        .join(C, C.id == R.conversation_id)
        .join(user, and_(user.turn_id == T.id, user.role == "user"))
        .outerjoin(MessageRow, MessageRow.run_id == R.id)
        .where(text(f"runs.{LIVE_RUN.text}"))
    )


def _attached() -> Rows:
    """The files of a conversation's messages between two positions."""
    return (
        select(F.message_id, F.name, F.content_type, F.sha256, BlobRow.data)
        .select_from(T)
        .join(MessageRow, and_(MessageRow.turn_id == T.id, MessageRow.role == "user"))
        .join(F, F.message_id == MessageRow.id)
        .join(BlobRow, BlobRow.sha256 == F.sha256)
        .where(
            T.conversation_id == _int("conversation"),
            T.position < _int("before"),
            T.position > _int("after"),
        )
        .order_by(T.position, F.position)
    )


NEWEST = (C.updated_at.desc(), C.id.desc())
CURRENT_ASSISTANT = and_(V.version == A.version, A.deleted_at.is_(None))

STATEMENTS: dict[str, Rows] = {
    "conversations": _conversation().order_by(*NEWEST).limit(LIMIT),
    "conversation_named": _conversation().where(C.name == _text("name")),
    "conversation_prefixed": _conversation()
    .where(C.name >= _text("low"), C.name < _text("high"))
    .limit(LIMIT),
    "conversation_by_id": _conversation().where(C.key >= _text("low"), C.key < _text("high")).limit(LIMIT),
    "conversation_last_used": _conversation().order_by(C.used_at.desc(), C.id.desc()).limit(1),
    "conversation_names": select(C.name).where(LIVE).order_by(*NEWEST).limit(LIMIT),
    "names_prefixed": select(C.name, C.title)
    .where(LIVE, C.name >= _text("low"), C.name < _text("high"))
    .order_by(C.name)
    .limit(LIMIT),
    "turns": _turn()
    .where(T.position >= _int("first"), T.position <= _int("last"))
    .order_by(T.position)
    .limit(LIMIT),
    "turns_last": _turn().order_by(T.position.desc()).limit(LIMIT),
    "assistants": _assistant().where(CURRENT_ASSISTANT).order_by(A.name),
    "assistant_named": _assistant().where(CURRENT_ASSISTANT, A.name == _text("name")),
    "assistant_of": _assistant()
    .join(C, C.assistant_id == A.id)
    .where(C.id == _int("conversation"), V.version == A.version),
    "assistant_versions": _assistant()
    .where(A.name == _text("name"), A.deleted_at.is_(None))
    .order_by(V.version),
    "remote_assistant": select(RemoteAssistantRow.remote_id).where(
        RemoteAssistantRow.assistant_id == _int("assistant"),
        RemoteAssistantRow.provider == _text("provider"),
        RemoteAssistantRow.endpoint == _text("endpoint"),
    ),
    "remote_assistants": select(RemoteAssistantRow.provider, RemoteAssistantRow.remote_id)
    .where(RemoteAssistantRow.assistant_id == _int("assistant"))
    .order_by(RemoteAssistantRow.provider),
    "thread": select(ThreadRow.remote_id, ThreadRow.synced, ThreadRow.doubtful).where(
        ThreadRow.conversation_id == _int("conversation"),
        ThreadRow.provider == _text("provider"),
        ThreadRow.endpoint == _text("endpoint"),
        ThreadRow.dropped_at.is_(None),
    ),
    "history": _history(),
    "answered": _answered(),
    "live_run": _live_run().where(R.conversation_id == _int("conversation")),
    "live_runs": _live_run().where(LIVE).order_by(R.started_at),
    "attached": _attached(),
    "attachments": select(F.name, F.content_type, F.sha256, BlobRow.size)
    .join(BlobRow, BlobRow.sha256 == F.sha256)
    .where(F.message_id == _int("message"))
    .order_by(F.position),
    "remote_files": select(RemoteFileRow.sha256, RemoteFileRow.remote_id, F.content_type)
    .distinct()
    .join(F, F.sha256 == RemoteFileRow.sha256)
    .join(MessageRow, MessageRow.id == F.message_id)
    .join(T, T.id == MessageRow.turn_id)
    .where(
        T.conversation_id == _int("conversation"),
        RemoteFileRow.provider == _text("provider"),
        RemoteFileRow.endpoint == _text("endpoint"),
    ),
    "threads": select(
        ThreadRow.provider,
        ThreadRow.endpoint,
        ThreadRow.remote_id,
        ThreadRow.synced,
        ThreadRow.doubtful,
        ThreadRow.created_at,
    )
    .where(ThreadRow.conversation_id == _int("conversation"), ThreadRow.dropped_at.is_(None))
    .order_by(ThreadRow.created_at),
    "threads_at": select(C.name)
    .join(ThreadRow, and_(ThreadRow.conversation_id == C.id, ThreadRow.dropped_at.is_(None)))
    .where(LIVE, ThreadRow.remote_id == _text("remote_id"), ThreadRow.provider == _text("provider")),
    "conversations_at": select(C.name).where(LIVE, C.provider == _text("provider")).order_by(*NEWEST),
    "model_at": select(R.model)
    .where(R.conversation_id == _int("conversation"), R.provider == _text("provider"), R.model != "")
    .order_by(R.id.desc())
    .limit(1),
    "cost": select(
        func.coalesce(func.sum(R.cost), 0),
        func.count(case((and_(R.sent_at.is_not(None), R.cost.is_(None)), 1))),
    ).where(R.conversation_id == _int("conversation")),
    "max_cost": select(C.max_cost).where(C.id == _int("conversation")),
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
    "meta": select(MetaRow.value).where(MetaRow.key == _text("key")),
}


def render() -> str:
    """The text of ``compiled.py`` for the statements defined here."""
    return compiling.render(STATEMENTS)


if __name__ == "__main__":
    Path(__file__).with_name("compiled.py").write_text(render(), encoding="utf-8")
