"""What the service for turns needs of the app."""

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from chatmgr.services.budget import Budget
    from chatmgr.services.providers import Providers
    from chatmgr.services.tips import Tips
    from chatmgr.store.reader import Reader
    from chatmgr.store.writer import Writer
    from chatmgr.turns import TurnRunner


class Parts(Protocol):
    """The parts of the app that turns need. Each is made when it is first asked for.

    So a verb that only asks for the model of a conversation imports neither the engine nor the writer.
    """

    @property
    def url(self) -> str: ...
    @property
    def reader(self) -> "Reader": ...
    @property
    def writer(self) -> "Writer": ...
    @property
    def providers(self) -> "Providers": ...
    @property
    def runner(self) -> "TurnRunner": ...
    @property
    def budget(self) -> "Budget": ...
    @property
    def tips(self) -> "Tips": ...
