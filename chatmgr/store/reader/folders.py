"""The reader's page on folders."""

from chatmgr.domain.model import Conversation
from chatmgr.store.reader import values
from chatmgr.store.reader.base import Pages


class FolderPages(Pages):
    """Reads what was used where."""

    def last_here(self, folder: str) -> Conversation | None:
        """The conversation that was used last in a folder, unless it is archived."""
        row = self._first("conversation_last_here", folder=folder)
        return values.conversation(row) if row else None
