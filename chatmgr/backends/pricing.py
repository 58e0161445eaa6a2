"""What a run cost, at the price of the day, from the table that ``genai-prices`` ships.

The table is read from the installed package; nothing is fetched. Its import takes a quarter of a
second, so it begins once the server has begun to answer: earlier it would hold up the request, and
later the end.
"""

import threading
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from chatmgr.domain.events import Usage
from chatmgr.domain.model import Provider
from chatmgr.domain.money import NANODOLLARS

_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


class Pricer:
    """Prices runs."""

    def preload(self, provider: Provider) -> None:
        """Import the table while there is time, where it will be needed."""
        if _listed(provider):
            threading.Thread(target=_table, name="chatmgr-prices", daemon=True).start()

    def price(self, provider: Provider, model: str, usage: Usage) -> int | None:
        """Billionths of a US dollar; 0 for the embedded model, None where no price is known."""
        if provider.api == "local":
            return 0
        if usage.input_tokens is None or usage.output_tokens is None or not _listed(provider):
            return None
        calc_price, counted = _table()
        tokens = counted(
            input_tokens=usage.input_tokens,
            cache_read_tokens=usage.cached_tokens or 0,
            output_tokens=usage.output_tokens,
        )
        known = {"provider_id": "openai"} if provider.name == "openai" else {}
        if not known:
            known = {"provider_api_url": provider.base_url}
        try:
            found = calc_price(tokens, model_ref=model, **known)
        except (LookupError, ValueError):
            return None
        return round(Decimal(found.total_price) * NANODOLLARS)


def _listed(provider: Provider) -> bool:
    """Whether a provider can be in the table: nobody else knows what a server on this machine costs."""
    here = urlsplit(provider.base_url).hostname in _LOOPBACK and provider.name != "openai"
    return provider.api != "local" and not here


def _table() -> tuple[Any, Any]:
    from genai_prices import Usage as Counted
    from genai_prices import calc_price

    return calc_price, Counted
