"""What every page of the reader stands on: one source, opened at the first question."""

import unicodedata
from collections.abc import Iterator
from types import TracebackType
from typing import Self

from chatmgr.domain.text import storable
from chatmgr.store.connection import Row, Source
from chatmgr.store.migrate import ready_to_read

FAR = 2_147_483_647  # past any position
SHORTEST_ID = 4  # fewer characters of an id would be met by chance
GUESSES = 2_000  # names compared when one is not found; more would be felt


class Pages:
    """Reads one database. Open it late and close it before the network is used."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._source: Source | None = None
        self._looked = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the database; the next question opens it again."""
        if self._source is not None:
            self._source.close()
        self._source, self._looked = None, False

    def _rows(self, name: str, /, **values: object) -> Iterator[Row]:
        source = self._open()
        return source.rows(name, **values) if source is not None else iter(())

    def _first(self, name: str, /, **values: object) -> Row | None:
        found = list(self._rows(name, **values))
        return found[0] if found else None

    def _prefixed(self, statement: str, prefix: str, count: int) -> Iterator[Row]:
        low = as_stored(prefix)
        return self._rows(statement, low=low, high=low + "\U0010ffff", limit=count)

    def _open(self) -> Source | None:
        if not self._looked:
            self._source, self._looked = ready_to_read(self._url), True
        return self._source

    def _limit(self, count: int) -> int | None:
        source = self._open()
        return min(count, FAR) if count > 0 or source is None else source.no_limit


def as_stored(name: str) -> str:
    """A typed name in the form that names are kept in; what cannot be kept is simply not found."""
    return unicodedata.normalize("NFC", storable(name))
