"""What the writer's first statement would have to wait for, done ahead; no database is opened."""

from sqlalchemy.orm import configure_mappers

from chatmgr.store import ledger  # noqa: F401 - brings the rows in


def warm() -> None:
    """Let SQLAlchemy look at the tables; it holds a lock of its own meanwhile."""
    configure_mappers()
