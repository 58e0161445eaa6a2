"""What a conversation may cost: its limit, checked before each turn.

Only known prices count. A run of unknown price is not a free run, so a notice says when there are such
runs in a conversation with a limit.
"""

from collections.abc import Iterator
from math import isfinite

from chatmgr.domain.errors import ProviderRefused, UsageFault
from chatmgr.domain.events import Notice
from chatmgr.domain.model import Conversation
from chatmgr.domain.money import NANODOLLARS, dollars
from chatmgr.store.reader import Reader

_LARGEST_LIMIT = 1_000_000.0  # US dollars; more is a slip of the finger


def limit_from(amount: float) -> int | None:
    """A limit in dollars as billionths of a dollar; None, which is no limit, for zero."""
    if not isfinite(amount) or not 0 <= amount <= _LARGEST_LIMIT:
        raise UsageFault("--max-cost must be between 0 (no limit) and 1,000,000 US dollars.")
    return max(1, round(amount * NANODOLLARS)) if amount else None


class Budget:
    """Refuses turns of conversations that have reached their limit."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._notified: set[int] = set()

    def is_exhausted(self, conversation: Conversation) -> bool:
        """Whether a conversation has reached its limit, by the prices that are known."""
        limit = self._reader.max_cost(conversation.pk)
        return limit is not None and self._reader.cost(conversation.pk)[0] >= limit

    def check(self, conversation: Conversation) -> Iterator[Notice]:
        """Refuse the next turn if the limit is reached; notify, once, of runs of unknown price."""
        limit = self._reader.max_cost(conversation.pk)
        if limit is None:
            return
        spent, unpriced_runs = self._reader.cost(conversation.pk)
        runs = "one run" if unpriced_runs == 1 else f"{unpriced_runs:,} runs"
        besides = f", besides {runs} of unknown price" if unpriced_runs else ""
        if spent >= limit:
            raise ProviderRefused(
                f"“{conversation.name}” has cost {dollars(spent)}{besides}; its limit is {dollars(limit)}.",
                "Raise it with --max-cost, or remove it with --max-cost 0.",
            )
        if unpriced_runs and conversation.pk not in self._notified:
            self._notified.add(conversation.pk)
            yield Notice(
                f"The price of {runs} is unknown: --max-cost counts the {dollars(spent)} of the others."
            )
