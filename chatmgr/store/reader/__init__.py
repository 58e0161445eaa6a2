"""The reader: lists, transcripts and names, as frozen values.

It never writes and never makes a database: before the first turn there simply is nothing to read. Each
subject is an object of its own (``reader.turns.tail(…)``), imported when it is first asked for.
"""

from contextlib import AbstractContextManager
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Self

from chatmgr.domain.ids import FAR
from chatmgr.store.reader.query_session import QuerySession

if TYPE_CHECKING:
    from chatmgr.store.reader.assistants import Assistants
    from chatmgr.store.reader.conversations import Conversations
    from chatmgr.store.reader.exchange import Exchange
    from chatmgr.store.reader.export import Export
    from chatmgr.store.reader.imports import Imports
    from chatmgr.store.reader.items import Items
    from chatmgr.store.reader.journal import Journal
    from chatmgr.store.reader.meta import Meta
    from chatmgr.store.reader.runs import Runs
    from chatmgr.store.reader.search import Search
    from chatmgr.store.reader.stats import Stats
    from chatmgr.store.reader.texts import Texts
    from chatmgr.store.reader.threads import Threads
    from chatmgr.store.reader.trash import TrashCan
    from chatmgr.store.reader.tree import Tree
    from chatmgr.store.reader.turns import Turns

__all__ = ["FAR", "Reader"]


class Reader:
    """Reads one database. Opened by the first question; close it before the network is used.

    ``with reader:`` closes it on the way out. A closed reader opens again at the next question.
    """

    def __init__(self, url: str) -> None:
        self._session = QuerySession(url)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the database; the next question opens it again."""
        self._session.close()

    def snapshot(self) -> AbstractContextManager[None]:
        """While it lasts, everything is read as of one moment, whatever others write meanwhile."""
        return self._session.snapshot()

    @cached_property
    def conversations(self) -> "Conversations":
        """Lists, names and tags."""
        from chatmgr.store.reader.conversations import Conversations

        return Conversations(self._session)

    @cached_property
    def turns(self) -> "Turns":
        """What was asked and answered."""
        from chatmgr.store.reader.turns import Turns

        return Turns(self._session)

    @cached_property
    def items(self) -> "Items":
        """What turns hold beside their text."""
        from chatmgr.store.reader.items import Items

        return Items(self._session)

    @cached_property
    def tree(self) -> "Tree":
        """The paths of conversations."""
        from chatmgr.store.reader.tree import Tree

        return Tree(self._session)

    @cached_property
    def journal(self) -> "Journal":
        """What was done to conversations."""
        from chatmgr.store.reader.journal import Journal

        return Journal(self._session)

    @cached_property
    def runs(self) -> "Runs":
        """Runs that are still open, and what runs cost."""
        from chatmgr.store.reader.runs import Runs

        return Runs(self._session)

    @cached_property
    def threads(self) -> "Threads":
        """What servers have of conversations."""
        from chatmgr.store.reader.threads import Threads

        return Threads(self._session)

    @cached_property
    def assistants(self) -> "Assistants":
        """Saved personas and their versions."""
        from chatmgr.store.reader.assistants import Assistants

        return Assistants(self._session)

    @cached_property
    def trash(self) -> "TrashCan":
        """Deleted conversations."""
        from chatmgr.store.reader.trash import TrashCan

        return TrashCan(self._session)

    @cached_property
    def search(self) -> "Search":
        """Searches over all texts."""
        from chatmgr.store.reader.search import Search

        return Search(self._session)

    @cached_property
    def stats(self) -> "Stats":
        """Sums."""
        from chatmgr.store.reader.stats import Stats

        return Stats(self._session)

    @cached_property
    def export(self) -> "Export":
        """Whole rows."""
        from chatmgr.store.reader.export import Export

        return Export(self._session)

    @cached_property
    def exchange(self) -> "Exchange":
        """What another database is told."""
        from chatmgr.store.reader.exchange import Exchange

        return Exchange(self._session)

    @cached_property
    def imports(self) -> "Imports":
        """What was imported before."""
        from chatmgr.store.reader.imports import Imports

        return Imports(self._session)

    @cached_property
    def texts(self) -> "Texts":
        """Every text that can hold a secret."""
        from chatmgr.store.reader.texts import Texts

        return Texts(self._session)

    @cached_property
    def meta(self) -> "Meta":
        """The database itself."""
        from chatmgr.store.reader.meta import Meta

        return Meta(self._session)
