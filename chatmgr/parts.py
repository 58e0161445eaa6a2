"""The composition root: settings, providers, store, engine and keepers, each made when it is first needed."""

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from chatmgr.config import paths
from chatmgr.store.queries import Reader

if TYPE_CHECKING:
    from chatmgr.budget import Budget
    from chatmgr.config.settings import Settings
    from chatmgr.erasing import Eraser
    from chatmgr.keeping import ThreadKeeper
    from chatmgr.providers import Providers
    from chatmgr.retention import Retention
    from chatmgr.store.ledger import Ledger
    from chatmgr.titles import Titles
    from chatmgr.turns import Turns


class Parts:
    """What one process's chatmgr is made of."""

    def __init__(self, progress: Callable[[int, int], None] | None = None) -> None:
        self.progress = progress

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
        """The endpoints that conversations can live at."""
        from chatmgr.providers import Providers

        return Providers(self.settings, self.progress)

    @cached_property
    def reader(self) -> Reader:
        """Lists and transcripts."""
        return Reader(self.url)

    @cached_property
    def ledger(self) -> "Ledger":
        """The writer; brings the database to today's schema."""
        from chatmgr.store.ledger import Ledger

        self.reader.close()
        return Ledger(self.url)

    @cached_property
    def turns(self) -> "Turns":
        """The engine."""
        from chatmgr.backends.prices import Pricer
        from chatmgr.turns import Turns

        return Turns(self.url, self.ledger, self.reader, Pricer())

    @cached_property
    def budget(self) -> "Budget":
        """What conversations may cost."""
        from chatmgr.budget import Budget

        return Budget(self.reader)

    @cached_property
    def keeper(self) -> "ThreadKeeper":
        """Remote threads: adopting, syncing, moving."""
        from chatmgr.keeping import ThreadKeeper

        return ThreadKeeper(self.providers, self.reader, self.ledger)

    @cached_property
    def eraser(self) -> "Eraser":
        """Deleting at the servers."""
        from chatmgr.erasing import Eraser

        return Eraser(self.providers, self.reader, self.ledger)

    @cached_property
    def retention(self) -> "Retention":
        """How long the trash keeps what is in it, and what is left of it in the file."""
        from chatmgr.retention import Retention

        return Retention(self.reader, lambda: self.ledger, int(self.settings.get("trash_days")))

    @cached_property
    def titles(self) -> "Titles":
        """What conversations are called besides their names."""
        from chatmgr.titles import Titles

        return Titles(self.settings, self.providers, self.reader, self.ledger)

    @cached_property
    def here(self) -> str:
        """The project folder that this process runs in; empty where there is none to remember."""
        return paths.project_folder() if self.settings.get("folders") else ""

    def close(self) -> None:
        """Let go of the database."""
        self.reader.close()
        if "ledger" in self.__dict__:
            self.ledger.close()
