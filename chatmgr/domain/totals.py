"""Usage totals, as ``chatmgr stats`` shows them: how many turns and runs, and their tokens and cost."""

from datetime import datetime
from typing import Literal

from chatmgr.domain.fast_dataclass import dataclass

Unit = Literal["day", "week", "month"]
Ranking = Literal["model", "provider", "assistant", "conversation"]


@dataclass(frozen=True, slots=True)
class UsageTotals:
    """Totals of one day, model, conversation…; a turn counts once, however often it was retried.

    ``cost`` is in billionths of a US dollar. None means that nothing was reported: unknown is not zero, even
    where other runs failed for free. If only some runs have a price, ``unpriced`` is the number of runs that
    ``cost`` leaves out.
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

    def combined(self, other: "UsageTotals") -> "UsageTotals":
        """Both totals together, under this one's key; they must have no turns in common."""
        return UsageTotals(
            self.key,
            self.turns + other.turns,
            self.runs + other.runs,
            _add_known(self.input_tokens, other.input_tokens),
            _add_known(self.output_tokens, other.output_tokens),
            _add_known(self.cached_tokens, other.cached_tokens),
            _add_known(self.reasoning_tokens, other.reasoning_tokens),
            known_cost(_add_known(self.cost, other.cost), self.unpriced + other.unpriced),
            self.unpriced + other.unpriced,
            min(self.first_at, other.first_at),
            max(self.last_at, other.last_at),
        )


def known_cost(cost: int | None, unpriced: int) -> int | None:
    """A sum of costs, where ``unpriced`` runs have none: zero only if that is the whole truth."""
    return cost or (None if unpriced else 0)


def _add_known(left: int | None, right: int | None) -> int | None:
    """The sum of what is known; None where neither is."""
    if left is None or right is None:
        return right if left is None else left
    return left + right
