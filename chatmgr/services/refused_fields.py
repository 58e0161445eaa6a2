"""The fields that a provider's server refuses, remembered so that it is not asked twice.

chatmgr adds fields to its requests (``stream_options``, ``store`` …). A server that refuses one is asked
again without it, which costs a request. What it refused is kept in the database, for its name and address,
and forgotten after a month: by then it may have been updated.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime, timedelta

from chatmgr.domain.errors import DatabaseUnreachable
from chatmgr.domain.model import Provider
from chatmgr.store.reader import Reader
from chatmgr.store.writer import Writer

_KEPT = timedelta(days=30)


class RefusedFields:
    """The fields of one provider, in the set that its backend adds to (its option ``refused_fields``)."""

    def __init__(self, provider: Provider) -> None:
        self._key = f"refused fields {provider.name} {provider.base_url}"
        self._fields: set[str] = provider.options.get("refused_fields", set())
        self._saved = frozenset[str]()

    def read(self, reader: Reader) -> None:
        """Recall what was refused within the last month."""
        self._saved = frozenset(_decode(reader.meta.get(self._key)))
        self._fields |= self._saved

    @contextmanager
    def saved_to(self, writer: Writer) -> Iterator[None]:
        """Remember what is refused meanwhile, whether or not it ends well."""
        try:
            yield
        finally:
            if self._fields > self._saved:
                today = datetime.now(UTC).date().isoformat()
                with suppress(DatabaseUnreachable):  # what it is for is saved, or has failed, by itself
                    writer.meta.set(self._key, json.dumps({"day": today, "fields": sorted(self._fields)}))


def _decode(text: str) -> set[str]:
    """What ``saved_to`` stored; empty where it is too old, or of no use."""
    try:
        remembered = json.loads(text or "{}")
        age = datetime.now(UTC).date() - date.fromisoformat(remembered["day"])
        fields = {field for field in remembered["fields"] if isinstance(field, str)}
    except (ValueError, KeyError, TypeError):
        return set()
    return fields if age <= _KEPT else set()
