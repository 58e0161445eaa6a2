"""What was brought from elsewhere: what a source looked like when it was imported, and what was deleted."""

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


def downgrade() -> None:
    """Change the schema back to the revision before."""
    op.drop_table("deletions")
    with op.batch_alter_table("sources") as sources:
        sources.drop_column("digest")
