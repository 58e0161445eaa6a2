"""Checks which revision a database's schema has, and brings it to ``HEAD``.

The check is one SELECT per start. Alembic is imported only if the answer is not ``HEAD``: importing it costs
more than everything else a listing does. A fresh database gets its tables. A SQLite database of an older
revision is backed up, then upgraded. A PostgreSQL database, which others may share, is upgraded only by
``chatmgr db upgrade``. A revision that this version does not know is refused, and nothing is changed.
"""

import sqlite3
from contextlib import AbstractContextManager, nullcontext, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from chatmgr import __version__
from chatmgr.domain.errors import DatabaseUnreachable, SchemaMismatch, UsageFault, unwritable
from chatmgr.domain.interrupts import interrupts
from chatmgr.domain.scratch_files import ScratchFile, sweep, sync_folder
from chatmgr.store import write_queue
from chatmgr.store.backup import Progress, copy_database
from chatmgr.store.connection import Source, open_source, postgres_unreachable
from chatmgr.store.location import sqlite_path, unreachable
from chatmgr.store.locks import SPACE
from chatmgr.store.revision_check import is_copying, revision
from chatmgr.store.shapes import only

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006")
HEAD = REVISIONS[-1]


def refuse_unknown(source: Source, current: str) -> None:
    """Refuse a database that a newer chatmgr wrote; names the version, if it is recorded."""
    if current in REVISIONS:
        return
    if is_copying(current):
        raise SchemaMismatch(
            "The database is an unfinished copy of another one.",
            "Finish it with the command that began it: chatmgr db copy FROM TO",
        )
    try:
        writer = list(source.rows("meta.get", only, key="written_by"))
    except DatabaseUnreachable:
        writer = []
    who = f"chatmgr {writer[0]}" if writer else "another version of chatmgr"
    raise SchemaMismatch(
        f"The database has schema {current}, written by {who}; chatmgr {__version__} knows up to {HEAD}. "
        "Nothing was changed.",
        "Install that version or a newer one: pip install -U chatmgr",
    )


def _known(url: str) -> tuple[Source | None, str]:
    """An open database and its revision, which this version knows; None before there is a database."""
    source = open_source(url)
    if source is None:
        return None, ""
    try:
        current = revision(source)
        if current:
            refuse_unknown(source, current)
    except BaseException:
        source.close()
        raise
    return source, current


def ready_to_read(url: str) -> Source | None:
    """Open a database for reading, upgraded first where that is allowed; None before there is one."""
    source, current = _known(url)
    if source is None or current == HEAD:
        return source
    source.close()
    if not current:
        return None
    if sqlite_path(url) is None:
        raise SchemaMismatch(
            f"The PostgreSQL database has schema {current}; this version needs {HEAD}.",
            "Back it up, then type: chatmgr db upgrade",
        )
    upgrade(url)
    return open_source(url)


def ready_to_write(url: str) -> None:
    """Create the database, or upgrade it where that is allowed."""
    source = ready_to_read(url)
    if source is not None:
        source.close()
        return
    upgrade(url)


def upgrade(url: str) -> tuple[str, Path | None]:
    """Bring a database to HEAD; returns the revision it had, and the backup that was made, if any."""
    current = _current(url)
    if current == HEAD:
        return current, None
    with _writing(url, "is upgrading the database"):
        current = _current(url)  # another process may have upgraded it meanwhile
        return current, _upgrade(url, current) if current != HEAD else None


def _current(url: str) -> str:
    """The revision that a database has now."""
    source, current = _known(url)
    if source is not None:
        source.close()
    return current


def _upgrade(url: str, current: str) -> Path | None:
    from chatmgr.store import engine

    path = sqlite_path(url)
    if path is not None and not path.exists():
        _create(path)
        return None
    with interrupts.in_work():  # it may take minutes; what is stopped is rolled back
        copy = backup(url, f"schema-{current}") if current and path is not None else None
        database = engine.create(url)
        try:
            _run_alembic(database, path)
        except KeyboardInterrupt:
            if copy:
                copy.unlink(missing_ok=True)  # of a database that is as it was
            raise
        finally:
            database.dispose()
    return copy


def _writing(url: str, purpose: str) -> AbstractContextManager[None]:
    """Keep other writers out; those who wait are told what for. PostgreSQL has its own way."""
    path = sqlite_path(url)
    return nullcontext() if path is None else write_queue.writing(path, purpose=purpose)


def _create(path: Path) -> None:
    """Make a database under another name, then give it its own: so an empty file is never ours.

    Of two processes that do so at once, one keeps its database, and both use that.
    """
    from chatmgr.store import engine

    try:
        sweep(path.parent)
        with ScratchFile(path.parent, named=True) as scratch:
            database = engine.create(f"sqlite:///{scratch.path}")
            try:
                _run_alembic(database, path)
            finally:
                database.dispose()
            try:
                scratch.publish(path, replace=False)
            except FileExistsError:
                scratch.discard()
        sync_folder(path.parent)
    except OSError as error:
        raise unreachable(path, error) from error


def check_search(url: str) -> bool:
    """Whether the search index agrees with the tables; others write meanwhile.

    On SQLite that takes room for a copy of the index. Where there is none, it keeps others from writing.
    """
    from chatmgr.store import engine
    from chatmgr.store.search import compare, index

    ready_to_write(url)
    path = sqlite_path(url)
    if path is not None:
        with suppress(sqlite3.Error):
            return compare.matches_tables(path)
    database = engine.create(url)
    try:
        with _writing(url, "is checking the search index"), database.begin() as connection:
            return index.matches_tables(connection)
    finally:
        database.dispose()


def backup(url: str, label: str = "", target: Path | None = None, progress: Progress | None = None) -> Path:
    """Copy a SQLite database with SQLite's own backup, even while it is in use; returns the copy.

    Without a ``target``, the copy goes to the folder ``backups`` beside the database, under a name with the
    ``label`` and the time. ``progress`` is called with the bytes copied, and the bytes in all.
    """
    path = sqlite_path(url)
    if path is None:
        raise DatabaseUnreachable(
            "A PostgreSQL database is not copied into a file of any name.",
            "Name a folder: chatmgr db backup --to DIR — or use pg_dump.",
        )
    if not path.exists():
        raise DatabaseUnreachable(f"There is no database at {path} yet.", "Begin one: chatmgr new")
    copy = target or _dated_copy(path, label)
    try:
        copy_database(path, copy, progress)
    except FileExistsError:
        raise UsageFault(f"{copy} exists already.", "Name another file.") from None
    except sqlite3.Error as error:
        raise unreachable(copy, error) from error
    except OSError as error:
        raise (unwritable(copy, error) if target else unreachable(copy, error)) from error
    return copy


def dated_copy(url: str, folder: Path | None) -> Path:
    """Where a backup of a database goes, in a folder or beside it; makes the folder."""
    path = sqlite_path(url)
    if path is None and folder is None:
        raise UsageFault("Where should the backup go?", "Name a folder: chatmgr db backup --to DIR")
    return _dated_copy(path or Path("chatmgr.db"), "", folder)


def _dated_copy(path: Path, label: str, folder: Path | None = None) -> Path:
    """Where a copy goes that was given no name; makes the folder."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
    name = f"{path.stem}-{label + '-' if label else ''}{stamp}.db"
    copy = (folder or path.parent / "backups") / name
    try:
        copy.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise unreachable(copy, error) from error
    return copy


def scripts() -> Path:
    """The folder of the migrations: inside an installed package, or beside the package in the repository.

    An editable install has no packaged copy on purpose: it would be out of date after the next edit.
    """
    package = Path(__file__).resolve().parents[1]
    packaged = package / "migrations"
    return packaged if packaged.is_dir() else package.parent / "migrations"


def _run_alembic(engine: "Engine", path: Path | None) -> None:
    """Run all pending revisions in one transaction, with foreign keys off; check them before it is committed.

    ``path`` is the SQLite file that errors name.

    The transaction begins here, because Alembic would commit its own before anything is checked. Foreign keys
    are off because a batch rebuild drops the old table: with ON DELETE CASCADE, SQLite would quietly delete
    all its child rows as well.
    """
    from alembic import command
    from alembic.config import Config
    from sqlalchemy import event
    from sqlalchemy.exc import DBAPIError

    is_sqlite = engine.dialect.name == "sqlite"
    config = Config()
    config.set_main_option("script_location", str(scripts()).replace("%", "%%"))
    try:
        with engine.connect() as connection:
            if is_sqlite:
                connection.connection.cursor().execute("PRAGMA foreign_keys=OFF")
            with connection.begin():
                if not is_sqlite:  # of two processes that start at once, one waits, as on SQLite
                    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({SPACE}, 0)")
                event.listen(connection, "before_cursor_execute", lambda *_: interrupts.check_work())
                config.attributes["connection"] = connection
                command.upgrade(config, HEAD)
                if is_sqlite:
                    _check_foreign_keys(connection)
                _record_version(connection)
    except DBAPIError as error:
        if path:
            raise unreachable(path, error) from error
        raise postgres_unreachable(error) from error


def _check_foreign_keys(connection: "Connection") -> None:
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
    if broken:
        raise SchemaMismatch(
            f"The upgrade would leave {len(broken)} rows without their parents; it was taken back.",
            "Please report this; the database is as it was.",
        )


def _record_version(connection: "Connection") -> None:
    """Record which version of chatmgr wrote the schema: ``refuse_unknown`` names it."""
    from sqlalchemy import delete, insert

    from chatmgr.store.tables import meta

    connection.execute(delete(meta).where(meta.c.key == "written_by"))
    connection.execute(insert(meta).values(key="written_by", value=__version__))
