"""What a conversation may cost: its limit, checked before each turn.

Only what is known counts. A run whose price nobody knows is no free run, so wherever there is one
beside a limit, that is said.
"""

from collections.abc import Iterator
from math import isfinite

from chatmgr.domain.errors import ProviderRefused, UsageFault
from chatmgr.domain.events import Notice
from chatmgr.domain.model import Conversation
from chatmgr.domain.text import dollars
from chatmgr.store.reader import Reader

_NANODOLLARS = 1_000_000_000
_MOST = 1_000_000.0  # US dollars; more is a slip of the finger


def limit(amount: float) -> int | None:
    """A limit in dollars in billionths of one; None, no limit, for zero."""
    if not isfinite(amount) or not 0 <= amount <= _MOST:
        raise UsageFault("--max-cost must lie between 0 (no limit) and 1,000,000 US dollars.")
    return max(1, round(amount * _NANODOLLARS)) if amount else None


class Budget:
    """Refuses turns past the limits of their conversations; what is unknown it says once."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._told: set[int] = set()

    def reached(self, conversation: Conversation) -> bool:
        """Whether a conversation has cost what it may, as far as that is known."""
        most = self._reader.runs.max_cost(conversation.pk)
        return most is not None and self._reader.runs.cost(conversation.pk)[0] >= most

    def check(self, conversation: Conversation) -> Iterator[Notice]:
        """Refuse the next turn of a conversation that has cost what it may."""
        most = self._reader.runs.max_cost(conversation.pk)
        if most is None:
            return
        spent, unknown = self._reader.runs.cost(conversation.pk)
        runs = "one run" if unknown == 1 else f"{unknown:,} runs"
        besides = f", besides {runs} of unknown price" if unknown else ""
        if spent >= most:
            raise ProviderRefused(
                f"“{conversation.name}” has cost {dollars(spent)}{besides}; its limit is {dollars(most)}.",
                "Raise it with --max-cost, or take it away with --max-cost 0.",
            )
        if unknown and conversation.pk not in self._told:
            self._told.add(conversation.pk)
            yield Notice(
                f"The price of {runs} is unknown: --max-cost counts the {dollars(spent)} of the others."
            )
