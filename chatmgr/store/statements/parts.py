"""What several statements are made of: the tables' short names, parameters, and the rows most lists show."""

from datetime import datetime

from sqlalchemy import BigInteger, Integer, Text, and_, bindparam, case, exists, func, or_, select, text
from sqlalchemy.orm import aliased
from sqlalchemy.sql import ColumnElement
from sqlalchemy.sql.elements import SQLColumnExpression

from chatmgr.store.base import LIVE_RUN, UtcDateTime
from chatmgr.store.compiling import Rows
from chatmgr.store.tables import (
    AssistantRow,
    AssistantVersionRow,
    AttachmentRow,
    BlobRow,
    ConversationRow,
    MessageRow,
    RunRow,
    TagRow,
    ThreadRow,
    TurnRow,
)

A, V, C, T, R = AssistantRow, AssistantVersionRow, ConversationRow, TurnRow, RunRow
F = AttachmentRow
LIMIT = bindparam("limit", type_=Integer)
LIVE = C.deleted_at.is_(None)


def a_text(name: str) -> ColumnElement[str]:
    return bindparam(name, type_=Text)


def an_int(name: str) -> ColumnElement[int]:
    return bindparam(name, type_=Integer)


def a_big(name: str) -> ColumnElement[int]:
    return bindparam(name, type_=BigInteger)


def a_moment(name: str) -> ColumnElement[datetime]:
    return bindparam(name, type_=UtcDateTime)


def conversation() -> Rows:
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
    tags = (
        select(func.aggregate_strings(TagRow.name, ","))
        .where(TagRow.conversation_id == C.id)
        .scalar_subquery()
    )
    return (
        select(
            C.id,
            C.key,
            C.name,
            C.title,
            A.name,
            A.version,
            shown_model(),
            C.provider,
            func.coalesce(thread, ""),
            C.turns,
            func.coalesce(R.state, "empty"),
            C.created_at,
            C.updated_at,
            C.model,
            C.archived_at,
            C.deleted_at,
            C.folder,
            tags,
        )
        .join(A, A.id == C.assistant_id)
        .join(V, and_(V.assistant_id == A.id, V.version == A.version))
        .outerjoin(R, R.id == C.last_run_id)
    )


def shown_model() -> ColumnElement[str]:
    """A conversation's own model, else its assistant's if meant for its provider, else the last."""
    persona = case((or_(V.provider == "", V.provider == C.provider), func.nullif(V.model, "")))
    used = case((R.provider == C.provider, R.model))
    return func.coalesce(func.nullif(C.model, ""), persona, used, "")


def chosen(name: str, column: SQLColumnExpression[str]) -> ColumnElement[bool]:
    """A filter that lets everything pass while its value is empty."""
    return or_(a_text(name) == "", column == a_text(name))


def of_conversations() -> tuple[ColumnElement[bool], ...]:
    """The filters of ``domain.filters``, on rows of ``conversation``."""
    attached = (
        exists()
        .where(T.conversation_id == C.id, MessageRow.turn_id == T.id, F.message_id == MessageRow.id)
        .correlate(C)
    )
    cost = select(func.coalesce(func.sum(RunRow.cost), 0)).where(RunRow.conversation_id == C.id)
    return (
        C.updated_at.between(a_moment("since"), a_moment("until")),
        chosen("model", shown_model()),
        chosen("provider", C.provider),
        chosen("state", func.coalesce(R.state, "empty")),
        or_(an_int("file") == 0, attached),
        or_(a_big("min_cost") == 0, cost.correlate(C).scalar_subquery() >= a_big("min_cost")),
        *of_belonging(),
    )


def of_belonging() -> tuple[ColumnElement[bool], ...]:
    """The filters that conversations and turns share: assistant, folder, tag, archive."""
    tagged = exists().where(TagRow.conversation_id == C.id, TagRow.name == a_text("tag")).correlate(C)
    return (
        chosen("assistant", A.name),
        chosen("folder", C.folder),
        or_(a_text("tag") == "", tagged),
        or_(an_int("archived") < 0, case((C.archived_at.is_(None), 0), else_=1) == an_int("archived")),
    )


def turn() -> Rows:
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
        .where(T.conversation_id == an_int("conversation"))
    )


def assistant() -> Rows:
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


def history() -> Rows:
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
            T.conversation_id == an_int("conversation"),
            T.position < an_int("before"),
            T.position > an_int("after"),
            answer.content != "",
        )
        .order_by(T.position.desc())
    )


def answered() -> Rows:
    """The newest position that has an answer, before a given one."""
    return (
        select(T.position)
        .join(MessageRow, MessageRow.run_id == T.run_id)
        .where(
            T.conversation_id == an_int("conversation"),
            T.position < an_int("before"),
            MessageRow.content != "",
        )
        .order_by(T.position.desc())
        .limit(1)
    )


def live_run() -> Rows:
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


def attached() -> Rows:
    """The files of a conversation's messages between two positions."""
    return (
        select(F.message_id, F.name, F.content_type, F.sha256, BlobRow.data)
        .select_from(T)
        .join(MessageRow, and_(MessageRow.turn_id == T.id, MessageRow.role == "user"))
        .join(F, F.message_id == MessageRow.id)
        .join(BlobRow, BlobRow.sha256 == F.sha256)
        .where(
            T.conversation_id == an_int("conversation"),
            T.position < an_int("before"),
            T.position > an_int("after"),
        )
        .order_by(T.position, F.position)
    )


def said() -> Rows:
    """What the user said in all conversations that are not deleted, newest first."""
    return (
        select(MessageRow.content)
        .join(T, T.id == MessageRow.turn_id)
        .join(C, C.id == T.conversation_id)
        .where(LIVE, MessageRow.role == "user")
        .order_by(MessageRow.id.desc())
        .limit(LIMIT)
    )


NEWEST = (C.updated_at.desc(), C.id.desc())
CURRENT_ASSISTANT = and_(V.version == A.version, A.deleted_at.is_(None))
