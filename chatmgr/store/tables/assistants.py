"""Assistants, their versions, and their counterparts on servers."""

from sqlalchemy import JSON, Index, Integer, Table, Text, UniqueConstraint

from chatmgr.store.columns import NAME, UtcDateTime, column, id_column, parent
from chatmgr.store.tables.metadata import metadata, partial_index

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
    partial_index("uq_assistants_name_live", "name", unique=True),
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
    column("key", Text, server_default=""),
    UniqueConstraint("assistant_id", "version"),
    Index("uq_assistant_versions_key", "key", unique=True),
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
