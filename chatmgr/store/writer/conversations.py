"""Writes conversations: creates them, moves them to other providers, keeps them in order.

The methods that take several conversations are one transaction over all of them, in statements of bounded
length: either all are changed or none. They raise Busy where one of them was deleted or restored meanwhile.
"""

import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from shlex import quote
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from chatmgr.domain.errors import Busy, UsageFault
from chatmgr.store.tables import conversations as table
from chatmgr.store.tables import tags
from chatmgr.store.writer.database import Database, now
from chatmgr.store.writer.journal import note, note_all
from chatmgr.store.writer.paths import add_conversation

_BATCH = 500  # keys in one statement
_PLACEHOLDER = "@{}"  # no name contains “@”


class ConversationWriter:
    """Conversations: their names, titles, tags, models, and the archive."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, name: str, assistant: int, model: str, provider: str, folder: str = "") -> None:
        """Add an empty conversation; raises UsageFault where the name is taken."""
        moment = now()
        row = {
            "key": secrets.token_hex(8),
            "name": name,
            "title": "",
            "assistant_id": assistant,
            "model": model,
            "provider": provider,
            "turns": 0,
            "folder": folder,
            "created_at": moment,
            "updated_at": moment,
            "used_at": moment,
        }
        try:
            with self._database.begin() as db:
                add_conversation(db, row)
        except IntegrityError:
            raise UsageFault(
                f"There is a conversation “{name}” already.",
                f"Go on with it: chatmgr resume {quote(name)} — or choose another name.",
            ) from None

    def move(self, conversation: int, provider: str, model: str) -> None:
        """Set the provider and model that a conversation uses from its next turn on."""
        columns = table.c
        with self._database.begin() as db:
            own = columns.id == conversation
            before = db.execute(select(columns.provider, columns.model).where(own)).first()
            db.execute(update(table).where(own).values(provider=provider, model=model))
            if before is not None and before != (provider, model):
                note(db, conversation, "move", before=list(before), provider=provider, model=model)

    def limit_cost(self, conversation: int, limit: int | None) -> None:
        """Set the most that a conversation may cost, in billionths of a US dollar; None for no limit."""
        self._update(conversation, max_cost=limit)

    def touch(self, conversation: int, folder: str = "") -> None:
        """Note that a conversation is used now; also in which project folder, unless ``folder`` is empty."""
        values = {"folder": folder} if folder else {}
        self._update(conversation, used_at=now(), **values)

    def _update(self, conversation: int, **values: object) -> None:
        with self._database.begin() as db:
            db.execute(update(table).where(table.c.id == conversation).values(values))

    def suggest_title(self, conversation: int, title: str) -> bool:
        """Give a title to a conversation without one; returns False where it has one by now."""
        untitled = update(table).where(table.c.id == conversation, table.c.title == "")
        with self._database.begin() as db:
            given = db.execute(untitled.values(title=title)).rowcount == 1
            if given:
                note(db, conversation, "title", before="", title=title, suggested=True)
            return given

    def rename(self, names: Mapping[int, str]) -> None:
        """Set new names by key. Conversations may swap names with each other."""
        wanted = set(names.values())
        try:
            with self._database.begin() as db:
                old_names = lock_names(db, names)
                placeholders = {pk: _PLACEHOLDER.format(pk) for pk, old in old_names.items() if old in wanted}
                with forgetting(db, names):
                    set_names(db, placeholders)
                    set_names(db, names)
                changes = ((pk, old, names[pk]) for pk, old in old_names.items() if old != names[pk])
                note_all(db, "rename", {pk: {"before": old, "name": new} for pk, old, new in changes})
        except IntegrityError:
            raise UsageFault(
                "A conversation got one of these names just now. Nothing was changed.",
                "See them all: chatmgr history",
            ) from None

    def set_title(self, conversation: int, title: str) -> None:
        """Set a conversation's title."""
        with self._database.begin() as db, forgetting(db, [conversation]):
            lock_names(db, [conversation])
            before = db.scalar(select(table.c.title).where(table.c.id == conversation))
            update_all(db, [conversation], title=title)
            if before != title:
                note(db, conversation, "title", before=before, title=title)

    def archive(self, conversations: Sequence[int]) -> None:
        """Hide conversations from lists."""
        self._update_all(conversations, "archive", archived_at=now())

    def unarchive(self, conversations: Sequence[int]) -> None:
        """Show conversations in lists again."""
        self._update_all(conversations, "unarchive", archived_at=None)

    def _update_all(self, conversations: Sequence[int], action: str, **values: object) -> None:
        with self._database.begin() as db:
            lock_names(db, conversations)
            update_all(db, conversations, **values)
            note_all(db, action, {pk: {} for pk in conversations})

    def tag(self, conversations: Sequence[int], add: Iterable[str], remove: Iterable[str]) -> None:
        """Put tags on conversations and take others off."""
        added = sorted(set(add))
        cleared = sorted({*remove, *added})
        with self._database.begin() as db:
            lock_names(db, conversations)
            before = _tags_of(db, conversations, cleared)
            for batch in batches(conversations):
                db.execute(delete(tags).where(tags.c.conversation_id.in_(batch), tags.c.name.in_(cleared)))
                rows = [{"conversation_id": pk, "name": name} for pk in batch for name in added]
                if rows:
                    db.execute(insert(tags), rows)
            put, removed = set(added), set(remove)
            changes = {
                pk: {"add": sorted(put - before[pk]), "remove": sorted(removed & before[pk] - put)}
                for pk in conversations
            }
            note_all(db, "tag", {pk: change for pk, change in changes.items() if any(change.values())})


def _tags_of(db: Connection, conversations: Sequence[int], names: Sequence[str]) -> dict[int, set[str]]:
    """Those of some tags that each conversation has."""
    there: dict[int, set[str]] = {pk: set() for pk in conversations}
    for batch in batches(conversations):
        labels = select(tags).where(tags.c.conversation_id.in_(batch), tags.c.name.in_(names))
        for row in db.execute(labels):
            there[row.conversation_id].add(row.name)
    return there


@contextmanager
def forgetting(db: Connection, keys: Iterable[int]) -> Iterator[None]:
    """Erase the words of names and titles that are replaced: nobody can when the conversation is deleted."""
    if db.dialect.name != "sqlite":
        yield
        return
    from chatmgr.store.writer import erasure

    texts = erasure.names(db, keys)
    yield
    erasure.erase_words(db, [text for text in texts if text.strip()])


def batches(keys: Iterable[Any]) -> Iterator[list[Any]]:
    """Keys in lists that are short enough for one statement."""
    every = list(keys)
    return (every[start : start + _BATCH] for start in range(0, len(every), _BATCH))


def lock_names(
    db: Connection, keys: Sequence[int] | Mapping[int, str], *, deleted: bool = False
) -> dict[int, str]:
    """The names of conversations, all of them in the lists, or all in the trash; raises Busy otherwise.

    On PostgreSQL their rows stay locked until the transaction ends; on SQLite, all of the database is.
    """
    state = table.c.deleted_at.is_not(None) if deleted else table.c.deleted_at.is_(None)
    names: dict[int, str] = {}
    for batch in batches(keys):
        rows = select(table.c.id, table.c.name).where(table.c.id.in_(batch), state).with_for_update()
        names |= {int(pk): str(name) for pk, name in db.execute(rows)}
    if len(names) != len(set(keys)):
        raise Busy("One of these was deleted or restored just now. Nothing was changed.", "Look again.")
    return names


def set_names(db: Connection, names: Mapping[int, str]) -> None:
    """Set names by key."""
    if names:
        statement = update(table).where(table.c.id == bindparam("pk")).values(name=bindparam("new"))
        db.execute(statement, [{"pk": pk, "new": name} for pk, name in names.items()])


def update_all(db: Connection, keys: Iterable[int], **values: object) -> None:
    """Set the same columns of several conversations."""
    for batch in batches(keys):
        db.execute(update(table).where(table.c.id.in_(batch)).values(values))
