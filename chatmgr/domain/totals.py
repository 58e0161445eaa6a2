"""How much was said and what it took: the sums that ``chatmgr stats`` shows."""

from datetime import datetime
from typing import Literal

from chatmgr.domain.values import dataclass

Unit = Literal["day", "week", "month"]
Ranking = Literal["model", "provider", "assistant", "conversation"]


@dataclass(frozen=True, slots=True)
class Count:
    """Sums over the runs of one day, model, conversation…; a turn counts once, however often it was retried.

    ``cost`` is in billionths of a US dollar. None where nobody told: unknown is not zero. Where some
    runs have a price and some have none, ``unpriced`` says how many ``cost`` leaves out.
    """

    key: str
    turns: int
    runs: int
    input_tokens: int | None
    output_tokens: int | None
    cached_tokens: int | None
    reasoning_tokens: int | None
    cost: int | None
    unpriced: int
    first_at: datetime
    last_at: datetime

    def joined(self, other: "Count") -> "Count":
        """Both together, under this one's key; they have no turn in common."""
        return Count(
            self.key,
            self.turns + other.turns,
            self.runs + other.runs,
            _sum(self.input_tokens, other.input_tokens),
            _sum(self.output_tokens, other.output_tokens),
            _sum(self.cached_tokens, other.cached_tokens),
            _sum(self.reasoning_tokens, other.reasoning_tokens),
            _sum(self.cost, other.cost),
            self.unpriced + other.unpriced,
            min(self.first_at, other.first_at),
            max(self.last_at, other.last_at),
        )


def _sum(one: int | None, other: int | None) -> int | None:
    if one is None or other is None:
        return other if one is None else one
    return one + other
