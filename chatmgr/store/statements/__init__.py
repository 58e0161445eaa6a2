"""Every statement the reader uses, defined once, in SQLAlchemy, over the tables of ``rows``.

Importing SQLAlchemy costs more than all the rest of ``chatmgr history``. So the reader never does:
``python -m chatmgr.store.statements`` compiles what is defined here into ``compiled.py`` for SQLite
and PostgreSQL, and a test holds the two against each other. Change a statement here, run that
command, commit both.
"""

from chatmgr.store import compiling
from chatmgr.store.compiling import Either
from chatmgr.store.statements import counting, exporting, folders, reading, searching, tidying

STATEMENTS: dict[str, Either] = {
    **reading.STATEMENTS,
    **searching.STATEMENTS,
    **counting.STATEMENTS,
    **exporting.STATEMENTS,
    **tidying.STATEMENTS,
    **folders.STATEMENTS,
}


def render() -> str:
    """The text of ``compiled.py`` for the statements defined here."""
    return compiling.render(STATEMENTS)
