"""The tables, typed: the only ORM classes of the project, and the definition that migrations follow.

One conversation has turns at stable positions; a turn has one user message and one or more runs; a
run has at most one assistant message. What lists need on every call (turn count, newest run, last
activity) is kept on the conversation by the writer, so that a list never has to count. The search
index beside them is not made of ORM classes: see ``search``.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Index,
    LargeBinary,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from chatmgr.store.base import LIVE_RUN, NOT_DELETED, Base, ByCodePoint

__all__ = ["Base"]


class MetaRow(Base):
    """Facts about the database itself, for instance which version of chatmgr wrote its schema."""

    __tablename__ = "meta"

    key: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]


class AssistantRow(Base):
    """A persona's name; what it is made of lives in its versions."""

    __tablename__ = "assistants"
    __table_args__ = (
        Index(
            "uq_assistants_name_live",
            "name",
            unique=True,
            sqlite_where=NOT_DELETED,
            postgresql_where=NOT_DELETED,
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(ByCodePoint)
    version: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]


class AssistantVersionRow(Base):
    """One edition of an assistant. Never changed once written: runs point at it."""

    __tablename__ = "assistant_versions"
    __table_args__ = (UniqueConstraint("assistant_id", "version"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    assistant_id: Mapped[int] = mapped_column(ForeignKey("assistants.id", ondelete="CASCADE"))
    version: Mapped[int]
    instructions: Mapped[str]
    model: Mapped[str]
    provider: Mapped[str]
    params: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]


class RemoteAssistantRow(Base):
    """An assistant's counterpart on a server that has such things (``asst_…``)."""

    __tablename__ = "remote_assistants"
    __table_args__ = (UniqueConstraint("assistant_id", "provider", "endpoint"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    assistant_id: Mapped[int] = mapped_column(ForeignKey("assistants.id", ondelete="CASCADE"))
    provider: Mapped[str]
    endpoint: Mapped[str]
    remote_id: Mapped[str]
    created_at: Mapped[datetime]


class ConversationRow(Base):
    """A named series of turns. ``model`` is empty while it follows its assistant's.

    ``deleted_at`` puts it into the trash, ``archived_at`` out of the lists. ``folder`` is where it was
    used last.
    """

    __tablename__ = "conversations"
    __table_args__ = (
        Index(
            "uq_conversations_name_live",
            "name",
            unique=True,
            sqlite_where=NOT_DELETED,
            postgresql_where=NOT_DELETED,
        ),
        Index(
            "ix_conversations_activity",
            "updated_at",
            "id",
            sqlite_where=NOT_DELETED,
            postgresql_where=NOT_DELETED,
        ),
        Index(
            "ix_conversations_folder",
            "folder",
            "used_at",
            "id",
            sqlite_where=NOT_DELETED,
            postgresql_where=NOT_DELETED,
        ),
        Index(
            "ix_conversations_used",
            "used_at",
            "id",
            sqlite_where=NOT_DELETED,
            postgresql_where=NOT_DELETED,
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(ByCodePoint, unique=True)
    name: Mapped[str] = mapped_column(ByCodePoint)
    title: Mapped[str]
    assistant_id: Mapped[int] = mapped_column(ForeignKey("assistants.id"), index=True)
    model: Mapped[str]
    provider: Mapped[str]
    turns: Mapped[int]
    last_run_id: Mapped[int | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    used_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]
    max_cost: Mapped[int | None] = mapped_column(BigInteger)
    archived_at: Mapped[datetime | None]
    folder: Mapped[str] = mapped_column(server_default="")


class TagRow(Base):
    """A word that conversations are sorted by; each has any number of them."""

    __tablename__ = "tags"

    conversation_id: Mapped[int] = mapped_column(
        ForeignKey("conversations.id", ondelete="CASCADE"), primary_key=True
    )
    name: Mapped[str] = mapped_column(ByCodePoint, primary_key=True, index=True)


class ThreadRow(Base):
    """A conversation's remote counterpart at one endpoint; a cache that can be rebuilt.

    ``synced`` is the last position it holds; ``doubtful`` while nobody can say what it holds;
    ``dropped_at`` once it is no longer used. An endpoint that keeps no threads has remote id ``-``.
    """

    __tablename__ = "threads"
    __table_args__ = (
        Index(
            "uq_threads_current",
            "conversation_id",
            "provider",
            "endpoint",
            unique=True,
            sqlite_where=text("dropped_at IS NULL"),
            postgresql_where=text("dropped_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[int] = mapped_column(
        ForeignKey("conversations.id", ondelete="CASCADE"), index=True
    )
    provider: Mapped[str]
    endpoint: Mapped[str]
    remote_id: Mapped[str]
    synced: Mapped[int]
    doubtful: Mapped[bool]
    created_at: Mapped[datetime]
    dropped_at: Mapped[datetime | None]


class TurnRow(Base):
    """One user message and its answer. ``run_id`` is the run that answers it: the newest one.

    ``stamp`` orders all turns by when they were said, whenever they came into the database: the second
    of ``created_at``, or the next one that is free. The search index knows a turn by it, so that the
    newest matches are found without looking at the others.
    """

    __tablename__ = "turns"
    __table_args__ = (UniqueConstraint("conversation_id", "position"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"))
    position: Mapped[int]
    run_id: Mapped[int | None]
    created_at: Mapped[datetime]
    stamp: Mapped[int] = mapped_column(BigInteger, unique=True)


class RunRow(Base):
    """One attempt at answering a turn. At most one run of a conversation is live at a time.

    ``cost`` is in billionths of a US dollar, at the price of the day; empty where no price is known.
    ``cursor`` is the number of the last streamed event whose text is kept. ``reasoning`` is what the
    model said to itself, apart from the answer.
    """

    __tablename__ = "runs"
    __table_args__ = (
        Index(
            "uq_runs_live",
            "conversation_id",
            unique=True,
            sqlite_where=LIVE_RUN,
            postgresql_where=LIVE_RUN,
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    turn_id: Mapped[int] = mapped_column(ForeignKey("turns.id", ondelete="CASCADE"), index=True)
    conversation_id: Mapped[int] = mapped_column(
        ForeignKey("conversations.id", ondelete="CASCADE"), index=True
    )
    assistant_version_id: Mapped[int] = mapped_column(ForeignKey("assistant_versions.id"))
    provider: Mapped[str]
    model: Mapped[str]
    state: Mapped[str]
    detail: Mapped[str]
    error: Mapped[str]
    thread_id: Mapped[str]
    remote_id: Mapped[str]
    sent_at: Mapped[datetime | None]
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    pid: Mapped[int]
    host: Mapped[str]
    input_tokens: Mapped[int | None]
    output_tokens: Mapped[int | None]
    cached_tokens: Mapped[int | None]
    reasoning_tokens: Mapped[int | None]
    cost: Mapped[int | None] = mapped_column(BigInteger)
    background: Mapped[bool] = mapped_column(server_default=false())
    cursor: Mapped[int | None]
    reasoning: Mapped[str] = mapped_column(server_default="")


class MessageRow(Base):
    """Role and content. A user message belongs to its turn alone, an answer also to its run."""

    __tablename__ = "messages"
    __table_args__ = (
        Index("ix_messages_turn_id_role", "turn_id", "role"),
        Index(
            "uq_messages_answer",
            "run_id",
            unique=True,
            sqlite_where=text("run_id IS NOT NULL"),
            postgresql_where=text("run_id IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    turn_id: Mapped[int] = mapped_column(ForeignKey("turns.id", ondelete="CASCADE"))
    run_id: Mapped[int | None] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"))
    role: Mapped[str]
    content: Mapped[str]
    created_at: Mapped[datetime]


class BlobRow(Base):
    """A file's bytes, kept once however often it is attached; they travel with the database."""

    __tablename__ = "blobs"

    sha256: Mapped[str] = mapped_column(primary_key=True)
    size: Mapped[int]
    data: Mapped[bytes] = mapped_column(LargeBinary)


class AttachmentRow(Base):
    """A file that was sent with a message, in the order it was named."""

    __tablename__ = "attachments"
    __table_args__ = (UniqueConstraint("message_id", "position"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("messages.id", ondelete="CASCADE"))
    position: Mapped[int]
    name: Mapped[str]
    content_type: Mapped[str]
    sha256: Mapped[str] = mapped_column(ForeignKey("blobs.sha256"), index=True)


class RemoteFileRow(Base):
    """A file's counterpart on a server that files must be uploaded to (``file-…``)."""

    __tablename__ = "remote_files"
    __table_args__ = (UniqueConstraint("sha256", "provider", "endpoint"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    sha256: Mapped[str] = mapped_column(ForeignKey("blobs.sha256", ondelete="CASCADE"))
    provider: Mapped[str]
    endpoint: Mapped[str]
    remote_id: Mapped[str]
    created_at: Mapped[datetime]
