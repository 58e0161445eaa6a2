"""Runs that outlive the terminal: cursors, costs, reasoning; files that travel with a message."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "blobs",
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_blobs")),
    )
    op.create_table(
        "remote_files",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("endpoint", sa.Text(), nullable=False),
        sa.Column("remote_id", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["sha256"], ["blobs.sha256"], name=op.f("fk_remote_files_sha256_blobs"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_remote_files")),
        sa.UniqueConstraint(
            "sha256", "provider", "endpoint", name=op.f("uq_remote_files_sha256_provider_endpoint")
        ),
    )
    op.create_table(
        "attachments",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("content_type", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"],
            ["messages.id"],
            name=op.f("fk_attachments_message_id_messages"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["sha256"], ["blobs.sha256"], name=op.f("fk_attachments_sha256_blobs")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachments")),
        sa.UniqueConstraint("message_id", "position", name=op.f("uq_attachments_message_id_position")),
    )
    op.create_index(op.f("ix_attachments_sha256"), "attachments", ["sha256"], unique=False)
    op.add_column("conversations", sa.Column("max_cost", sa.BigInteger(), nullable=True))
    op.add_column("runs", sa.Column("cached_tokens", sa.Integer(), nullable=True))
    op.add_column("runs", sa.Column("reasoning_tokens", sa.Integer(), nullable=True))
    op.add_column("runs", sa.Column("cost", sa.BigInteger(), nullable=True))
    op.add_column("runs", sa.Column("background", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("runs", sa.Column("cursor", sa.Integer(), nullable=True))
    op.add_column("runs", sa.Column("reasoning", sa.Text(), server_default="", nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("runs", schema=None) as batch_op:
        batch_op.drop_column("reasoning")
        batch_op.drop_column("cursor")
        batch_op.drop_column("background")
        batch_op.drop_column("cost")
        batch_op.drop_column("reasoning_tokens")
        batch_op.drop_column("cached_tokens")

    with op.batch_alter_table("conversations", schema=None) as batch_op:
        batch_op.drop_column("max_cost")

    op.drop_table("attachments")
    op.drop_table("remote_files")
    op.drop_table("blobs")
