"""What every page of the reader stands on: one source, opened at the first question."""

from collections.abc import Iterator
from types import TracebackType
from typing import Self

from chatmgr.store.connect import Row, Source
from chatmgr.store.schema import ready_to_read

FAR = 2_147_483_647  # past any position


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

    def _open(self) -> Source | None:
        if not self._looked:
            self._source, self._looked = ready_to_read(self._url), True
        return self._source

    def _limit(self, count: int) -> int | None:
        source = self._open()
        return min(count, FAR) if count > 0 or source is None else source.no_limit
