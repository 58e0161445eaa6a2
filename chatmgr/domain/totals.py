"""How much was said and what it took: the sums that ``chatmgr stats`` shows."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Unit = Literal["day", "week", "month"]
Ranking = Literal["model", "provider", "assistant", "conversation"]


@dataclass(frozen=True, slots=True)
class UsageTotals:
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

    def joined(self, other: "UsageTotals") -> "UsageTotals":
        """Both together, under this one's key; they have no turn in common."""
        return UsageTotals(
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


def price(billionths: int | None, whole: int | None) -> str:
    """An amount among others that make up ``whole``: all with the same decimals, none shown as nothing.

    An unknown one is a dash.
    """
    if billionths is None:
        return "—"
    places = 2 if not whole or whole >= 1_000_000_000 else 4 if whole >= 10_000_000 else 6
    least: float = 10**-places
    if 0 < billionths / 1e9 < least / 2:
        return f"<${least:.{places}f}"
    return f"${billionths / 1e9:,.{places}f}"
