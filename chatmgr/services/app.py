"""The composition root: the parts of chatmgr in one process, each made when it is first needed."""

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from chatmgr.config import paths
from chatmgr.store.reader import Reader

if TYPE_CHECKING:
    from chatmgr.config.settings import Settings
    from chatmgr.services.assistants import AssistantService
    from chatmgr.services.budget import Budget
    from chatmgr.services.imports.service import ImportService
    from chatmgr.services.paths import PathService
    from chatmgr.services.providers import Providers
    from chatmgr.services.remote_deletion import RemoteDeletion
    from chatmgr.services.threads import ThreadService
    from chatmgr.services.tips import Tips
    from chatmgr.services.titles import Titles
    from chatmgr.services.trash import Trash
    from chatmgr.services.tree import TreeService
    from chatmgr.services.turns import TurnService
    from chatmgr.store.writer import Writer
    from chatmgr.turns import TurnRunner


class App:
    """The parts of chatmgr in one process: ``App`` makes them and closes them, and does nothing else.

    ``progress`` is called during downloads with the bytes done and the bytes in all; ``announce`` with a
    line that says what a long wait is for.
    """

    def __init__(
        self,
        progress: Callable[[int, int], None] | None = None,
        announce: Callable[[str], None] | None = None,
    ) -> None:
        self.progress = progress
        self.announce = announce

    @cached_property
    def url(self) -> str:
        """Where the database is."""
        return paths.database_url()

    @cached_property
    def settings(self) -> "Settings":
        """What the user chose."""
        from chatmgr.config.settings import load

        return load()

    @cached_property
    def providers(self) -> "Providers":
        """The configured providers."""
        from chatmgr.services.providers import Providers

        return Providers(self.settings, self.progress, self.announce)

    @cached_property
    def reader(self) -> Reader:
        """Reads the database. The end of ``with app.reader as reader`` closes the connection."""
        return Reader(self.url)

    @cached_property
    def writer(self) -> "Writer":
        """Writes to the database, after creating or upgrading it where that is needed."""
        from chatmgr.store.writer import Writer

        self.reader.close()  # it would not see a database that is created now
        return Writer(self.url, self.announce)

    @cached_property
    def runner(self) -> "TurnRunner":
        """The engine that runs turns."""
        from chatmgr.backends.pricing import PriceTable
        from chatmgr.turns import TurnRunner

        return TurnRunner(self.url, self.writer, self.reader, PriceTable())

    @cached_property
    def turns(self) -> "TurnService":
        """Turns and runs: asking, recovering, stopping."""
        from chatmgr.services.turns import TurnService

        return TurnService(self)

    @cached_property
    def paths(self) -> "PathService":
        """The paths of conversations: forks, undoing and redoing, other paths."""
        from chatmgr.services.paths import PathService

        return PathService(self)

    @cached_property
    def tree(self) -> "TreeService":
        """The tree of turns: turns that are said or answered anew."""
        from chatmgr.services.tree import TreeService

        return TreeService(self, self.turns, self.paths, lambda: self.threads)

    @cached_property
    def tips(self) -> "Tips":
        """What this process has seen of conversations."""
        from chatmgr.services.tips import Tips

        return Tips(self)

    @cached_property
    def budget(self) -> "Budget":
        """The limits of what conversations may cost."""
        from chatmgr.services.budget import Budget

        return Budget(self.reader)

    @cached_property
    def assistants(self) -> "AssistantService":
        """Assistants that chatmgr makes: the default one, and those that servers have."""
        from chatmgr.services.assistants import AssistantService

        return AssistantService(self.providers, self.reader, self.writer)

    @cached_property
    def threads(self) -> "ThreadService":
        """Remote threads: adopting, syncing, and moving between providers."""
        from chatmgr.services.threads import ThreadService

        return ThreadService(self.providers, self.reader, self.writer, self.turns)

    @cached_property
    def remote_deletion(self) -> "RemoteDeletion":
        """Deleting at the servers."""
        from chatmgr.services.remote_deletion import RemoteDeletion

        return RemoteDeletion(self.providers, self.reader, self.writer)

    @cached_property
    def trash(self) -> "Trash":
        """The trash: putting conversations there, and deleting them for good."""
        from chatmgr.services.trash import Trash

        return Trash(self.reader, lambda: self.writer, int(self.settings.get("trash_days")))

    @cached_property
    def imports(self) -> "ImportService":
        """Conversations from other programs."""
        from chatmgr.services.imports.service import ImportService

        return ImportService(self.reader, lambda: self.writer)

    @cached_property
    def titles(self) -> "Titles":
        """Titles that models give to conversations."""
        from chatmgr.services.titles import Titles

        return Titles(self.settings, self.providers, self.reader, self.writer)

    @cached_property
    def here(self) -> str:
        """The project folder that this process runs in; empty where there is none to remember."""
        return paths.project_folder() if self.settings.get("folders") else ""

    def close(self) -> None:
        """Close the database connections."""
        self.reader.close()
        if "writer" in self.__dict__:
            self.writer.close()
