"""Conversations: their paths through the tree of turns, their labels, and what was done to them."""

from sqlalchemy import JSON, BigInteger, Boolean, Column, ForeignKey, Index, Integer, Table, Text, text

from chatmgr.store.columns import NAME, UtcDateTime, column, id_column, parent
from chatmgr.store.tables.metadata import metadata, partial_index

# A stretch of turns, whose positions begin after ``parent_position``. The turns before that are the parent's;
# a branch without a parent begins at 1. Only one conversation adds turns to a branch, if any.
# ``conversation_id`` is the conversation that it was made in, which may have left it, or be gone.
branches = Table(
    "branches",
    metadata,
    id_column(),
    column("key", Text, unique=True),
    column("conversation_id", Integer, nullable=True, index=True),
    column("parent_id", Integer, ForeignKey("branches.id"), nullable=True, index=True),
    column("parent_position", Integer),
    column("created_at", UtcDateTime),
)

# A named path through the tree of turns: it ends at the position ``turns``, its tip, and goes on in the
# branch ``branch_id``. After an undo, the tip is before the end of that.
# ``model`` is empty while the conversation uses its assistant's model.
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
    column("branch_id", Integer, ForeignKey("branches.id"), unique=True),
    partial_index("uq_conversations_name_live", "name", unique=True),
    partial_index("ix_conversations_activity", "updated_at", "id"),
    partial_index("ix_conversations_folder", "folder", "used_at", "id"),
    partial_index("ix_conversations_used", "used_at", "id"),
)

# The path of a conversation, in pieces that each are in one branch: the positions ``first`` to ``last``. The
# last piece is open (``last`` is past any position), so that a new turn changes nothing here. What is after
# the conversation's tip was undone.
path_segments = Table(
    "path_segments",
    metadata,
    Column("conversation_id", Integer, parent("conversations.id"), primary_key=True),
    Column("first", Integer, primary_key=True),
    column("branch_id", Integer, ForeignKey("branches.id")),
    column("last", Integer),
    Index("ix_path_segments_branch_id", "branch_id", "conversation_id", "first", "last"),
)

# What was done to conversations: forked, undone, edited, renamed, moved, and by which process.
journal = Table(
    "journal",
    metadata,
    id_column(),
    column("conversation_id", Integer, parent("conversations.id"), index=True),
    column("action", Text),
    column("detail", JSON),
    column("pid", Integer),
    column("host", Text),
    column("created_at", UtcDateTime),
)

# The labels of conversations; each conversation has any number of them.
tags = Table(
    "tags",
    metadata,
    Column("conversation_id", Integer, parent("conversations.id"), primary_key=True),
    Column("name", NAME, primary_key=True, index=True),
)

# What came from other programs: their own ids, by the kind of source, and the key that the row has here.
# ``digest`` is what a conversation looked like there when it was imported last. Of the kind ``file`` are
# whole files that were imported without a fault, by their hash. A row stays when its conversation is deleted
# for good, so that the next import does not bring that back.
sources = Table(
    "sources",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("source_id", Text, primary_key=True),
    column("key", Text, index=True),
    column("digest", Text, server_default=""),
)

# The keys of conversations that were deleted for good, so that nothing brings them back by itself.
deletions = Table(
    "deletions",
    metadata,
    Column("key", Text, primary_key=True),
    column("deleted_at", UtcDateTime),
)

# What was exchanged last with another database, which is known by an id of its own (``meta``): of each
# conversation what it looked like on both sides after that, and the key of the turn that its path ended with
# there. A copied file may use these as well as its original: they say nothing of the machine.
exchanges = Table(
    "exchanges",
    metadata,
    Column("database", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    column("here", Text),
    column("there", Text),
    column("tip", Text),
)

# A conversation's remote counterpart at one endpoint: a cache, which can be rebuilt. It holds the path up to
# the position ``synced`` of the branch ``branch_id``, which the conversation may have left. ``doubtful`` is
# set while nobody can say what it holds, ``dropped_at`` once it is no longer used. An endpoint that keeps no
# threads has remote id ``-``.
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
    column("branch_id", Integer, nullable=True),
    partial_index(
        "uq_threads_current",
        "conversation_id",
        "provider",
        "endpoint",
        where=text("dropped_at IS NULL"),
        unique=True,
    ),
)
