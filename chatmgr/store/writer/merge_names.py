"""Free names for many conversations at once."""

from collections.abc import Sequence

from sqlalchemy import Connection, select

from chatmgr.domain.names import NAME_LIMIT
from chatmgr.store.tables import conversations
from chatmgr.store.writer.conversations import batches


class FreeNames:
    """Free names for many conversations: of each name, the number that was given last is remembered."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._given: set[str] = set()

    def free(self, db: Connection, names: Sequence[str]) -> list[str]:
        """A free name for each, numbered where it is taken."""
        column, live = conversations.c.name, conversations.c.deleted_at.is_(None)
        taken: set[str] = set()
        for some in batches(dict.fromkeys(names)):
            taken.update(db.scalars(select(column).where(column.in_(some), live)))
        chosen = []
        for name in names:
            free = name
            if name in taken or name in self._given:
                free = self._numbered(db, name)
            self._given.add(free)
            chosen.append(free)
        return chosen

    def _numbered(self, db: Connection, name: str) -> str:
        column, live = conversations.c.name, conversations.c.deleted_at.is_(None)
        if name not in self._numbers:
            stem = f"{name[: NAME_LIMIT - 8]}-"
            near = (column >= stem) & (column < f"{stem[:-1]}.")
            numbers = [other[len(stem) :] for other in db.scalars(select(column).where(near, live))]
            self._numbers[name] = max((int(text) for text in numbers if text.isdecimal()), default=1)
        while True:
            self._numbers[name] += 1
            free = f"{name[: NAME_LIMIT - 8]}-{self._numbers[name]}"
            if free not in self._given:
                return free
