"""The database's tables, as SQLAlchemy Core sees them: what the writer fills and migrations lead to.

A conversation has turns at stable positions. A turn has one user message and one or more runs. A run
has at most one assistant message. What lists need on every call (turn count, newest run, last
activity) is kept on the conversation by the writer, so that no list ever has to count. The full-text
index beside these tables has a definition of its own: see ``search``.
"""

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    event,
    false,
    text,
)

from chatmgr.store.columns import NAME, UtcDateTime, column, id_column, parent

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
meta = Table("meta", metadata, Column("key", Text, primary_key=True), column("value", Text))

# An assistant's name; what it consists of is in its versions.
assistants = Table(
    "assistants",
    metadata,
    id_column(),
    column("name", NAME),
    column("version", Integer),
    column("created_at", UtcDateTime),
    column("updated_at", UtcDateTime),
    column("deleted_at", UtcDateTime, nullable=True),
    _partial_index("uq_assistants_name_live", "name", unique=True),
)

# One edition of an assistant. Never changed once written: runs refer to it.
assistant_versions = Table(
    "assistant_versions",
    metadata,
    id_column(),
    column("assistant_id", Integer, parent("assistants.id")),
    column("version", Integer),
    column("instructions", Text),
    column("model", Text),
    column("provider", Text),
    column("params", JSON),
    column("created_at", UtcDateTime),
    UniqueConstraint("assistant_id", "version"),
)

# An assistant's counterpart on a server that has assistants of its own (``asst_…``).
remote_assistants = Table(
    "remote_assistants",
    metadata,
    id_column(),
    column("assistant_id", Integer, parent("assistants.id")),
    column("provider", Text),
    column("endpoint", Text),
    column("remote_id", Text),
    column("created_at", UtcDateTime),
    UniqueConstraint("assistant_id", "provider", "endpoint"),
)

# A named series of turns. ``model`` is empty while the conversation uses its assistant's model.
# ``deleted_at``: it is in the trash. ``archived_at``: lists leave it out. ``folder``: the project folder
# that it was used in last. ``max_cost``: in billionths of a US dollar.
conversations = Table(
    "conversations",
    metadata,
    id_column(),
    column("key", NAME, unique=True),
    column("name", NAME),
    column("title", Text),
    column("assistant_id", Integer, ForeignKey("assistants.id"), index=True),
    column("model", Text),
    column("provider", Text),
    column("turns", Integer),
    column("last_run_id", Integer, nullable=True),
    column("created_at", UtcDateTime),
    column("updated_at", UtcDateTime),
    column("used_at", UtcDateTime),
    column("deleted_at", UtcDateTime, nullable=True),
    column("max_cost", BigInteger, nullable=True),
    column("archived_at", UtcDateTime, nullable=True),
    column("folder", Text, server_default=""),
    _partial_index("uq_conversations_name_live", "name", unique=True),
    _partial_index("ix_conversations_activity", "updated_at", "id"),
    _partial_index("ix_conversations_folder", "folder", "used_at", "id"),
    _partial_index("ix_conversations_used", "used_at", "id"),
)

# The labels of conversations; each conversation has any number of them.
tags = Table(
    "tags",
    metadata,
    Column("conversation_id", Integer, parent("conversations.id"), primary_key=True),
    Column("name", NAME, primary_key=True, index=True),
)

# A conversation's remote counterpart at one endpoint: a cache, which can be rebuilt. ``synced`` is the
# last position that it holds. ``doubtful`` is set while nobody can say what it holds, ``dropped_at`` once it
# is no longer used. An endpoint that keeps no threads has remote id ``-``.
threads = Table(
    "threads",
    metadata,
    id_column(),
    column("conversation_id", Integer, parent("conversations.id"), index=True),
    column("provider", Text),
    column("endpoint", Text),
    column("remote_id", Text),
    column("synced", Integer),
    column("doubtful", Boolean),
    column("created_at", UtcDateTime),
    column("dropped_at", UtcDateTime, nullable=True),
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
    id_column(),
    column("conversation_id", Integer, parent("conversations.id")),
    column("position", Integer),
    column("run_id", Integer, nullable=True),
    column("created_at", UtcDateTime),
    column("stamp", BigInteger, unique=True),
    UniqueConstraint("conversation_id", "position"),
)

# One attempt at answering a turn. At most one run of a conversation is live at a time.
# ``cost`` is in billionths of a US dollar, at the day's price; NULL where no price is known.
# ``cursor`` is the number of the last streamed event whose text is kept. ``reasoning`` is what the model
# wrote to itself, apart from the answer. ``sent_at`` is NULL until the server may have heard the message.
runs = Table(
    "runs",
    metadata,
    id_column(),
    column("turn_id", Integer, parent("turns.id"), index=True),
    column("conversation_id", Integer, parent("conversations.id")),
    column("assistant_version_id", Integer, ForeignKey("assistant_versions.id")),
    column("provider", Text),
    column("model", Text),
    column("state", Text),
    column("detail", Text),
    column("error", Text),
    column("thread_id", Text),
    column("remote_id", Text),
    column("sent_at", UtcDateTime, nullable=True),
    column("started_at", UtcDateTime),
    column("finished_at", UtcDateTime, nullable=True),
    column("pid", Integer),
    column("host", Text),
    column("input_tokens", Integer, nullable=True),
    column("output_tokens", Integer, nullable=True),
    column("cached_tokens", Integer, nullable=True),
    column("reasoning_tokens", Integer, nullable=True),
    column("cost", BigInteger, nullable=True),
    column("background", Boolean, server_default=false()),
    column("cursor", Integer, nullable=True),
    column("reasoning", Text, server_default=""),
    # All that sums over runs need: without it, they read the whole table, and sort it.
    Index(
        "ix_runs_usage",
        *("conversation_id", "model", "provider", "input_tokens", "output_tokens", "cached_tokens"),
        *("reasoning_tokens", "cost", "sent_at"),
    ),
    _partial_index("uq_runs_live", "conversation_id", where=LIVE_RUN, unique=True),
)

# Role and content. A user message belongs to its turn alone, an answer to its run as well.
messages = Table(
    "messages",
    metadata,
    id_column(),
    column("turn_id", Integer, parent("turns.id")),
    column("run_id", Integer, parent("runs.id"), nullable=True),
    column("role", Text),
    column("content", Text),
    column("created_at", UtcDateTime),
    Index("ix_messages_turn_id_role", "turn_id", "role"),
    _partial_index("uq_messages_answer", "run_id", where=text("run_id IS NOT NULL"), unique=True),
)

# What has arrived of a long answer while its run is live, beyond what its message holds: each checkpoint adds
# a part, so that it writes what is new. ``start`` is the number of characters before it. The end of the run
# moves the whole answer into its message.
answer_parts = Table(
    "answer_parts",
    metadata,
    Column("run_id", Integer, parent("runs.id"), primary_key=True),
    Column("start", Integer, primary_key=True),
    column("content", Text),
)

# A file's bytes, kept once however often it is attached; they travel with the database.
blobs = Table(
    "blobs",
    metadata,
    Column("sha256", Text, primary_key=True),
    column("size", Integer),
    column("data", LargeBinary),
)

# A file that was sent with a message, in the order in which the files were named.
attachments = Table(
    "attachments",
    metadata,
    id_column(),
    column("message_id", Integer, parent("messages.id")),
    column("position", Integer),
    column("name", Text),
    column("content_type", Text),
    column("sha256", Text, ForeignKey("blobs.sha256"), index=True),
    UniqueConstraint("message_id", "position"),
)

# A file's counterpart on a server that files have to be uploaded to (``file-…``).
remote_files = Table(
    "remote_files",
    metadata,
    id_column(),
    column("sha256", Text, parent("blobs.sha256")),
    column("provider", Text),
    column("endpoint", Text),
    column("remote_id", Text),
    column("created_at", UtcDateTime),
    UniqueConstraint("sha256", "provider", "endpoint"),
)
