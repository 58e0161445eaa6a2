"""Which revision a database's schema has, in one question where it is today's."""

from chatmgr.domain.errors import DatabaseUnreachable, SchemaMismatch
from chatmgr.store.connection import Source

_NO_SUCH_TABLE = "42P01"
_COPYING = "copying-"
_VERSION = "SELECT version_num FROM alembic_version"
_OWN_VERSION = """SELECT version_num FROM alembic_version WHERE tableoid IN (
    SELECT pg_class.oid FROM pg_class JOIN pg_namespace ON pg_namespace.oid = pg_class.relnamespace
    WHERE pg_namespace.nspname = current_schema()
)"""


def copying(source: str) -> str:
    """What a database says that its schema is, while it is an unfinished copy of another one."""
    from hashlib import sha256

    from chatmgr.domain.redaction import safe_url

    place = safe_url(source).partition("?")[0]
    return _COPYING + sha256(place.encode()).hexdigest()[:16]


def is_copying(current: str) -> bool:
    """Whether a database is an unfinished copy."""
    return current.startswith(_COPYING)


def revision(source: Source) -> str:
    """The revision of a database; empty for a fresh one. Refuses another program's database."""
    on_server = source.no_limit is None
    if on_server and (versions := _own_version(source)):
        return str(versions[0][0])
    if on_server:
        tables = source.ask("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
    else:
        tables = source.ask("SELECT name FROM sqlite_master WHERE type = 'table'")
    names = {str(row[0]) for row in tables}
    if "alembic_version" in names:
        versions = source.ask(_VERSION)
        return str(versions[0][0]) if versions else ""
    if names & {"conversations", "assistants", "turns"} or (names and not on_server):
        raise SchemaMismatch(
            "The database holds tables of some other program. Nothing was changed.",
            "Set CHATMGR_HOME or CHATMGR_DATABASE_URL to a place of its own.",
        )
    return ""


def _own_version(source: Source) -> list[tuple[object, ...]]:
    """The revision that today's schema of a PostgreSQL database records, in one round trip; else nothing."""
    try:
        return source.ask(_OWN_VERSION)
    except DatabaseUnreachable as error:
        if getattr(error.__cause__, "sqlstate", None) != _NO_SUCH_TABLE:
            raise
        return []
