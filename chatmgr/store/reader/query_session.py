"""What every subject of the reader stands on: one connection, opened at the first question."""

import time
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from chatmgr.domain.ids import FAR
from chatmgr.domain.text import storable
from chatmgr.store.connection import Source, open_source
from chatmgr.store.migrate import ready_to_read
from chatmgr.store.shapes import Shape, only

T = TypeVar("T")

SHORTEST_ID = 4  # fewer characters of an id would be met by chance
_CHECK_HOLDS_SECONDS = 2.0  # a turn opens the database several times before its request leaves
GUESSES = 2_000  # names compared when one is not found; more would be felt


class QuerySession:
    """One database, read by the names of its statements. Before the first turn there is nothing to read. A
    statement is run when its first row is asked for, and each row is made into what a shape says.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._source: Source | None = None
        self._opened = False
        self._checked_until = 0.0

    @property
    def dialect(self) -> str:
        """``sqlite`` or ``postgresql``; a database that does not exist yet is going to be SQLite's."""
        source = self._open()
        return source.dialect if source is not None else "sqlite"

    def rows(self, statement: str, shape: Shape[T], /, **values: object) -> Iterator[T]:
        """The rows of a statement, read as they are consumed."""
        source = self._open()
        return source.rows(statement, shape, **values) if source is not None else iter(())

    def first(self, statement: str, shape: Shape[T], /, **values: object) -> T | None:
        """The first row of a statement, which is read to its end."""
        rows = list(self.rows(statement, shape, **values))
        return rows[0] if rows else None

    def column(self, statement: str, /, **values: object) -> Iterator[Any]:
        """The only column of a statement."""
        return self.rows(statement, only, **values)

    def value(self, statement: str, default: Any = None, /, **values: object) -> Any:
        """The only column of the first row; ``default`` where there is no row or nothing in it."""
        first = self.first(statement, only, **values)
        return default if first is None else first

    def prefixed(self, statement: str, shape: Shape[T], prefix: str, count: int) -> Iterator[T]:
        """The rows of a statement over names, or ids, that begin with ``prefix``."""
        low = as_stored(prefix)
        return self.rows(statement, shape, low=low, high=low + "\U0010ffff", limit=count)

    def limit(self, count: int) -> int | None:
        """A count as ``LIMIT`` takes it; 0 for all."""
        source = self._open()
        return min(count, FAR) if count > 0 or source is None else source.no_limit

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Read as of one moment, whatever others write meanwhile."""
        source = self._open()
        if source is None:
            yield
        else:
            with source.snapshot():
                yield

    def close(self) -> None:
        """Let go of the database; the next question opens it again."""
        if self._source is not None:
            self._source.close()
        self._source, self._opened = None, False

    def _open(self) -> Source | None:
        if not self._opened:
            self._source, self._opened = self._checked(), True
        return self._source

    def _checked(self) -> Source | None:
        """The database, once its schema was looked at: a moment ago is enough where that is a round trip."""
        if time.monotonic() < self._checked_until:
            return open_source(self._url)
        source = ready_to_read(self._url)
        if source is not None and source.dialect == "postgresql":
            self._checked_until = time.monotonic() + _CHECK_HOLDS_SECONDS
        return source


def as_stored(name: str) -> str:
    """A typed name in the form that names are kept in; what cannot be kept is simply not found."""
    return unicodedata.normalize("NFC", storable(name))
