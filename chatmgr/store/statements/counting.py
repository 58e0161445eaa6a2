"""Sums over runs: what was said and what it took, one pass over the runs for each."""

from typing import Any

from sqlalchemy import BigInteger, and_, case, exists, func, or_, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import aliased
from sqlalchemy.sql import ColumnElement
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import SQLColumnExpression
from sqlalchemy.sql.functions import FunctionElement

from chatmgr.store.compiling import Rows
from chatmgr.store.statements.parts import (
    LIMIT,
    LIVE,
    A,
    C,
    F,
    R,
    T,
    a_big,
    a_moment,
    an_int,
    chosen,
    of_belonging,
)
from chatmgr.store.tables import MessageRow, RunRow


class _Second(FunctionElement[int]):
    """The second of a moment, since 1970, rounded down."""

    type = BigInteger()
    inherit_cache = True


@compiles(_Second, "sqlite")
def _second_in_sqlite(element: _Second, compiler: SQLCompiler, **options: Any) -> str:
    moment = compiler.process(element.clauses, **options)
    return f"CAST(strftime('%s', substr({moment}, 1, 19)) AS INTEGER)"  # with its fraction it would round up


@compiles(_Second, "postgresql")
def _second_in_postgres(element: _Second, compiler: SQLCompiler, **options: Any) -> str:
    return f"CAST(floor(extract(epoch FROM {compiler.process(element.clauses, **options)})) AS BIGINT)"


def _of_runs() -> tuple[ColumnElement[bool], ...]:
    """The filters of ``domain.filters`` on runs; the time, the file and the cost are their turn's."""
    retried = aliased(RunRow)
    attached = exists().where(MessageRow.turn_id == T.id, F.message_id == MessageRow.id).correlate(T)
    cost = select(func.coalesce(func.sum(retried.cost), 0)).where(retried.turn_id == T.id).correlate(T)
    return (
        LIVE,
        T.created_at.between(a_moment("since"), a_moment("until")),
        chosen("model", R.model),
        chosen("provider", R.provider),
        chosen("state", R.state),
        or_(an_int("file") == 0, attached),
        or_(a_big("min_cost") == 0, cost.scalar_subquery() >= a_big("min_cost")),
        *of_belonging(),
    )


def _counted(key: SQLColumnExpression[Any]) -> Rows:
    """The sums, as ``values.count`` takes them; a run that was never sent has no price to know."""
    return (
        select(
            key.label("grouped"),
            func.count(T.id.distinct()).label("turns"),
            func.count().label("runs"),
            func.sum(R.input_tokens),
            func.sum(R.output_tokens),
            func.sum(R.cached_tokens),
            func.sum(R.reasoning_tokens),
            func.sum(R.cost),
            func.count(case((and_(R.sent_at.is_not(None), R.cost.is_(None)), 1))),
            func.min(T.created_at),
            func.max(T.created_at),
        )
        .select_from(R)
        .join(T, T.id == R.turn_id)
        .join(C, C.id == R.conversation_id)
        .join(A, A.id == C.assistant_id)
        .where(*_of_runs())
    )


def _ranked(key: SQLColumnExpression[str]) -> Rows:
    """Most turns first."""
    return (
        _counted(key).group_by("grouped").order_by(func.count(T.id.distinct()).desc(), "grouped").limit(LIMIT)
    )


def _by_stretch() -> Rows:
    """By stretches of a grid: see ``domain.periods``."""
    stretch = (_Second(T.created_at) + a_big("shift")) // a_big("step")
    return _counted(stretch).group_by("grouped")


STATEMENTS: dict[str, Rows] = {
    "count_all": _counted(func.count(C.id.distinct())),
    "count_of": _counted(func.count(C.id.distinct())).where(C.id == an_int("conversation")),
    "count_by_stretch": _by_stretch(),
    "count_by_model": _ranked(R.model),
    "count_by_provider": _ranked(R.provider),
    "count_by_assistant": _ranked(A.name),
    "count_by_conversation": _ranked(C.name),
}
