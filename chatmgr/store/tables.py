"""The database's tables, as SQLAlchemy Core sees them: what the writer fills and migrations lead to.

A conversation has turns at stable positions. A turn has one user message and one or more runs. A run
has at most one assistant message. What lists need on every call (turn count, newest run, last
activity) is kept on the conversation by the writer, so that no list ever has to count. The full-text
index beside these tables has a definition of its own: see ``search``.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Connection,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    event,
    false,
    text,
)

# Migrations address constraints by these names.
metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

LIVE_RUN = text("state IN ('pending', 'running', 'requires_action')")
_NOT_DELETED = text("deleted_at IS NULL")


class UtcDateTime(TypeDecorator[datetime]):
    """A point in time, in UTC: refuses naive values on the way in, returns aware ones.

    SQLite has no time zones, so a naive value would silently mean something else on each database.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("naive datetime: every moment in the store carries its time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


# Names sort by code point on both databases: a prefix is then a range, which an index can serve.
_NAME = Text().with_variant(Text(collation="C"), "postgresql")


def _column(name: str, kind: Any, *constraints: ForeignKey, nullable: bool = False, **options: Any) -> Any:
    """A column that must have a value, unless ``nullable`` is set."""
    return Column(name, kind, *constraints, nullable=nullable, **options)


def _id() -> Any:
    return Column("id", Integer, primary_key=True)


def _parent(column: str) -> ForeignKey:
    """A reference to the row that this one belongs to, and is deleted with."""
    return ForeignKey(column, ondelete="CASCADE")


def _partial_index(name: str, *columns: str, where: Any = _NOT_DELETED, unique: bool = False) -> Index:
    """An index on the rows that meet a condition; see ``set_index_conditions``."""
    return Index(name, *columns, unique=unique, info={"where": where})


def set_index_conditions(*dialects: str) -> None:
    """Give the partial indexes their conditions, for these dialects' DDL.

    SQLAlchemy imports a dialect when an option of it is set (PostgreSQL's costs 35 ms), and the writer
    creates no tables. So the conditions are set by those who need them.
    """
    for table in metadata.tables.values():
        for index in table.indexes:
            if "where" in index.info:
                for dialect in dialects:
                    index.dialect_kwargs[f"{dialect}_where"] = index.info["where"]


@event.listens_for(metadata, "before_create")
def _before_create(_metadata: object, connection: Connection, **_options: Any) -> None:
    set_index_conditions(connection.dialect.name)


# Facts about the database itself, for instance which version of chatmgr wrote its schema.
meta = Table("meta", metadata, Column("key", Text, primary_key=True), _column("value", Text))

# An assistant's name; what it consists of is in its versions.
assistants = Table(
    "assistants",
    metadata,
    _id(),
    _column("name", _NAME),
    _column("version", Integer),
    _column("created_at", UtcDateTime),
    _column("updated_at", UtcDateTime),
    _column("deleted_at", UtcDateTime, nullable=True),
    _partial_index("uq_assistants_name_live", "name", unique=True),
)

# One edition of an assistant. Never changed once written: runs refer to it.
assistant_versions = Table(
    "assistant_versions",
    metadata,
    _id(),
    _column("assistant_id", Integer, _parent("assistants.id")),
    _column("version", Integer),
    _column("instructions", Text),
    _column("model", Text),
    _column("provider", Text),
    _column("params", JSON),
    _column("created_at", UtcDateTime),
    UniqueConstraint("assistant_id", "version"),
)

# An assistant's counterpart on a server that has assistants of its own (``asst_…``).
remote_assistants = Table(
    "remote_assistants",
    metadata,
    _id(),
    _column("assistant_id", Integer, _parent("assistants.id")),
    _column("provider", Text),
    _column("endpoint", Text),
    _column("remote_id", Text),
    _column("created_at", UtcDateTime),
    UniqueConstraint("assistant_id", "provider", "endpoint"),
)

# A named series of turns. ``model`` is empty while the conversation uses its assistant's model.
# ``deleted_at``: it is in the trash. ``archived_at``: lists leave it out. ``folder``: the project folder
# that it was used in last. ``max_cost``: in billionths of a US dollar.
conversations = Table(
    "conversations",
    metadata,
    _id(),
    _column("key", _NAME, unique=True),
    _column("name", _NAME),
    _column("title", Text),
    _column("assistant_id", Integer, ForeignKey("assistants.id"), index=True),
    _column("model", Text),
    _column("provider", Text),
    _column("turns", Integer),
    _column("last_run_id", Integer, nullable=True),
    _column("created_at", UtcDateTime),
    _column("updated_at", UtcDateTime),
    _column("used_at", UtcDateTime),
    _column("deleted_at", UtcDateTime, nullable=True),
    _column("max_cost", BigInteger, nullable=True),
    _column("archived_at", UtcDateTime, nullable=True),
    _column("folder", Text, server_default=""),
    _partial_index("uq_conversations_name_live", "name", unique=True),
    _partial_index("ix_conversations_activity", "updated_at", "id"),
    _partial_index("ix_conversations_folder", "folder", "used_at", "id"),
    _partial_index("ix_conversations_used", "used_at", "id"),
)

# The labels of conversations; each conversation has any number of them.
tags = Table(
    "tags",
    metadata,
    Column("conversation_id", Integer, _parent("conversations.id"), primary_key=True),
    Column("name", _NAME, primary_key=True, index=True),
)

# A conversation's remote counterpart at one endpoint: a cache, which can be rebuilt. ``synced`` is the
# last position that it holds. ``doubtful`` is set while nobody can say what it holds, ``dropped_at`` once it
# is no longer used. An endpoint that keeps no threads has remote id ``-``.
threads = Table(
    "threads",
    metadata,
    _id(),
    _column("conversation_id", Integer, _parent("conversations.id"), index=True),
    _column("provider", Text),
    _column("endpoint", Text),
    _column("remote_id", Text),
    _column("synced", Integer),
    _column("doubtful", Boolean),
    _column("created_at", UtcDateTime),
    _column("dropped_at", UtcDateTime, nullable=True),
    _partial_index(
        "uq_threads_current",
        "conversation_id",
        "provider",
        "endpoint",
        where=text("dropped_at IS NULL"),
        unique=True,
    ),
)

# One user message and its answer. ``run_id`` is the run that answers it: the newest one.
# ``stamp`` orders all turns by the time they were said, whenever they came into the database: the second
# of ``created_at``, or the next free one. The search index knows a turn by its stamp, so that it finds
# the newest matches without looking at the others.
turns = Table(
    "turns",
    metadata,
    _id(),
    _column("conversation_id", Integer, _parent("conversations.id")),
    _column("position", Integer),
    _column("run_id", Integer, nullable=True),
    _column("created_at", UtcDateTime),
    _column("stamp", BigInteger, unique=True),
    UniqueConstraint("conversation_id", "position"),
)

# One attempt at answering a turn. At most one run of a conversation is live at a time.
# ``cost`` is in billionths of a US dollar, at the day's price; NULL where no price is known.
# ``cursor`` is the number of the last streamed event whose text is kept. ``reasoning`` is what the model
# wrote to itself, apart from the answer. ``sent_at`` is NULL until the server may have heard the message.
runs = Table(
    "runs",
    metadata,
    _id(),
    _column("turn_id", Integer, _parent("turns.id"), index=True),
    _column("conversation_id", Integer, _parent("conversations.id"), index=True),
    _column("assistant_version_id", Integer, ForeignKey("assistant_versions.id")),
    _column("provider", Text),
    _column("model", Text),
    _column("state", Text),
    _column("detail", Text),
    _column("error", Text),
    _column("thread_id", Text),
    _column("remote_id", Text),
    _column("sent_at", UtcDateTime, nullable=True),
    _column("started_at", UtcDateTime),
    _column("finished_at", UtcDateTime, nullable=True),
    _column("pid", Integer),
    _column("host", Text),
    _column("input_tokens", Integer, nullable=True),
    _column("output_tokens", Integer, nullable=True),
    _column("cached_tokens", Integer, nullable=True),
    _column("reasoning_tokens", Integer, nullable=True),
    _column("cost", BigInteger, nullable=True),
    _column("background", Boolean, server_default=false()),
    _column("cursor", Integer, nullable=True),
    _column("reasoning", Text, server_default=""),
    _partial_index("uq_runs_live", "conversation_id", where=LIVE_RUN, unique=True),
)

# Role and content. A user message belongs to its turn alone, an answer to its run as well.
messages = Table(
    "messages",
    metadata,
    _id(),
    _column("turn_id", Integer, _parent("turns.id")),
    _column("run_id", Integer, _parent("runs.id"), nullable=True),
    _column("role", Text),
    _column("content", Text),
    _column("created_at", UtcDateTime),
    Index("ix_messages_turn_id_role", "turn_id", "role"),
    _partial_index("uq_messages_answer", "run_id", where=text("run_id IS NOT NULL"), unique=True),
)

# A file's bytes, kept once however often it is attached; they travel with the database.
blobs = Table(
    "blobs",
    metadata,
    Column("sha256", Text, primary_key=True),
    _column("size", Integer),
    _column("data", LargeBinary),
)

# A file that was sent with a message, in the order in which the files were named.
attachments = Table(
    "attachments",
    metadata,
    _id(),
    _column("message_id", Integer, _parent("messages.id")),
    _column("position", Integer),
    _column("name", Text),
    _column("content_type", Text),
    _column("sha256", Text, ForeignKey("blobs.sha256"), index=True),
    UniqueConstraint("message_id", "position"),
)

# A file's counterpart on a server that files have to be uploaded to (``file-…``).
remote_files = Table(
    "remote_files",
    metadata,
    _id(),
    _column("sha256", Text, _parent("blobs.sha256")),
    _column("provider", Text),
    _column("endpoint", Text),
    _column("remote_id", Text),
    _column("created_at", UtcDateTime),
    UniqueConstraint("sha256", "provider", "endpoint"),
)
