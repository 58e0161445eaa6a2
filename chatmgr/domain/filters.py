"""Which conversations or turns are meant: everything left at its default leaves nothing out."""

from collections.abc import Mapping
from datetime import UTC, datetime

from chatmgr.domain.states import RunState
from chatmgr.domain.values import dataclass

ALWAYS = datetime(1, 1, 1, tzinfo=UTC)
NEVER = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
STATES = ("empty", *(state.value for state in RunState))


@dataclass(frozen=True, slots=True)
class Filters:
    """Conditions that all hold. Of conversations, times are those of their last activity.

    ``min_cost`` is in billionths of a US dollar. ``archived``: True, only those; False, none of them;
    None, whether or not.
    """

    since: datetime = ALWAYS
    until: datetime = NEVER
    assistant: str = ""
    model: str = ""
    provider: str = ""
    tag: str = ""
    state: str = ""
    file: bool = False
    min_cost: int = 0
    archived: bool | None = False
    folder: str = ""

    @property
    def any(self) -> bool:
        """Whether anything was asked for at all."""
        return self not in {Filters(), Filters(archived=None)}

    def values(self) -> Mapping[str, object]:
        """As the statements take them."""
        return {
            "since": self.since,
            "until": self.until,
            "assistant": self.assistant,
            "model": self.model,
            "provider": self.provider,
            "tag": self.tag,
            "state": self.state,
            "file": int(self.file),
            "min_cost": self.min_cost,
            "folder": self.folder,
            "archived": -1 if self.archived is None else int(self.archived),
        }


EVERYTHING = Filters()
