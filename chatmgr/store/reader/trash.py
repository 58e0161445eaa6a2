"""Reads the trash: conversations that were deleted and can be restored."""

from collections.abc import Iterator
from datetime import datetime
from shlex import quote

from chatmgr.domain.errors import NotFound, UsageFault
from chatmgr.domain.filters import Filters
from chatmgr.domain.model import Conversation
from chatmgr.domain.names import nearest
from chatmgr.store.reader.conversations import CONVERSATION
from chatmgr.store.reader.query_session import GUESSES, SHORTEST_ID, QuerySession, as_stored
from chatmgr.store.shapes import pick

_ARCHIVED_OR_NOT = Filters(archived=None)


class TrashCan:
    """The conversations in the trash. Several may have had the same name: the one deleted last is meant."""

    def __init__(self, session: QuerySession) -> None:
        self._session = session

    def get(self, name: str) -> Conversation:
        """The conversation that a name or an id means; raises NotFound with the nearest names."""
        if conversation := self._session.first("trash.by_name", CONVERSATION, name=as_stored(name)):
            return conversation
        matches = self._prefixed("trash.by_name_prefix", name, GUESSES) if name else []
        if not matches and len(name) >= SHORTEST_ID:
            matches = self._prefixed("trash.by_id_prefix", name, 2)
        names = list(dict.fromkeys(match.name for match in matches))
        if len(names) == 1:
            return matches[0]
        if names:
            quoted = ", ".join(f"“{matched}”" for matched in names[:2])
            listed = quoted + (", …" if len(names) > 2 else "")
            raise UsageFault(f"“{name}” could be {listed} in the trash.", "Type a few letters more.")
        known = nearest(name, [trashed for trashed, _ in self.names("", GUESSES)])
        raise NotFound("deleted conversation", name, known, self._elsewhere(name))

    def _prefixed(self, statement: str, prefix: str, count: int) -> list[Conversation]:
        return list(self._session.prefixed(statement, CONVERSATION, prefix, count))

    def _elsewhere(self, name: str) -> str:
        if self._session.value("conversations.key_of_name", name=as_stored(name)):
            return f"“{name}” is not deleted. See it: chatmgr history {quote(name)}"
        return "See what is in the trash: chatmgr trash list"

    def before(self, moment: datetime) -> list[Conversation]:
        """What has been in the trash since before a moment."""
        return list(self._session.rows("trash.before", CONVERSATION, before=moment))

    def names(self, prefix: str, count: int) -> list[tuple[str, str]]:
        """Names that begin with ``prefix``, and their titles: what a shell completes."""
        return list(self._session.prefixed("trash.names", pick("name", "title"), prefix, count))

    # Last, so that the annotations above mean Python's own list.
    def list(self, filters: Filters = _ARCHIVED_OR_NOT) -> Iterator[Conversation]:
        """Deleted last first, read as they are consumed."""
        limit = self._session.limit(0)
        return self._session.rows("trash.list", CONVERSATION, limit=limit, **filters.values())
