"""The writer's page on files: their bytes once, by SHA-256, and what servers call them."""

from contextlib import suppress

from sqlalchemy import Connection, delete, insert, select
from sqlalchemy.exc import IntegrityError

from chatmgr.domain.model import Attachment
from chatmgr.store.tables import AttachmentRow, BlobRow, RemoteFileRow
from chatmgr.store.writer.base import now


def attach(db: Connection, message: int, attachments: tuple[Attachment, ...]) -> None:
    """Keep the files of a message, in the order they were named."""
    for place, one in enumerate(attachments):
        _keep(db, one)
        row = {"message_id": message, "position": place, "name": one.name}
        db.execute(insert(AttachmentRow), row | {"content_type": one.content_type, "sha256": one.sha256})


def _keep(db: Connection, one: Attachment) -> None:
    """A file's bytes, once; on PostgreSQL another process may keep the same ones at this moment."""
    if db.scalar(select(BlobRow.size).where(BlobRow.sha256 == one.sha256)) is None:
        with suppress(IntegrityError), db.begin_nested():
            db.execute(insert(BlobRow), {"sha256": one.sha256, "size": len(one.data), "data": one.data})


def remember(db: Connection, sha256: str, provider: str, endpoint: str, remote_id: str) -> None:
    """What an endpoint calls a file from now on."""
    known = {"sha256": sha256, "provider": provider, "endpoint": endpoint}
    db.execute(delete(RemoteFileRow).filter_by(**known))
    with suppress(IntegrityError), db.begin_nested():  # another process gave it the same file just now
        db.execute(insert(RemoteFileRow), {**known, "remote_id": remote_id, "created_at": now()})
