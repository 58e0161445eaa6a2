"""Reads the journal: what was done to a conversation."""

from chatmgr.domain.tree import JournalEntry
from chatmgr.store.reader.query_session import QuerySession
from chatmgr.store.shapes import as_mapping, into, moment

_ENTRY = into(JournalEntry, detail=as_mapping, at=moment)


class Journal:
    """What was done to conversations, when, and by which process."""

    def __init__(self, session: QuerySession) -> None:
        self._session = session

    def entries(self, conversation: int, count: int = 0) -> list[JournalEntry]:
        """The last entries, oldest first; all of them for 0.

        Where ``detail`` has the id of another conversation, it names that as it is called now; None where
        that was deleted for good. In the place of a branch it has the number of the ``path`` that ends there.
        """
        values = {"conversation": conversation, "limit": self._session.limit(count)}
        entries = list(self._session.rows("journal.entries", _ENTRY, **values))
        if any("branch" in entry.detail for entry in entries):
            branches = list(self._session.column("tree.numbered", conversation=conversation))
            entries = [_numbered(entry, branches) for entry in entries]
        return [self._named(entry) for entry in reversed(entries)]

    def _named(self, entry: JournalEntry) -> JournalEntry:
        key = entry.detail.get("id")
        if key is None:
            return entry
        return entry._replace(detail={**entry.detail, "name": self._session.value("journal.name", key=key)})


def _numbered(entry: JournalEntry, branches: list[int]) -> JournalEntry:
    detail = dict(entry.detail)
    branch = detail.pop("branch", None)
    if branch in branches:
        detail["path"] = branches.index(branch) + 1
    return entry._replace(detail=detail)
