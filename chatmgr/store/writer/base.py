"""What every part of the writer stands on: one engine, one transaction a method, errors for people."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from sqlalchemy import Connection, Engine, exists, func, select
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import aliased

from chatmgr.domain.errors import DatabaseUnreachable
from chatmgr.domain.values import dataclass
from chatmgr.store import engine as engines
from chatmgr.store import migrate
from chatmgr.store.connection import postgres_unreachable
from chatmgr.store.location import sqlite_path, unreachable
from chatmgr.store.locks import SPACE
from chatmgr.store.tables import TurnRow


@dataclass(frozen=True, slots=True)
class ThreadKey:
    """Where a conversation's remote thread is: at most one in use for each."""

    conversation: int
    provider: str
    endpoint: str


class WriterBase:
    """Writes one database, brought to today's schema first."""

    def __init__(self, url: str) -> None:
        migrate.ready_to_write(url)
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


def free_stamp(db: Connection, moment: datetime) -> int:
    """The second of a moment, or the next one that no turn has.

    PostgreSQL lets two writers in at once: there, one waits until the other has committed.
    """
    if db.dialect.name == "postgresql":
        db.execute(select(func.pg_advisory_xact_lock(SPACE, -1)))
    at, next_one = int(moment.timestamp()), aliased(TurnRow)
    if db.scalar(select(TurnRow.id).where(TurnRow.stamp == at)) is None:
        return at
    ends_there = ~exists().where(next_one.stamp == TurnRow.stamp + 1)
    last = select(TurnRow.stamp).where(TurnRow.stamp >= at, ends_there).order_by(TurnRow.stamp).limit(1)
    return int(db.scalar(last) or at) + 1
