"""What the service for turns needs of the app."""

from typing import TYPE_CHECKING, Protocol

from chatmgr.services.parts import RunnerParts

if TYPE_CHECKING:
    from chatmgr.services.budget import Budget
    from chatmgr.services.providers import Providers
    from chatmgr.services.tips import Tips


class Parts(RunnerParts, Protocol):
    """The database, what runs turns against it, and what says how they may run."""

    @property
    def providers(self) -> "Providers": ...
    @property
    def budget(self) -> "Budget": ...
    @property
    def tips(self) -> "Tips": ...
