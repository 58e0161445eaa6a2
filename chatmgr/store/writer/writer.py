"""The writer: one object per subject, all on the same database."""

from functools import cached_property
from typing import TYPE_CHECKING

from chatmgr.store.write_queue import Announce
from chatmgr.store.writer.database import Database

if TYPE_CHECKING:
    from chatmgr.store.writer.assistants import AssistantWriter
    from chatmgr.store.writer.conversations import ConversationWriter
    from chatmgr.store.writer.exchange import ExchangeWriter
    from chatmgr.store.writer.merge import MergeWriter
    from chatmgr.store.writer.meta import MetaWriter
    from chatmgr.store.writer.restore import RestoreWriter
    from chatmgr.store.writer.runs import RunWriter
    from chatmgr.store.writer.search_index import SearchIndexWriter
    from chatmgr.store.writer.threads import ThreadWriter
    from chatmgr.store.writer.trash import TrashWriter
    from chatmgr.store.writer.tree import TreeWriter
    from chatmgr.store.writer.turns import TurnWriter


class Writer:
    """Writes to one database. A subject's module is imported when the subject is first used.

    ``announce`` is told, in one line, what is waited for when other writers take long.
    """

    def __init__(self, url: str, announce: Announce | None = None) -> None:
        self.database = Database(url, announce)

    def close(self) -> None:
        """Close the database."""
        self.database.close()

    @cached_property
    def conversations(self) -> "ConversationWriter":
        """Conversations: their names, titles, tags, models, and the archive."""
        from chatmgr.store.writer.conversations import ConversationWriter

        return ConversationWriter(self.database)

    @cached_property
    def assistants(self) -> "AssistantWriter":
        """Assistants and their versions."""
        from chatmgr.store.writer.assistants import AssistantWriter

        return AssistantWriter(self.database)

    @cached_property
    def turns(self) -> "TurnWriter":
        """Turns, each with its user message and files."""
        from chatmgr.store.writer.turns import TurnWriter

        return TurnWriter(self.database.patient())

    @cached_property
    def runs(self) -> "RunWriter":
        """Runs and their answers, from sending to the end."""
        from chatmgr.store.writer.runs import RunWriter

        return RunWriter(self.database.patient())

    @cached_property
    def threads(self) -> "ThreadWriter":
        """The counterparts of conversations and files on servers."""
        from chatmgr.store.writer.threads import ThreadWriter

        return ThreadWriter(self.database.patient())

    @cached_property
    def trash(self) -> "TrashWriter":
        """Deleting: into the trash, out of it, and for good."""
        from chatmgr.store.writer.trash import TrashWriter

        return TrashWriter(self.database)

    @cached_property
    def tree(self) -> "TreeWriter":
        """The paths of conversations through the tree of turns."""
        from chatmgr.store.writer.tree import TreeWriter

        return TreeWriter(self.database)

    @cached_property
    def search_index(self) -> "SearchIndexWriter":
        """The search index as a whole."""
        from chatmgr.store.writer.search_index import SearchIndexWriter

        return SearchIndexWriter(self.database)

    @cached_property
    def merging(self) -> "MergeWriter":
        """Conversations from elsewhere, by keys."""
        from chatmgr.store.writer.merge import MergeWriter

        return MergeWriter(self.database)

    def restoring(self) -> "RestoreWriter":
        """Brings back one lossless export; a new object for each."""
        from chatmgr.store.writer.restore import RestoreWriter

        return RestoreWriter(self.database)

    @cached_property
    def exchange(self) -> "ExchangeWriter":
        """What another database told of conversations."""
        from chatmgr.store.writer.exchange import ExchangeWriter

        return ExchangeWriter(self.database)

    @cached_property
    def meta(self) -> "MetaWriter":
        """Facts about the database itself."""
        from chatmgr.store.writer.meta import MetaWriter

        return MetaWriter(self.database)
