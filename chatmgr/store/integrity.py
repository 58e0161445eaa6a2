"""Whether a database is whole: its pages, references, values, counts and search index.

A quick check reads the pages and the counts, and takes seconds where the whole one takes a minute. It leaves
out whether indexes agree with their tables, rows with their parents, values with their columns, turns with
their runs, and the search index with the conversations; that index can be built again from them.
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from chatmgr.domain.errors import ChatmgrError, DatabaseUnreachable
from chatmgr.store import migrate
from chatmgr.store.connection import Source
from chatmgr.store.location import sqlite_path
from chatmgr.store.shapes import as_dict

if TYPE_CHECKING:
    from sqlalchemy import Column

_MOMENT = "0000-00-00 00:00:00.000000".replace("0", "[0-9]")
_REPORTED = 3  # problems that are named
_Check = Callable[[Source], Iterator[str]]


def damage(
    url: str, *, quick: bool = False, progress: Callable[[str], None] = lambda _: None
) -> list[str] | None:
    """What is wrong with a database, one phrase for each problem; None where there is no database.

    ``progress`` is called with what is checked next. Raises SchemaMismatch for a schema that this version
    cannot read.
    """
    checks: dict[str, _Check] = {}
    if sqlite_path(url):
        checks["pages"] = _broken_pages if quick else _broken_file
        if not quick:
            checks |= {"references": _orphans, "values": _wrong_values}
    if not quick:
        checks["runs"] = _unanswered
    return _problems(url, {**checks, "counts": _contradictions}, progress)


def _problems(url: str, checks: dict[str, _Check], progress: Callable[[str], None]) -> list[str] | None:
    source = migrate.ready_to_read(url)
    if source is None:
        return None
    problems: list[str] = []
    try:
        for subject, check in checks.items():
            progress(subject)
            problems += check(source)
    finally:
        source.close()
    return problems


def damaged(problems: list[str]) -> DatabaseUnreachable:
    """The error that names the first problems of a database."""
    more = f" and {len(problems) - _REPORTED} more" if len(problems) > _REPORTED else ""
    return DatabaseUnreachable(
        f"The database is damaged: {'; '.join(problems[:_REPORTED])}{more}.",
        "Restore a backup; see: chatmgr config path",
    )


def explained(url: str) -> ChatmgrError | None:
    """The error behind a fault that nobody expected, where that is a damaged SQLite file; else None."""
    if sqlite_path(url) is None:
        return None
    try:
        problems = _problems(url, {"pages": _broken_pages, "values": _wrong_values}, lambda _: None)
    except ChatmgrError as error:
        return error
    return damaged(problems) if problems else None


def _broken_pages(source: Source) -> Iterator[str]:
    return _pragma(source, "quick_check")


def _broken_file(source: Source) -> Iterator[str]:
    return _pragma(source, "integrity_check")


def _pragma(source: Source, name: str) -> Iterator[str]:
    """What SQLite itself finds wrong; some of its reports have several lines."""
    for problem, *_ in source.ask(f"PRAGMA {name}"):
        if problem != "ok":
            yield " ".join(str(problem).replace("*** in database main ***", "").split())


def _orphans(source: Source) -> Iterator[str]:
    for row in source.ask("PRAGMA foreign_key_check"):
        yield f"a row of {row[0]} has no parent in {row[2]}"


def _wrong_values(source: Source) -> Iterator[str]:
    """Values of another kind than their column's: SQLite takes any, so flipped bits go unnoticed."""
    from chatmgr.store.tables import metadata

    for table in metadata.sorted_tables:
        sound = " AND ".join(_is_sound(column) for column in table.columns)
        [(count,)] = source.ask(f"SELECT count(*) FROM {table.name} WHERE NOT ({sound})")  # noqa: S608
        if count:
            yield f"{count} rows of {table.name} hold values of a wrong kind"


def _is_sound(column: "Column[Any]") -> str:
    """The condition that a value of a column meets."""
    from sqlalchemy import JSON, DateTime, Integer, LargeBinary, TypeDecorator

    kind = column.type.impl if isinstance(column.type, TypeDecorator) else column.type
    name = column.name
    if isinstance(kind, DateTime):
        condition = f"{name} GLOB '{_MOMENT}' AND datetime({name}) IS NOT NULL"
    elif isinstance(kind, JSON):
        condition = f"json_valid({name})"
    else:
        number = isinstance(kind, Integer) or kind.python_type is bool
        stored = "integer" if number else "blob" if isinstance(kind, LargeBinary) else "text"
        condition = f"typeof({name}) = '{stored}'"
    return f"({name} IS NULL OR ({condition}))" if column.nullable else f"({condition})"


def _unanswered(source: Source) -> Iterator[str]:
    """Turns that none of their runs answers."""
    for row in source.rows("meta.unanswered", as_dict):
        yield f"turn {row['key']} has no run"


def _contradictions(source: Source) -> Iterator[str]:
    """Where the rows contradict each other."""
    for row in source.rows("meta.miscounted", as_dict):
        yield f"conversation “{row['name']}” counts {row['counted']} turns and has {row['held']}"
    for row in source.rows("meta.without_message", as_dict):
        yield f"turn {row['position']} of “{row['name']}” has no message"
    for row in source.rows("meta.broken_paths", as_dict):
        yield f"the path of “{row['name']}” is broken"
    for row in source.rows("meta.lost_branches", as_dict):
        yield f"no conversation reaches branch {row['key']}"
