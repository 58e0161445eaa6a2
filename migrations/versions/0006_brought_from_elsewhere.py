"""What was brought from elsewhere: what a source looked like, what was deleted, what was exchanged."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Change the schema to this revision."""
    op.add_column("sources", sa.Column("digest", sa.Text(), server_default="", nullable=False))
    op.create_table(
        "deletions",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_deletions")),
    )
    op.create_table(
        "exchanges",
        sa.Column("database", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("here", sa.Text(), nullable=False),
        sa.Column("there", sa.Text(), nullable=False),
        sa.Column("tip", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("database", "key", name=op.f("pk_exchanges")),
    )


def downgrade() -> None:
    """Change the schema back to the revision before."""
    op.drop_table("exchanges")
    op.drop_table("deletions")
    with op.batch_alter_table("sources") as sources:
        sources.drop_column("digest")
