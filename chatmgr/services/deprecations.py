"""Warns, once a day, of a model that its provider will shut down.

The list of models carries the day (``shutdown_date``). It is fetched at the first turn of a day, while
that turn runs; what it said is remembered for the rest of the day, and so is which models were warned
of: another model taken up later that day is warned of too, and none twice.
"""

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from chatmgr.domain.errors import DatabaseUnreachable
from chatmgr.domain.events import Notice
from chatmgr.domain.model import ModelInfo, Provider
from chatmgr.store.reader import Reader
from chatmgr.store.writer import Writer

_PATIENCE = 0.5  # seconds after the answer for a list that is slower than it


class DeprecationCheck:
    """One provider's shutdowns, today. Nothing that goes wrong here is the turn's business."""

    def __init__(self, reader: Reader, provider: Provider, models: Callable[[], list[ModelInfo]]) -> None:
        self.provider = provider.name
        self._key = f"shutdowns {provider.name} {provider.base_url}"
        self._reader = reader
        self._api = provider.api
        self._models = models
        self._thread: threading.Thread | None = None
        self._today = datetime.now(UTC).date().isoformat()
        self._going: dict[str, str] | None = None
        self._told: list[str] = []

    def begin(self) -> None:
        """Recall what is known today, else begin to ask; one without an answer is asked next time again."""
        if self._api == "local":
            return
        known = _decoded(self._reader.meta.get(self._key))
        if known.get("day") == self._today:
            self._going, self._told = known["going"], known["told"]
            return
        self._thread = threading.Thread(target=self._ask, name="chatmgr-shutdowns", daemon=True)
        self._thread.start()

    def _ask(self) -> None:
        try:
            self._going = {one.id: one.shutdown for one in self._models() if one.shutdown}
        except Exception:
            return  # whatever it is: the turn itself will say it, or it does not matter

    def announce(self, writer: Writer, model: str) -> Iterator[Notice]:
        """Warn of the model in use, and remember that this was done today."""
        if self._thread:
            self._thread.join(_PATIENCE)
        if self._going is None:
            return
        day = self._going.get(model) if model not in self._told else None
        if not self._thread and not day:
            return
        told = [*self._told, model] if day else self._told
        try:
            writer.set_meta(self._key, json.dumps({"day": self._today, "going": self._going, "told": told}))
        except DatabaseUnreachable:
            return  # the turn is kept already
        if day:
            yield Notice(
                f"{self.provider} will shut {model} down on {day}. "
                f"Choose another in time: chatmgr models --provider {self.provider}"
            )


def _decoded(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    whole = isinstance(found, dict) and found.keys() >= {"day", "going", "told"}
    return found if whole else {}
