"""Reads about the database itself: facts, and how much it holds."""

from typing import NamedTuple

from chatmgr.store.reader.query_session import QuerySession
from chatmgr.store.shapes import as_dict


class Counts(NamedTuple):
    """How much the database holds, the trash left out."""

    assistants: int
    conversations: int
    turns: int


class Meta:
    """The database as a whole."""

    def __init__(self, session: QuerySession) -> None:
        self._session = session

    def get(self, key: str) -> str:
        """A fact about the database; empty where it is not known."""
        return str(self._session.value("meta.get", "", key=key))

    def counts(self) -> Counts:
        """How many assistants, conversations and turns there are."""
        row = self._session.first("meta.counts", as_dict)
        return Counts(**{name: int(count) for name, count in row.items()}) if row else Counts(0, 0, 0)
