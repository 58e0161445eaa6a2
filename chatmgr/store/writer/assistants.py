"""Writes assistants: their versions, and what they are called on servers."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from shlex import quote
from typing import Any

from sqlalchemy import Connection, delete, exists, insert, select, update
from sqlalchemy.exc import IntegrityError

from chatmgr.domain.errors import Busy, UsageFault
from chatmgr.domain.ids import new_key
from chatmgr.domain.model import Assistant
from chatmgr.domain.names import DEFAULT_ASSISTANT, free_name, is_numbered_name
from chatmgr.store.tables import assistant_versions, assistants, conversations, remote_assistants
from chatmgr.store.writer.conversations import batches
from chatmgr.store.writer.database import Database, now
from chatmgr.store.writer.journal import note

Params = Mapping[str, Any]


class AssistantWriter:
    """Assistants and their versions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, name: str, instructions: str, model: str, provider: str, params: Params) -> None:
        """Add an assistant, at version 1; raises UsageFault where the name is taken."""
        try:
            with self._database.begin() as db:
                _create(db, name, instructions, model, provider, params)
        except IntegrityError:
            raise UsageFault(
                f"There is an assistant “{name}” already.",
                f"Use it with -a {quote(name)}, change it with chatmgr assistant edit, "
                "or choose another name.",
            ) from None

    def create_missing(self, name: str, instructions: str) -> None:
        """Add an assistant unless there is one of this name, whoever made it and however recently."""
        with suppress(IntegrityError), self._database.begin() as db:
            _create(db, name, instructions, "", "", {})

    def edit(self, old: Assistant, instructions: str, model: str, provider: str, params: Params) -> int:
        """Add a version and return its number. Runs keep referring to the version that they used."""
        try:
            with self._database.begin() as db:
                return _add_next_version(db, old.id, instructions, model, provider, params)
        except IntegrityError:
            raise _edited_elsewhere(old) from None

    def instruct(self, conversation: int, name: str, old: Assistant, instructions: str) -> bool:
        """Change the instructions of one conversation, and of no other, present or future.

        ``name`` is the conversation's. An assistant that belongs to this conversation (it is named after it,
        and no other uses it) gets a new version. Any other is copied, under a name like the conversation's;
        so is the default one, which belongs to the conversations that are yet to come.
        Returns whether it was copied.
        """
        parts = (instructions, old.model, old.provider, old.params)
        try:
            with self._database.begin() as db:
                is_own = old.name != DEFAULT_ASSISTANT and is_numbered_name(old.name, name)
                if is_own and not _used_elsewhere(db, old.id, conversation):
                    version = _add_next_version(db, old.id, *parts)
                    note(db, conversation, "assistant", name=old.name, version=version)
                    return False
                live = select(assistants.c.name).where(assistants.c.deleted_at.is_(None))
                taken = set(db.scalars(live))
                copy = _create(db, free_name(name, taken.__contains__), *parts)
                _use(db, conversation, copy)
                return True
        except IntegrityError:
            raise _edited_elsewhere(old) from None

    def use(self, conversation: int, assistant: int, *, own_model: bool) -> None:
        """Set the assistant that a conversation uses from its next turn on.

        ``own_model`` keeps the model that was chosen for the conversation; otherwise the assistant's counts.
        """
        model = {} if own_model else {"model": ""}
        with self._database.begin() as db:
            _use(db, conversation, assistant, **model)

    def delete(self, assistant: Assistant) -> int:
        """Free an assistant's name; returns how many conversations go on using it."""
        users = select(conversations.c.id).where(
            conversations.c.assistant_id == assistant.id, conversations.c.deleted_at.is_(None)
        )
        with self._database.begin() as db:
            db.execute(update(assistants).where(assistants.c.id == assistant.id).values(deleted_at=now()))
            return len(db.execute(users).all())

    def prune(self, keys: Iterable[int]) -> set[int]:
        """Free the names of those that no conversation uses, be it from the trash; returns their keys."""
        used = exists().where(conversations.c.assistant_id == assistants.c.id)
        pruned: set[int] = set()
        with self._database.begin() as db:
            for batch in batches(keys):
                unused = assistants.c.id.in_(batch) & assistants.c.deleted_at.is_(None) & ~used
                names = update(assistants).where(unused).values(deleted_at=now())
                pruned.update(db.scalars(names.returning(assistants.c.id)))
        return pruned

    def set_remote_id(self, assistant: int, provider: str, endpoint: str, remote_id: str) -> None:
        """Note what an endpoint calls an assistant."""
        key = {"assistant_id": assistant, "provider": provider, "endpoint": endpoint}
        with self._database.begin() as db:
            db.execute(delete(remote_assistants).filter_by(**key))
            db.execute(insert(remote_assistants), {**key, "remote_id": remote_id, "created_at": now()})


def _create(db: Connection, name: str, instructions: str, model: str, provider: str, params: Params) -> int:
    """Add an assistant, at version 1; returns its key."""
    moment = now()
    row = {"name": name, "version": 1, "created_at": moment, "updated_at": moment}
    pk = int(db.scalar(insert(assistants).returning(assistants.c.id), row) or 0)
    _add_version(db, pk, 1, instructions, model, provider, params)
    return pk


def _add_next_version(
    db: Connection, assistant: int, instructions: str, model: str, provider: str, params: Params
) -> int:
    version = db.scalar(
        update(assistants)
        .where(assistants.c.id == assistant)
        .values(version=assistants.c.version + 1, updated_at=now())
        .returning(assistants.c.version)
    )
    _add_version(db, assistant, int(version or 0), instructions, model, provider, params)
    return int(version or 0)


def _add_version(
    db: Connection,
    assistant: int,
    version: int,
    instructions: str,
    model: str,
    provider: str,
    params: Params,
) -> None:
    row = {
        "assistant_id": assistant,
        "version": version,
        "instructions": instructions,
        "model": model,
        "provider": provider,
        "params": dict(params),
        "created_at": now(),
        "key": new_key(),
    }
    db.execute(insert(assistant_versions), row)


def _used_elsewhere(db: Connection, assistant: int, conversation: int) -> bool:
    """Whether another conversation, be it in the trash, uses an assistant."""
    others = (
        select(conversations.c.id)
        .where(conversations.c.assistant_id == assistant, conversations.c.id != conversation)
        .limit(1)
    )
    return db.scalar(others) is not None


def _use(db: Connection, conversation: int, assistant: int, **model: str) -> None:
    values = {"assistant_id": assistant, **model}
    db.execute(update(conversations).where(conversations.c.id == conversation).values(values))
    name = select(assistants.c.name, assistants.c.version).where(assistants.c.id == assistant)
    note(db, conversation, "assistant", **db.execute(name).one()._mapping)


def _edited_elsewhere(old: Assistant) -> Busy:
    return Busy(f"“{old.name}” was edited elsewhere just now.", "Look at it, then try again.")
