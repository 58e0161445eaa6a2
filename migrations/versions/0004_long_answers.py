"""Long answers and many: parts of an answer while it arrives, a cheaper search index, an index for sums."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# How the search index of SQLite recognizes a text in a script without spaces, before and after.
_WIDER = "\u0e00-\u17ff\u2e80-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
_EXACT = (
    "\u0e00-\u109f\u1100-\u11ff\u1780-\u17ff\u2e80-\u9fff\ua000-\ua4cf\uac00-\ud7af\uf900-\ufaff\uff66-\uff9f"
)
_EXACT += "\U00020000-\U0003ffff"
_OLD = f"text GLOB '*[{_EXACT}]*'"
_NEW = "CASE WHEN length(text) = length(CAST(text AS BLOB)) THEN 0 "
_NEW += f"WHEN text GLOB '*[{_WIDER}]*' THEN {_OLD} ELSE 0 END"
_USAGE = ["conversation_id", "model", "provider", "input_tokens", "output_tokens", "cached_tokens"]
_USAGE += ["reasoning_tokens", "cost", "sent_at"]
_USERS = "SELECT type, name, sql FROM sqlite_master WHERE type IN ('view', 'trigger') AND instr(sql, ?) > 0"


def upgrade() -> None:
    """Change the schema to this revision."""
    op.create_table(
        "answer_parts",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("start", sa.Integer(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["runs.id"], name=op.f("fk_answer_parts_run_id_runs"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run_id", "start", name=op.f("pk_answer_parts")),
    )
    op.create_index("ix_runs_usage", "runs", _USAGE)
    op.drop_index(op.f("ix_runs_conversation_id"), table_name="runs")
    _replace(_OLD, _NEW)


def downgrade() -> None:
    """Change the schema back to the revision before."""
    _replace(_NEW, _OLD)
    op.create_index(op.f("ix_runs_conversation_id"), "runs", ["conversation_id"])
    op.drop_index("ix_runs_usage", table_name="runs")
    op.drop_table("answer_parts")


def _replace(old: str, new: str) -> None:
    """Make the view and the triggers anew that hold the test; what is in the index stays true."""
    db = op.get_bind()
    if db.dialect.name != "sqlite":
        return
    for kind, name, sql in db.exec_driver_sql(_USERS, (old,)).fetchall():
        db.exec_driver_sql(f"DROP {kind} {name}")
        db.exec_driver_sql(sql.replace(old, new))
