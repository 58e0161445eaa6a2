"""Whether a database is whole: its pages, its references, its counts.

The search index is checked by ``migrate.check_search``: what it holds can be built again from the turns.
"""

from collections.abc import Iterator

from chatmgr.store import migrate
from chatmgr.store.connection import Source, open_source
from chatmgr.store.location import sqlite_path
from chatmgr.store.reader import Reader


def damage(url: str) -> list[str] | None:
    """What is wrong with a database, one phrase for each problem; None where there is no database.

    Raises SchemaMismatch for a schema that this version cannot read.
    """
    source = open_source(url)
    if source is None:
        return None
    if migrate.revision(source) != migrate.HEAD:
        source.close()
        migrate.ready_to_read(url)
        source = open_source(url)
        if source is None:
            return None
    try:
        problems = list(_broken_file(source)) if sqlite_path(url) else []
    finally:
        source.close()
    with Reader(url) as reader:
        return problems + reader.meta.faults()


def _broken_file(source: Source) -> Iterator[str]:
    """What SQLite itself finds wrong."""
    for problem, *_ in source.ask("PRAGMA integrity_check"):
        if problem != "ok":
            yield str(problem)
    for row in source.ask("PRAGMA foreign_key_check"):
        yield f"a row of {row[0]} has no parent in {row[2]}"
