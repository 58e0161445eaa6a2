"""What the writer's first statement would have to wait for, done ahead; no database is opened."""

from sqlalchemy.orm import configure_mappers


def preload() -> None:
    """Let SQLAlchemy look at the tables; it holds a lock of its own meanwhile."""
    configure_mappers()
