"""Rows of either database as the frozen values that travel outside the store."""

from datetime import UTC, datetime
from typing import Any

from chatmgr.domain.model import Assistant, Attempt, Conversation, LiveRun, Turn
from chatmgr.domain.states import RunState
from chatmgr.domain.totals import UsageTotals
from chatmgr.store.connection import Row, as_mapping


def moment(value: Any) -> datetime:
    """SQLite gives text without a zone, PostgreSQL a moment in the server's; all of ours are UTC."""
    found = datetime.fromisoformat(value) if isinstance(value, str) else value
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def conversation(row: Row) -> Conversation:
    """A conversation as ``statements`` selects it."""
    values = _with_moments(row, 11, 12, 14, 15)
    values[17] = tuple(sorted(str(row[17]).split(","))) if row[17] else ()
    return Conversation(*values)


def turn(row: Row) -> Turn:
    """A turn; SQLite tells whether it has files by a number."""
    values = _with_moments(row, 10, 11)
    values[20] = bool(row[20])
    return Turn(*values)


def attempt(row: Row) -> Attempt:
    """A run of a turn."""
    values = _with_moments(row, 9, 10)
    values[1] = bool(row[1])
    return Attempt(*values)


def live_run(row: Row) -> LiveRun:
    """A run that nobody has closed."""
    values = list(row)
    values[4], values[9], values[13] = RunState(row[4]), bool(row[9]), moment(row[13])
    values[14] = bool(row[14])
    return LiveRun(*values)


def assistant(row: Row) -> Assistant:
    """An assistant at one version."""
    values = _with_moments(row, 8, 9)
    values[7] = as_mapping(row[7])
    return Assistant(*values)


def count(row: Row, key: str) -> UsageTotals:
    """Sums as ``statements.counting`` selects them; PostgreSQL gives those of big numbers as decimals."""
    given, answered, cached, thought, cost = (None if one is None else int(one) for one in row[3:8])
    unpriced = int(row[8])
    if cost is None and not unpriced:
        cost = 0  # nothing was sent
    return UsageTotals(
        key,
        turns=int(row[1]),
        runs=int(row[2]),
        input_tokens=given,
        output_tokens=answered,
        cached_tokens=cached,
        reasoning_tokens=thought,
        cost=cost,
        unpriced=unpriced,
        first_at=moment(row[9]),
        last_at=moment(row[10]),
    )


def _with_moments(row: Row, *places: int) -> list[Any]:
    values = list(row)
    for place in places:
        values[place] = None if row[place] is None else moment(row[place])
    return values
