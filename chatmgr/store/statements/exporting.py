"""Whole rows, for exports: every column of everything that belongs to a conversation."""

from typing import Any

from sqlalchemy import ColumnElement, or_, select

from chatmgr.domain.export_schema import COLUMNS
from chatmgr.store.compiling import Rows
from chatmgr.store.statements.parts import (
    LIMIT,
    LIVE,
    NEWEST,
    A,
    C,
    F,
    R,
    T,
    V,
    a_text,
    an_int,
    conversation,
    of_conversations,
)
from chatmgr.store.tables import Base, BlobRow

_TABLES = Base.metadata.tables


def _columns(table: str) -> list[ColumnElement[Any]]:
    return [_TABLES[table].c[name] for name in COLUMNS[table]]


def _rows(table: str, *where: ColumnElement[bool], by: tuple[str, ...] = ("id",)) -> Rows:
    return select(*_columns(table)).where(*where).order_by(*(_TABLES[table].c[name] for name in by))


def _of(table: str, column: str, value: str) -> ColumnElement[bool]:
    """``value`` names the parameter too."""
    return _TABLES[table].c[column] == an_int(value)


_M = _TABLES["messages"].c
_SPAN = (
    T.conversation_id == an_int("conversation"),
    T.position >= an_int("first"),
    T.position <= an_int("last"),
)

STATEMENTS: dict[str, Rows] = {
    "chosen": conversation()
    .with_only_columns(C.id, maintain_column_froms=True)
    .where(LIVE, *of_conversations())
    .order_by(*NEWEST),
    "conversation_at": conversation().where(C.id == an_int("conversation")),
    "files_of": select(F.name, F.content_type, F.sha256, BlobRow.data)
    .join(BlobRow, BlobRow.sha256 == F.sha256)
    .where(F.message_id == an_int("message"))
    .order_by(F.position),
    "export_conversations": _rows("conversations", _of("conversations", "id", "conversation")),
    "export_tags": _rows("tags", _of("tags", "conversation_id", "conversation"), by=("name",)),
    "export_threads": _rows("threads", _of("threads", "conversation_id", "conversation")),
    # Through the turns: they have an index by conversation, the runs have none.
    "export_assistants": _rows(
        "assistants",
        or_(
            A.id.in_(select(C.assistant_id).where(C.id == an_int("conversation"))),
            A.id.in_(
                select(V.assistant_id)
                .join(R, R.assistant_version_id == V.id)
                .join(T, T.id == R.turn_id)
                .where(T.conversation_id == an_int("conversation"))
            ),
        ),
    ),
    "export_assistant_versions": _rows(
        "assistant_versions", _of("assistant_versions", "assistant_id", "assistant"), by=("version",)
    ),
    "export_remote_assistants": _rows(
        "remote_assistants", _of("remote_assistants", "assistant_id", "assistant")
    ),
    "export_turns": _rows(
        "turns",
        T.conversation_id == an_int("conversation"),
        T.position > an_int("after"),
        by=("position",),
    ).limit(LIMIT),
    "export_runs": select(*_columns("runs")).join(T, T.id == R.turn_id).where(*_SPAN).order_by(R.id),
    "export_messages": select(*_columns("messages"))
    .join(T, T.id == _M.turn_id)
    .where(*_SPAN)
    .order_by(_M.id),
    "export_attachments": select(*_columns("attachments"))
    .join(_TABLES["messages"], _M.id == F.message_id)
    .join(T, T.id == _M.turn_id)
    .where(*_SPAN)
    .order_by(F.message_id, F.position),
    "export_blobs": _rows("blobs", _TABLES["blobs"].c.sha256 == a_text("sha256"), by=("sha256",)),
    "export_remote_files": _rows("remote_files", _TABLES["remote_files"].c.sha256 == a_text("sha256")),
}
