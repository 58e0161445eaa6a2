"""A chatmgr of the future: the real migrations and one more, run by the real Alembic."""

import shutil
from pathlib import Path

import pytest

from chatmgr.store import migrate

ADD_A_COLUMN = 'op.add_column("conversations", sa.Column("note", sa.Text(), nullable=True))'
REBUILD = """
    with op.batch_alter_table("conversations", recreate="always") as table:
        table.alter_column("title", existing_type=sa.Text(), nullable=True)
"""
BREAK_HALF_WAY = f'{ADD_A_COLUMN}\n    op.execute("INSERT INTO nowhere VALUES (1)")'
CRASH_HALF_WAY = f'{ADD_A_COLUMN}\n    raise RuntimeError("crash")'
ORPHAN = f'{ADD_A_COLUMN}\n    op.execute("DELETE FROM conversations")'

PAST = Path(__file__).with_name("past")
TODAY = migrate.HEAD
LATER = "9001"

_SCRIPT = """
import sqlalchemy as sa
from alembic import op

revision = "{later}"
down_revision = "{today}"
branch_labels = depends_on = None


def upgrade() -> None:
    {body}
"""


def give_a_later_schema(folder: Path, patch: pytest.MonkeyPatch, body: str) -> None:
    """From here on chatmgr knows a later revision that does what ``body`` says."""
    copy = folder / "migrations"
    shutil.copytree(migrate.scripts(), copy, ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "versions" / f"{LATER}_later.py").write_text(
        _SCRIPT.format(later=LATER, today=TODAY, body=body), encoding="utf-8"
    )
    patch.setattr(migrate, "REVISIONS", (*migrate.REVISIONS, LATER))
    patch.setattr(migrate, "HEAD", LATER)
    patch.setattr(migrate, "scripts", lambda: copy)
