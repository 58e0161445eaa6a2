"""Warns, once a day, of a model that its provider will shut down.

The provider's list of models says when a model goes (``shutdown_date``). It is fetched in the background
during the first turn of a day. What it said is remembered for the rest of the day, and so are the models
that were warned of: a model that is chosen later that day is warned of too, and none twice.
"""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from chatmgr.domain.errors import DatabaseUnreachable
from chatmgr.domain.events import Notice
from chatmgr.domain.interrupts import interrupts
from chatmgr.domain.model import ModelInfo, Provider
from chatmgr.store.reader import Reader
from chatmgr.store.writer import Writer

_LIST_SECONDS = 0.5  # to wait after the answer for a list that takes longer than the answer


class DeprecationCheck:
    """Today's check of one provider. A failure here never disturbs the turn.

    Call ``read``, then ``start`` before the turn, and ``announce`` after it.
    """

    def __init__(self, reader: Reader, provider: Provider, models: Callable[[], list[ModelInfo]]) -> None:
        self.provider = provider.name
        self._key = f"shutdowns {provider.name} {provider.endpoint}"
        self._reader = reader
        self._api = provider.api
        self._models = models
        self._thread: threading.Thread | None = None
        self._today = datetime.now(UTC).date().isoformat()
        self._shutdowns: dict[str, str] | None = None  # day by model; None while it is unknown
        self._announced: list[str] = []

    def read(self) -> None:
        """Recall what was learnt earlier today."""
        if self._api == "local":
            return
        remembered = _decode(self._reader.meta.get(self._key))
        if remembered.get("day") == self._today:
            self._shutdowns, self._announced = remembered["going"], remembered["told"]

    def start(self) -> None:
        """Fetch the list of models in the background, unless that was done today."""
        if self._api != "local" and self._shutdowns is None:
            self._thread = threading.Thread(target=self._fetch, name="chatmgr-shutdowns", daemon=True)
            self._thread.start()

    def _fetch(self) -> None:
        try:
            self._shutdowns = {model.id: model.shutdown for model in self._models() if model.shutdown}
        except Exception:
            return  # if it matters, the turn reports it

    def announce(self, writer: Writer, model: str) -> Iterator[Notice]:
        """Warn of the model in use, if it will be shut down, and remember today's check."""
        if self._thread:
            with suppress(KeyboardInterrupt):
                interrupts.join(self._thread, _LIST_SECONDS)
        if self._shutdowns is None:
            return
        day = self._shutdowns.get(model) if model not in self._announced else None
        if not self._thread and not day:
            return
        announced = [*self._announced, model] if day else self._announced
        remembered = {"day": self._today, "going": self._shutdowns, "told": announced}
        try:
            writer.meta.set(self._key, json.dumps(remembered))
        except DatabaseUnreachable:
            return  # the turn itself is saved already
        if day:
            yield Notice(
                f"{self.provider} will shut {model} down on {day}. "
                f"Choose another in time: chatmgr models --provider {self.provider}"
            )


def _decode(text: str) -> dict[str, Any]:
    """What ``announce`` stored; empty where there is nothing usable."""
    try:
        remembered = json.loads(text or "{}")
    except ValueError:
        return {}
    usable = isinstance(remembered, dict) and remembered.keys() >= {"day", "going", "told"}
    return remembered if usable else {}
