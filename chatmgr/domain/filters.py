"""Filters that select conversations or turns; the defaults select everything but archived conversations."""

from collections.abc import Mapping
from datetime import UTC, datetime

from chatmgr.domain.fast_dataclass import dataclass
from chatmgr.domain.states import RunState

ALWAYS = datetime(1, 1, 1, tzinfo=UTC)
NEVER = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
STATES = ("empty", *(state.value for state in RunState))


@dataclass(frozen=True, slots=True)
class Filters:
    """Conditions that must all hold. For conversations, times are those of their last activity.

    ``min_cost`` is in billionths of a US dollar. ``archived``: True selects only archived conversations,
    False only others, None both.
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
        """Whether any condition is set."""
        return self not in {Filters(), Filters(archived=None)}

    def values(self) -> Mapping[str, object]:
        """The parameters of the SQL statements."""
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
