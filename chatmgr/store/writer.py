"""What every part of the ledger stands on: one engine, one transaction a method, errors for people."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, IntegrityError

from chatmgr.domain.errors import DatabaseUnreachable
from chatmgr.store import engine as engines
from chatmgr.store import schema
from chatmgr.store.connect import postgres_unreachable
from chatmgr.store.location import sqlite_path, unreachable


@dataclass(frozen=True, slots=True)
class Place:
    """Where a conversation's remote thread is: at most one in use for each."""

    conversation: int
    provider: str
    endpoint: str


class Writer:
    """Writes one database, brought to today's schema first."""

    def __init__(self, url: str) -> None:
        schema.ready_to_write(url)
        self.path = sqlite_path(url)
        self._engine: Engine = engines.create(url)

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """One transaction: committed at the end of the block, or nothing happened."""
        try:
            with self._engine.begin() as connection:
                yield connection
        except IntegrityError:
            raise
        except DBAPIError as error:
            raise self._unreachable(error) from error

    def _unreachable(self, error: Exception) -> DatabaseUnreachable:
        return unreachable(self.path, error) if self.path else postgres_unreachable(error)


def now() -> datetime:
    """This moment, in UTC."""
    return datetime.now(UTC)
