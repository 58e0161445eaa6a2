"""A tree of turns, items of answers, ids that travel, and a journal."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_FAR = 2**31 - 1
# A UUID of version 7, whose time is that of a row.
_KEY = {
    "sqlite": (
        "substr({milliseconds}, 1, 8) || '-' || substr({milliseconds}, 9) || '-7' || "
        "substr(lower(hex(randomblob(2))), 2) || '-' || substr('89ab', 1 + (random() & 3), 1) || "
        "substr(lower(hex(randomblob(2))), 2) || '-' || lower(hex(randomblob(6)))"
    ),
    "postgresql": (
        "substr({milliseconds}, 1, 8) || '-' || substr({milliseconds}, 9) || '-7' || "
        "substr(gen_random_uuid()::text, 16)"
    ),
}
_MILLISECONDS = {
    "sqlite": (
        "printf('%012x', CAST(strftime('%s', substr({at}, 1, 19)) AS INTEGER) * 1000 "
        "+ CAST(substr({at}, 21, 3) AS INTEGER))"
    ),
    "postgresql": "lpad(to_hex(CAST(floor(extract(epoch FROM {at}) * 1000) AS BIGINT)), 12, '0')",
}
_UNFORKED = """SELECT count(*) FROM conversations WHERE branch_id NOT IN (
SELECT id FROM branches WHERE parent_id IS NULL) OR branch_id IN (
SELECT branch_id FROM path_segments GROUP BY branch_id HAVING count(*) > 1)"""


def _key(at: str) -> str:
    """SQL for a new key at the time that a column holds."""
    dialect = op.get_bind().dialect.name
    return _KEY[dialect].format(milliseconds=_MILLISECONDS[dialect].format(at=at))


def upgrade() -> None:
    """Change the schema to this revision: each conversation becomes a branch of its own number."""
    _create_tables()
    _run(
        "INSERT INTO branches (id, key, conversation_id, parent_id, parent_position, created_at) "
        f"SELECT id, {_key('created_at')}, id, NULL, 0, created_at FROM conversations",
        f"INSERT INTO path_segments (conversation_id, first, branch_id, last) SELECT id, 1, id, {_FAR} "
        "FROM conversations",
    )
    if op.get_bind().dialect.name == "postgresql":
        _run("SELECT setval(pg_get_serial_sequence('branches', 'id'), max(id)) FROM branches")
    op.add_column("conversations", sa.Column("branch_id", sa.Integer(), nullable=True))
    op.add_column("threads", sa.Column("branch_id", sa.Integer(), nullable=True))
    op.add_column("turns", sa.Column("branch_id", sa.Integer(), nullable=True))
    op.add_column("turns", sa.Column("key", sa.Text(), nullable=True))
    for table in ("runs", "assistant_versions"):
        op.add_column(table, sa.Column("key", sa.Text(), server_default="", nullable=False))
    _run(
        "UPDATE conversations SET branch_id = id",
        "UPDATE threads SET branch_id = conversation_id",
        f"UPDATE turns SET branch_id = conversation_id, key = {_key('created_at')}",
        f"UPDATE runs SET key = {_key('started_at')}",
        f"UPDATE assistant_versions SET key = {_key('created_at')}",
    )
    op.create_index("uq_assistant_versions_key", "assistant_versions", ["key"], unique=True)
    with op.batch_alter_table("conversations") as conversations:
        conversations.alter_column("branch_id", existing_type=sa.Integer(), nullable=False)
        conversations.create_foreign_key(
            op.f("fk_conversations_branch_id_branches"), "branches", ["branch_id"], ["id"]
        )
        conversations.create_unique_constraint(op.f("uq_conversations_branch_id"), ["branch_id"])
    with op.batch_alter_table("turns") as turns:
        turns.drop_constraint(op.f("uq_turns_conversation_id_position"), type_="unique")
        turns.drop_constraint(op.f("fk_turns_conversation_id_conversations"), type_="foreignkey")
        turns.drop_column("conversation_id")
        turns.alter_column("branch_id", existing_type=sa.Integer(), nullable=False)
        turns.alter_column("key", existing_type=sa.Text(), nullable=False)
        turns.create_foreign_key(
            op.f("fk_turns_branch_id_branches"), "branches", ["branch_id"], ["id"], ondelete="CASCADE"
        )
        turns.create_unique_constraint(op.f("uq_turns_branch_id_position"), ["branch_id", "position"])
        turns.create_unique_constraint(op.f("uq_turns_key"), ["key"])


def downgrade() -> None:
    """Change the schema back to the revision before, which knows neither forks nor items."""
    db = op.get_bind()
    if db.exec_driver_sql(_UNFORKED).scalar() or db.exec_driver_sql("SELECT count(*) FROM items").scalar():
        raise RuntimeError("Some conversations were forked or edited, or hold more than text.")
    op.add_column("turns", sa.Column("conversation_id", sa.Integer(), nullable=True))
    _run(
        "UPDATE turns SET conversation_id = "
        "(SELECT id FROM conversations WHERE conversations.branch_id = turns.branch_id)"
    )
    with op.batch_alter_table("turns") as turns:
        turns.drop_constraint(op.f("uq_turns_key"), type_="unique")
        turns.drop_constraint(op.f("uq_turns_branch_id_position"), type_="unique")
        turns.drop_constraint(op.f("fk_turns_branch_id_branches"), type_="foreignkey")
        turns.drop_column("key")
        turns.drop_column("branch_id")
        turns.alter_column("conversation_id", existing_type=sa.Integer(), nullable=False)
        turns.create_foreign_key(
            op.f("fk_turns_conversation_id_conversations"),
            "conversations",
            ["conversation_id"],
            ["id"],
            ondelete="CASCADE",
        )
        turns.create_unique_constraint(
            op.f("uq_turns_conversation_id_position"), ["conversation_id", "position"]
        )
    with op.batch_alter_table("conversations") as conversations:
        conversations.drop_constraint(op.f("uq_conversations_branch_id"), type_="unique")
        conversations.drop_constraint(op.f("fk_conversations_branch_id_branches"), type_="foreignkey")
        conversations.drop_column("branch_id")
    op.drop_index("uq_assistant_versions_key", table_name="assistant_versions")
    for table, column in (("threads", "branch_id"), ("runs", "key"), ("assistant_versions", "key")):
        with op.batch_alter_table(table) as batch:
            batch.drop_column(column)
    for table in ("items", "sources", "journal", "path_segments", "branches"):
        op.drop_table(table)


def _run(*statements: str) -> None:
    for statement in statements:
        op.get_bind().exec_driver_sql(statement)


def _create_tables() -> None:
    op.create_table(
        "branches",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("conversation_id", sa.Integer(), nullable=True),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.Column("parent_position", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["parent_id"], ["branches.id"], name=op.f("fk_branches_parent_id_branches")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_branches")),
        sa.UniqueConstraint("key", name=op.f("uq_branches_key")),
    )
    op.create_index(op.f("ix_branches_conversation_id"), "branches", ["conversation_id"])
    op.create_index(op.f("ix_branches_parent_id"), "branches", ["parent_id"])
    op.create_table(
        "path_segments",
        sa.Column("conversation_id", sa.Integer(), nullable=False),
        sa.Column("first", sa.Integer(), nullable=False),
        sa.Column("branch_id", sa.Integer(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["branch_id"], ["branches.id"], name=op.f("fk_path_segments_branch_id_branches")
        ),
        _of_conversation("path_segments"),
        sa.PrimaryKeyConstraint("conversation_id", "first", name=op.f("pk_path_segments")),
    )
    op.create_index(
        "ix_path_segments_branch_id", "path_segments", ["branch_id", "conversation_id", "first", "last"]
    )
    op.create_table(
        "journal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("conversation_id", sa.Integer(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        _of_conversation("journal"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal")),
    )
    op.create_index(op.f("ix_journal_conversation_id"), "journal", ["conversation_id"])
    op.create_table(
        "sources",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "source_id", name=op.f("pk_sources")),
    )
    op.create_index(op.f("ix_sources_key"), "sources", ["key"])
    op.create_table(
        "items",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("turn_id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("raw", sa.Text(), nullable=False),
        sa.Column("api", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("remote_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["turn_id"], ["turns.id"], name=op.f("fk_items_turn_id_turns"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["run_id"], ["runs.id"], name=op.f("fk_items_run_id_runs"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["sha256"], ["blobs.sha256"], name=op.f("fk_items_sha256_blobs")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_items")),
        sa.UniqueConstraint("turn_id", "run_id", "position", name=op.f("uq_items_turn_id_run_id_position")),
    )
    op.create_index(op.f("ix_items_run_id"), "items", ["run_id"])
    op.create_index(op.f("ix_items_sha256"), "items", ["sha256"])


def _of_conversation(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_conversation_id_conversations")
    return sa.ForeignKeyConstraint(["conversation_id"], ["conversations.id"], name=name, ondelete="CASCADE")
