"""Turns: what was asked, each attempt at an answer, and the files."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

from chatmgr.store.columns import UtcDateTime, column, id_column, parent
from chatmgr.store.tables.metadata import LIVE_RUN, metadata, partial_index

# One user message and its answer. ``position`` is its depth in the tree. ``run_id`` is the run that answers
# it: the newest one, or the one that was picked.
# ``stamp`` orders all turns by the time they were said, whenever they came into the database: the second
# of ``created_at``, or the next free one. The search index knows a turn by its stamp, so that it finds
# the newest matches without looking at the others.
turns = Table(
    "turns",
    metadata,
    id_column(),
    column("branch_id", Integer, parent("branches.id")),
    column("position", Integer),
    column("run_id", Integer, nullable=True),
    column("created_at", UtcDateTime),
    column("stamp", BigInteger, unique=True),
    column("key", Text, unique=True),
    UniqueConstraint("branch_id", "position"),
)

# One attempt at answering a turn, made by a conversation, at most one of whose runs is live at a time.
# ``cost`` is in billionths of a US dollar, at the day's price; NULL where no price is known.
# ``cursor`` is the number of the last streamed event whose text is kept. ``reasoning`` is what the model
# wrote to itself, apart from the answer. ``sent_at`` is NULL until the server may have heard the message.
# A run that was copied for another path was not sent and used 0 tokens; sums leave it out.
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
    column("key", Text, server_default=""),
    # All that sums over runs need: without it, they read the whole table, and sort it.
    Index(
        "ix_runs_usage",
        *("conversation_id", "model", "provider", "input_tokens", "output_tokens", "cached_tokens"),
        *("reasoning_tokens", "cost", "sent_at"),
    ),
    partial_index("uq_runs_live", "conversation_id", where=LIVE_RUN, unique=True),
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
    partial_index("uq_messages_answer", "run_id", where=text("run_id IS NOT NULL"), unique=True),
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

# What a run said, piece by piece: text, images, calls of tools, reasoning. Without a run: what the user sent
# beside the message, as the results of tools. An answer of plain text alone has no items: its message is all.
# ``content`` is the same whoever said it; ``raw`` is the provider's own JSON, for the API and the models that
# made it. ``sha256`` names the bytes of an image or a file. ``position`` counts all of a turn's items,
# whichever run they are of.
items = Table(
    "items",
    metadata,
    id_column(),
    column("turn_id", Integer, parent("turns.id")),
    column("run_id", Integer, parent("runs.id"), nullable=True, index=True),
    column("position", Integer),
    column("kind", Text),
    column("content", JSON),
    column("raw", Text),
    column("api", Text),
    column("model", Text),
    column("sha256", Text, ForeignKey("blobs.sha256"), nullable=True, index=True),
    column("created_at", UtcDateTime),
    column("remote_id", Text),
    UniqueConstraint("turn_id", "run_id", "position"),
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
