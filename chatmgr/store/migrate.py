"""Which revision a database has, and how it comes to have today's.

One SELECT per start. Alembic is imported only when the answer is not ``HEAD``: it costs more than
everything else a listing does. A fresh database is made; a SQLite database of a known older revision
is backed up, then upgraded; PostgreSQL, shared as it may be, only by ``chatmgr db upgrade``; a
revision this version does not know is refused and nothing is changed.
"""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from chatmgr import __version__
from chatmgr.domain.errors import DatabaseUnreachable, SchemaMismatch, UsageFault, unwritable
from chatmgr.store.connection import Source, open_source, postgres_unreachable
from chatmgr.store.location import sqlite_path, unreachable
from chatmgr.store.locks import SPACE
from chatmgr.store.shapes import only

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

REVISIONS = ("0001", "0002", "0003")
HEAD = REVISIONS[-1]


def revision(source: Source) -> str:
    """The revision of a database; empty for a fresh one. Refuses what is not chatmgr's at all."""
    if source.no_limit is None:
        tables = source.ask("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
    else:
        tables = source.ask("SELECT name FROM sqlite_master WHERE type = 'table'")
    names = {str(row[0]) for row in tables}
    if "alembic_version" in names:
        found = source.ask("SELECT version_num FROM alembic_version")
        return str(found[0][0]) if found else ""
    if names & {"conversations", "assistants", "turns"} or (names and source.no_limit is not None):
        raise SchemaMismatch(
            "The database holds tables of some other program. Nothing was changed.",
            "Set CHATMGR_HOME or CHATMGR_DATABASE_URL to a place of its own.",
        )
    return ""


def refuse_unknown(source: Source, found: str) -> None:
    """Leave a database alone that a newer chatmgr wrote."""
    if found in REVISIONS:
        return
    try:
        writer = list(source.rows("meta.get", only, key="written_by"))
    except DatabaseUnreachable:
        writer = []
    who = f"chatmgr {writer[0]}" if writer else "another version of chatmgr"
    raise SchemaMismatch(
        f"The database has schema {found}, written by {who}; chatmgr {__version__} knows up to {HEAD}. "
        "Nothing was changed.",
        "Install that version or a newer one: pip install -U chatmgr",
    )


def _known(url: str) -> tuple[Source | None, str]:
    """An open source and its revision, which this version knows; refused, it is closed again."""
    source = open_source(url)
    if source is None:
        return None, ""
    try:
        found = revision(source)
        if found:
            refuse_unknown(source, found)
    except BaseException:
        source.close()
        raise
    return source, found


def ready_to_read(url: str) -> Source | None:
    """A source of today's schema, upgraded first where that is allowed; None before the first turn."""
    source, found = _known(url)
    if source is None or found == HEAD:
        return source
    source.close()
    if not found:
        return None
    if sqlite_path(url) is None:
        raise SchemaMismatch(
            f"The PostgreSQL database has schema {found}; this version needs {HEAD}.",
            "Back it up, then type: chatmgr db upgrade",
        )
    upgrade(url)
    return open_source(url)


def ready_to_write(url: str) -> None:
    """See to it that the writer finds today's schema."""
    source = ready_to_read(url)
    if source is not None:
        source.close()
        return
    upgrade(url)


def upgrade(url: str) -> tuple[str, Path | None]:
    """Bring the database to HEAD; returns the revision it had and the backup made, if any."""
    from chatmgr.store import engine

    source, found = _known(url)
    if source is not None:
        source.close()
    if found == HEAD:
        return found, None
    path = sqlite_path(url)
    copy = backup(url, f"schema-{found}") if found and path is not None else None
    opened = engine.create(url)
    try:
        _run_alembic(opened)
    finally:
        opened.dispose()
    return found, copy


def check_search(url: str, *, rebuild: bool = False) -> bool:
    """Whether the search index is in step with the tables; makes it anew first if asked to."""
    from chatmgr.store import engine
    from chatmgr.store.search import index

    ready_to_write(url)
    opened = engine.create(url)
    try:
        with opened.begin() as connection:
            if rebuild:
                index.rebuild(connection)
            return index.in_step(connection)
    finally:
        opened.dispose()


def backup(url: str, label: str = "", target: Path | None = None) -> Path:
    """Copy a SQLite database, in use or not, with SQLite's own backup; returns the copy."""
    path = sqlite_path(url)
    if path is None:
        raise DatabaseUnreachable(
            "A PostgreSQL database is backed up with its own tools.", "Type: pg_dump … > chatmgr.sql"
        )
    if not path.exists():
        raise DatabaseUnreachable(f"There is no database at {path} yet.", "Begin one: chatmgr new")
    if target is not None:
        return _copied(path, _made(target))
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
    copy = path.parent / "backups" / f"{path.stem}-{label + '-' if label else ''}{stamp}.db"
    try:
        copy.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        copy.touch(mode=0o600, exist_ok=False)
    except OSError as error:
        raise unreachable(copy, error) from error
    return _copied(path, copy)


def _made(target: Path) -> Path:
    """An empty file where a user wants the copy; a folder that is not there was meant otherwise."""
    try:
        target.touch(mode=0o600, exist_ok=False)
    except FileExistsError:
        raise UsageFault(f"{target} exists already.", "Name another file.") from None
    except OSError as error:
        raise unwritable(target, error) from error
    return target


def _copied(path: Path, copy: Path) -> Path:
    """A database copied whole into an empty file, which is gone again where that fails."""
    try:
        with closing(sqlite3.connect(path)) as origin, closing(sqlite3.connect(copy)) as destination:
            origin.backup(destination)
    except (OSError, sqlite3.Error) as error:
        copy.unlink(missing_ok=True)
        raise unreachable(copy, error) from error
    return copy


def scripts() -> Path:
    """The migrations: inside the package where it was installed, else beside it in the repository.

    An editable install has no packaged copy on purpose: it would be stale at the next edit.
    """
    package = Path(__file__).resolve().parents[1]
    packaged = package / "migrations"
    return packaged if packaged.is_dir() else package.parent / "migrations"


def _run_alembic(engine: "Engine") -> None:
    """All pending revisions in one transaction, with foreign keys off and checked before it is committed.

    The transaction is begun here: Alembic would commit its own before anything is checked.
    A batch rebuild drops the old table: with foreign keys on and ON DELETE CASCADE, SQLite would
    quietly delete every child row with it.
    """
    from alembic import command
    from alembic.config import Config
    from sqlalchemy.exc import DBAPIError

    lite = engine.dialect.name == "sqlite"
    config = Config()
    config.set_main_option("script_location", str(scripts()).replace("%", "%%"))
    try:
        with engine.connect() as connection:
            if lite:
                connection.connection.cursor().execute("PRAGMA foreign_keys=OFF")
            with connection.begin():
                if not lite:  # where two processes begin at once, one waits, as it does on SQLite
                    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({SPACE}, 0)")
                config.attributes["connection"] = connection
                command.upgrade(config, HEAD)
                if lite:
                    _check_foreign_keys(connection)
                _sign(connection)
    except DBAPIError as error:
        if lite:
            raise unreachable(Path(engine.url.database or ""), error) from error
        raise postgres_unreachable(error) from error


def _check_foreign_keys(connection: "Connection") -> None:
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
    if broken:
        raise SchemaMismatch(
            f"The upgrade would leave {len(broken)} rows without their parents; it was taken back.",
            "Please report this; the database is as it was.",
        )


def _sign(connection: "Connection") -> None:
    """Record which version of chatmgr wrote the schema, for a later refusal to name it."""
    from sqlalchemy import delete, insert

    from chatmgr.store.tables import MetaRow

    connection.execute(delete(MetaRow).where(MetaRow.key == "written_by"))
    connection.execute(insert(MetaRow).values(key="written_by", value=__version__))
