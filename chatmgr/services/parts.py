"""What services need of the app, so that they name no more of it than they use.

Each part is made when it is first asked for: a verb that only asks for the model of a conversation imports
neither the engine nor the writer.
"""

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from chatmgr.store.reader import Reader
    from chatmgr.store.writer import Writer
    from chatmgr.turns import TurnRunner


class StoreParts(Protocol):
    """The database: its URL, what reads it, and what writes it."""

    @property
    def url(self) -> str: ...
    @property
    def reader(self) -> "Reader": ...
    @property
    def writer(self) -> "Writer": ...


class RunnerParts(StoreParts, Protocol):
    """The database, and what runs turns against it."""

    @property
    def runner(self) -> "TurnRunner": ...
