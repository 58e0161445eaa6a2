"""What people set at a conversation, on two sides: whoever set it last is right, each thing by itself."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from chatmgr.domain.exchange import LABEL_ACTIONS, Change, Parcel, is_newer, last_changes
from chatmgr.domain.names import free_name
from chatmgr.store.tables import conversations, journal, tags
from chatmgr.store.writer.conversations import forgetting
from chatmgr.store.writer.merge_parts import Version


def changes_here(db: Connection, conversation: int) -> list[Change]:
    """What was done to a conversation here, oldest first."""
    columns = journal.c
    entries = select(columns.action, columns.detail, columns.pid, columns.host, columns.created_at).where(
        columns.conversation_id == conversation, columns.action.in_(LABEL_ACTIONS)
    )
    return [Change(*row) for row in db.execute(entries.order_by(columns.id))]


def note_change(db: Connection, conversation: int, change: Change) -> None:
    """Add what was done elsewhere to the journal, with the time and the process that did it."""
    row = {
        "conversation_id": conversation,
        "action": change.action,
        "detail": {name: value for name, value in change.detail.items() if name != "branch"},  # an id there
        "pid": change.pid,
        "host": change.host,
        "created_at": change.at,
    }
    db.execute(insert(journal), row)


def free_name_here(db: Connection, name: str, conversation: int = 0) -> str:
    """The name, or a numbered one where another conversation has it."""
    columns = conversations.c

    def taken(candidate: str) -> object:
        other = (columns.name == candidate, columns.deleted_at.is_(None), columns.id != conversation)
        return db.scalar(select(columns.id).where(*other))

    return free_name(name, taken)


class Labels:
    """The labels of a conversation that is here, and those that came."""

    def __init__(
        self, db: Connection, row: Row[Any], parcel: Parcel, versions: Mapping[str, Version]
    ) -> None:
        self._db, self._row, self._parcel, self._versions = db, row, parcel, versions
        self._here = last_changes(changes_here(db, row.id))
        self._there = last_changes(parcel.changes)

    def merge(self) -> None:
        """Set what was changed later at the other side."""
        theirs, noted = self._parcel.row, dict[int, Change]()
        values: dict[str, object] = {}
        for name in ("name", "title", "archived", "model", "assistant"):
            change = self._there.get(name)
            if change is None or not is_newer(change, self._here.get(name)):
                continue
            noted[id(change)] = change
            values |= self._values(name, theirs)
        if values:
            with forgetting(self._db, [self._row.id]):
                own = update(conversations).where(conversations.c.id == self._row.id)
                self._db.execute(own.values(values))
        noted |= self._merge_tags()
        for change in sorted(noted.values(), key=lambda change: change.at):
            note_change(self._db, self._row.id, change)

    def _values(self, name: str, theirs: Mapping[str, Any]) -> dict[str, object]:
        if name == "name":
            given = str(self._there[name].detail.get("name") or theirs["name"])
            return {"name": free_name_here(self._db, given, self._row.id) if self._is_listed() else given}
        if name == "archived":
            return {"archived_at": theirs["archived_at"]}
        if name == "model":
            return {"model": theirs["model"], "provider": theirs["provider"]}
        if name == "assistant":
            return {
                "assistant_id": self._versions[self._parcel.assistant].assistant,
                "model": theirs["model"],
            }
        return {name: theirs[name]}

    def _is_listed(self) -> bool:
        return self._row.deleted_at is None

    def _merge_tags(self) -> dict[int, Change]:
        own = tags.c.conversation_id == self._row.id
        here = set(self._db.scalars(select(tags.c.name).where(own)))
        noted: dict[int, Change] = {}
        added, removed = self._tag_changes(here)
        if added:
            rows = [{"conversation_id": self._row.id, "name": tag} for tag in added]
            self._db.execute(insert(tags), rows)
        if removed:
            self._db.execute(delete(tags).where(own, tags.c.name.in_(removed)))
        every = {*here, *self._parcel.tags, *removed}
        for tag in every:
            change = self._there.get(f"+{tag}")
            if change is not None and is_newer(change, self._here.get(f"+{tag}")):
                noted[id(change)] = change
        return noted

    def _tag_changes(self, here: set[str]) -> tuple[Sequence[str], Sequence[str]]:
        added: list[str] = []
        removed: list[str] = []
        for tag in here ^ self._parcel.tags:
            mine, yours = self._here.get(f"+{tag}"), self._there.get(f"+{tag}")
            if mine is None and yours is None:  # both had it from the start, or one of them did
                added += [tag] if tag in self._parcel.tags else []
            elif is_newer(yours, mine):
                (added if tag in self._parcel.tags else removed).append(tag)
        return added, removed
