"""What the merging of conversations consists of: rows by keys, versions of assistants, places for turns."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from chatmgr.domain.fast_dataclass import dataclass
from chatmgr.domain.ids import derived_key
from chatmgr.domain.merging import MergedAssistant, MergedConversation, MergedTurn
from chatmgr.domain.names import NAME_LIMIT
from chatmgr.store.tables import assistant_versions, assistants, conversations
from chatmgr.store.writer.conversations import batches
from chatmgr.store.writer.database import now
from chatmgr.store.writer.merge_rows import MergeRows

Place = tuple[int, int]  # a branch, and a position in it


@dataclass(frozen=True, slots=True)
class MergeOutcome:
    """What became of a conversation: ``new``, ``grown``, ``beside``, ``known`` or ``deleted``.

    ``grown``: its end moved on; ``beside``: what came is on another path. ``turns`` and ``runs`` are how many
    were added.
    """

    key: str
    name: str
    became: str
    turns: int = 0
    runs: int = 0


@dataclass(frozen=True, slots=True)
class Version:
    pk: int
    assistant: int


def rows_by_key(db: Connection, table: Any, keys: Iterable[str]) -> dict[str, Row[Any]]:
    """The rows of a table that have these keys, by key."""
    rows: dict[str, Row[Any]] = {}
    for some in batches(dict.fromkeys(keys)):
        rows |= {row.key: row for row in db.execute(select(table).where(table.c.key.in_(some)))}
    return rows


def locked_conversations(db: Connection, keys: Iterable[str]) -> dict[str, Row[Any]]:
    """The conversations that have these keys, by key: nobody else changes them until the transaction ends.

    All who merge lock them in one order, and before they ask for stamps, as a turn that is said does.
    """
    ids = sorted(row.id for row in rows_by_key(db, conversations, keys).values())
    rows: dict[str, Row[Any]] = {}
    for some in batches(ids):
        own = select(conversations).where(conversations.c.id.in_(some))
        rows |= {row.key: row for row in db.execute(own.order_by(conversations.c.id).with_for_update())}
    return rows


def versions_of(db: Connection, personas: Mapping[str, MergedAssistant]) -> dict[str, Version]:
    """The versions of assistants by key; those that are not there become assistants of their own."""
    known = rows_by_key(db, assistant_versions, personas)
    versions = {key: Version(row.id, row.assistant_id) for key, row in known.items()}
    missing = [persona for key, persona in personas.items() if key not in versions]
    if not missing:
        return versions
    taken = set(db.scalars(select(assistants.c.name).where(assistants.c.deleted_at.is_(None))))
    for persona in missing:
        name, number = persona.name, 1
        while name in taken:
            number += 1
            name = f"{persona.name[: NAME_LIMIT - 6]}-{number}"
        taken.add(name)
        moment = now()
        row = {"name": name, "version": 1, "created_at": moment, "updated_at": moment}
        assistant = int(db.scalar(insert(assistants).returning(assistants.c.id), row) or 0)
        version = {
            "assistant_id": assistant,
            "version": 1,
            "instructions": persona.instructions,
            "model": persona.model,
            "provider": persona.provider,
            "params": dict(persona.params),
            "created_at": persona.created_at or moment,
            "key": persona.key,
        }
        pk = int(db.scalar(insert(assistant_versions).returning(assistant_versions.c.id), version) or 0)
        versions[persona.key] = Version(pk, assistant)
    return versions


class Layout:
    """Where turns stand: each after its parent, in its branch where that ends there, else in a new one."""

    def __init__(self, rows: MergeRows, conversation: int) -> None:
        self._rows = rows
        self._conversation = conversation
        self.places: dict[str, Place] = {}
        self.ends: dict[int, int] = {}  # of the branches that this conversation may go on in
        self.parents: dict[int, tuple[int | None, int]] = {}

    def place(self, turn: MergedTurn) -> Place:
        """The place of a new turn, whose parent has one."""
        parent, after = self.places[turn.parent] if turn.parent else (None, 0)
        if parent is None or self.ends.get(parent) != after:
            parent = self.new_branch(derived_key("branch", turn.key), parent, after)
        self.places[turn.key] = parent, after + 1
        self.ends[parent] = after + 1
        return parent, after + 1

    def new_branch(self, key: str, parent: int | None, after: int) -> int:
        """A branch after a place."""
        branch = self._rows.branch(key, self._conversation, parent, after)
        self.parents[branch] = parent, after
        return branch


def detail_of(merged: MergedConversation, count: int) -> dict[str, object]:
    """What the journal says of a merge that added so many turns."""
    return {"turns": count, **({"source": merged.source[0]} if merged.source else {})}
