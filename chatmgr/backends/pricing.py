"""What a run costs, by the price table of the ``genai-prices`` package.

The table is part of the installed package; nothing is fetched. Importing it takes a quarter of a second,
so it is imported in a thread once the server has begun to answer: any earlier would delay the request,
any later the end of the run.
"""

import threading
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from chatmgr.domain.events import Usage
from chatmgr.domain.model import Provider
from chatmgr.domain.money import NANODOLLARS

_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


class PriceTable:
    """Knows the prices of hosted models."""

    def preload(self, provider: Provider) -> None:
        """Import the table in the background, if the provider can be in it."""
        if _may_be_listed(provider):
            threading.Thread(target=_genai_prices, name="chatmgr-prices", daemon=True).start()

    def cost(self, provider: Provider, model: str, usage: Usage) -> int | None:
        """Billionths of a US dollar; 0 for the embedded model, None where no price is known."""
        if provider.api == "local":
            return 0
        if usage.input_tokens is None or usage.output_tokens is None or not _may_be_listed(provider):
            return None
        calc_price, usage_class = _genai_prices()
        tokens = usage_class(
            input_tokens=usage.input_tokens,
            cache_read_tokens=usage.cached_tokens or 0,
            output_tokens=usage.output_tokens,
        )
        if provider.name == "openai":
            endpoint = {"provider_id": "openai"}
        else:
            endpoint = {"provider_api_url": provider.base_url}
        try:
            calculation = calc_price(tokens, model_ref=model, **endpoint)
        except (LookupError, ValueError):
            return None
        return round(Decimal(calculation.total_price) * NANODOLLARS)


def _may_be_listed(provider: Provider) -> bool:
    """Whether a provider can be in the table: it knows no prices of servers on this machine."""
    on_this_machine = urlsplit(provider.base_url).hostname in _LOOPBACK and provider.name != "openai"
    return provider.api != "local" and not on_this_machine


def _genai_prices() -> tuple[Any, Any]:
    """The package's function, and its class for counted tokens."""
    from genai_prices import Usage as GenaiUsage
    from genai_prices import calc_price

    return calc_price, GenaiUsage
