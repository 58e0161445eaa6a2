"""The ledger's pages on assistants: personas, their versions, their counterparts on servers."""

from collections.abc import Mapping
from shlex import quote
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from chatmgr.domain.errors import Busy, UsageFault
from chatmgr.domain.model import Assistant
from chatmgr.store.rows import AssistantRow, AssistantVersionRow, ConversationRow, RemoteAssistantRow
from chatmgr.store.writer import Writer, now


class AssistantLedger(Writer):
    """Writes assistants."""

    def create_assistant(
        self, name: str, instructions: str, model: str, provider: str, params: Mapping[str, Any]
    ) -> None:
        """A new persona, at version 1."""
        moment = now()
        try:
            with self.begin() as db:
                pk = db.scalar(
                    insert(AssistantRow).returning(AssistantRow.id),
                    {"name": name, "version": 1, "created_at": moment, "updated_at": moment},
                )
                _add_version(db, int(pk or 0), 1, instructions, model, provider, params)
        except IntegrityError:
            raise UsageFault(
                f"There is an assistant “{name}” already.",
                f"Use it with -a {quote(name)}, change it with chatmgr assistant edit, "
                "or choose another name.",
            ) from None

    def edit_assistant(
        self, old: Assistant, instructions: str, model: str, provider: str, params: Mapping[str, Any]
    ) -> int:
        """A new version; runs keep pointing at the one they used. Returns its number."""
        try:
            with self.begin() as db:
                version = db.scalar(
                    update(AssistantRow)
                    .where(AssistantRow.id == old.id)
                    .values(version=AssistantRow.version + 1, updated_at=now())
                    .returning(AssistantRow.version)
                )
                _add_version(db, old.id, int(version or 0), instructions, model, provider, params)
        except IntegrityError:
            raise Busy(
                f"“{old.name}” was edited elsewhere just now.", "Look at it, then try again."
            ) from None
        return int(version or 0)

    def delete_assistant(self, assistant: Assistant) -> int:
        """Take the name away; conversations keep the persona. Returns how many still use it."""
        with self.begin() as db:
            db.execute(update(AssistantRow).where(AssistantRow.id == assistant.id).values(deleted_at=now()))
            users = select(ConversationRow.id).where(
                ConversationRow.assistant_id == assistant.id, ConversationRow.deleted_at.is_(None)
            )
            return len(db.execute(users).all())

    def set_remote_assistant(self, assistant: int, provider: str, endpoint: str, remote_id: str) -> None:
        """Remember an assistant's counterpart on a server."""
        with self.begin() as db:
            _set_remote_assistant(db, assistant, provider, endpoint, remote_id)


def _add_version(
    db: Connection,
    assistant: int,
    version: int,
    instructions: str,
    model: str,
    provider: str,
    params: Mapping[str, Any],
) -> None:
    row = {
        "assistant_id": assistant,
        "version": version,
        "instructions": instructions,
        "model": model,
        "provider": provider,
        "params": dict(params),
        "created_at": now(),
    }
    db.execute(insert(AssistantVersionRow), row)


def _set_remote_assistant(
    db: Connection, assistant: int, provider: str, endpoint: str, remote_id: str
) -> None:
    db.execute(
        delete(RemoteAssistantRow).where(
            RemoteAssistantRow.assistant_id == assistant,
            RemoteAssistantRow.provider == provider,
            RemoteAssistantRow.endpoint == endpoint,
        )
    )
    row = {
        "assistant_id": assistant,
        "provider": provider,
        "endpoint": endpoint,
        "remote_id": remote_id,
        "created_at": now(),
    }
    db.execute(insert(RemoteAssistantRow), row)
