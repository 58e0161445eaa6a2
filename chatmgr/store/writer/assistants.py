"""The writer's pages on assistants: personas, their versions, their counterparts on servers."""

from collections.abc import Mapping
from shlex import quote
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from chatmgr.domain.errors import Busy, UsageFault
from chatmgr.domain.model import Assistant
from chatmgr.domain.names import free_name, is_numbered_name
from chatmgr.store.tables import AssistantRow, AssistantVersionRow, ConversationRow, RemoteAssistantRow
from chatmgr.store.writer.base import WriterBase, now


class AssistantWriter(WriterBase):
    """Writes assistants."""

    def create_assistant(
        self, name: str, instructions: str, model: str, provider: str, params: Mapping[str, Any]
    ) -> None:
        """A new persona, at version 1."""
        try:
            with self.begin() as db:
                _create(db, name, instructions, model, provider, params)
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
                return _next_version(db, old.id, instructions, model, provider, params)
        except IntegrityError:
            raise _edited_elsewhere(old) from None

    def instruct(self, conversation: int, name: str, old: Assistant, instructions: str) -> bool:
        """Other instructions for one conversation, and for no other that there is or will be.

        An assistant that is the conversation's own (named after it, and nobody else's) gets a new version.
        Of any other a copy is made, named like the conversation. Returns whether it is a copy.
        """
        others = (
            select(ConversationRow.id)
            .where(ConversationRow.assistant_id == old.id, ConversationRow.id != conversation)
            .limit(1)
        )
        parts = (instructions, old.model, old.provider, old.params)
        try:
            with self.begin() as db:
                if is_numbered_name(old.name, name) and db.scalar(others) is None:
                    _next_version(db, old.id, *parts)
                    return False
                taken = set(db.scalars(select(AssistantRow.name).where(AssistantRow.deleted_at.is_(None))))
                made = _create(db, free_name(name, taken.__contains__), *parts)
                _use(db, conversation, made)
                return True
        except IntegrityError:
            raise _edited_elsewhere(old) from None

    def use_assistant(self, conversation: int, assistant: int, *, own_model: bool) -> None:
        """From its next turn on, a conversation is with this assistant; its own model stays or goes."""
        with self.begin() as db:
            _use(db, conversation, assistant)
            if not own_model:
                db.execute(update(ConversationRow).where(ConversationRow.id == conversation).values(model=""))

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


def _create(
    db: Connection, name: str, instructions: str, model: str, provider: str, params: Mapping[str, Any]
) -> int:
    moment = now()
    row = {"name": name, "version": 1, "created_at": moment, "updated_at": moment}
    pk = int(db.scalar(insert(AssistantRow).returning(AssistantRow.id), row) or 0)
    _add_version(db, pk, 1, instructions, model, provider, params)
    return pk


def _next_version(
    db: Connection, assistant: int, instructions: str, model: str, provider: str, params: Mapping[str, Any]
) -> int:
    version = db.scalar(
        update(AssistantRow)
        .where(AssistantRow.id == assistant)
        .values(version=AssistantRow.version + 1, updated_at=now())
        .returning(AssistantRow.version)
    )
    _add_version(db, assistant, int(version or 0), instructions, model, provider, params)
    return int(version or 0)


def _edited_elsewhere(old: Assistant) -> Busy:
    return Busy(f"“{old.name}” was edited elsewhere just now.", "Look at it, then try again.")


def _use(db: Connection, conversation: int, assistant: int) -> None:
    db.execute(
        update(ConversationRow).where(ConversationRow.id == conversation).values(assistant_id=assistant)
    )


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
