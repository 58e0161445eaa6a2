"""What all tables are part of, and the facts about the database itself."""

from typing import Any

from sqlalchemy import Column, Connection, Index, MetaData, Table, Text, event, text

from chatmgr.store.columns import column

# Migrations address constraints by these names.
metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

LIVE_RUN = text("state IN ('pending', 'running', 'requires_action')")
_NOT_DELETED = text("deleted_at IS NULL")


def partial_index(name: str, *columns: str, where: Any = _NOT_DELETED, unique: bool = False) -> Index:
    """An index on the rows that meet a condition; see ``set_index_conditions``."""
    return Index(name, *columns, unique=unique, info={"where": where})


def set_index_conditions(*dialects: str) -> None:
    """Give the partial indexes their conditions, for these dialects' DDL.

    SQLAlchemy imports a dialect when an option of it is set (PostgreSQL's costs 35 ms), and the writer
    creates no tables. So the conditions are set by those who need them.
    """
    for table in metadata.tables.values():
        for index in table.indexes:
            if "where" in index.info:
                for dialect in dialects:
                    index.dialect_kwargs[f"{dialect}_where"] = index.info["where"]


@event.listens_for(metadata, "before_create")
def _before_create(_metadata: object, connection: Connection, **_options: Any) -> None:
    set_index_conditions(connection.dialect.name)


# Facts about the database itself, for instance which version of chatmgr wrote its schema.
meta = Table("meta", metadata, Column("key", Text, primary_key=True), column("value", Text))
