"""Searches and overwrites backups: copies of a SQLite database, of whatever schema each of them has.

A backup is overwritten in a copy of it, which is rewritten without gaps and then takes its place. So a
process that is killed leaves either the old backup or the new one. Its schema and its time stay the same.
"""

import hashlib
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

from chatmgr.domain.scratch_files import ScratchFile, sweep, sync_folder
from chatmgr.domain.stored_texts import JSON_FIELDS
from chatmgr.store.backup import copy_pages
from chatmgr.store.connection import let_ctrl_c_stop
from chatmgr.store.search import HIGHEST, INDEXED_FROM

Replace = Callable[[str, bool], str]  # a text, and whether it is JSON
_FIELDS = {
    "messages": ("content",),
    "runs": ("reasoning", "error", "detail"),
    "items": ("content", "raw"),
    "attachments": ("name",),
    "conversations": ("title",),
    "assistant_versions": ("instructions", "params"),
    "journal": ("detail",),
}
_NAMES = {"conversations": "name", "assistants": "name", "tags": "name"}
_PARTS = """SELECT messages.rowid, messages.content || coalesce((SELECT group_concat(content, '') FROM (
SELECT content FROM answer_parts WHERE answer_parts.run_id = messages.run_id ORDER BY start)), '')
FROM messages WHERE run_id IN (SELECT run_id FROM answer_parts)"""


def backups(database: Path) -> list[Path]:
    """The backups beside a database, oldest first; what dead processes left of copies is removed."""
    sweep(database.parent)
    folder = database.parent / "backups"
    if not folder.is_dir():
        return []
    sweep(folder)
    return sorted(path for path in folder.glob("*.db") if path.is_file())


def texts(copy: Path) -> Iterator[tuple[str, bool]]:
    """Every text of a backup, and whether it is JSON. Raises sqlite3.Error or OSError where that fails."""
    with closing(_open_to_read(copy)) as db:
        for table, column in _columns(db):
            for text in _column(db, table, column):
                yield text, (table, column) in JSON_FIELDS
        if _has(db, "answer_parts"):
            for _, text in db.execute(_PARTS):
                yield text, False


def names(copy: Path) -> Iterator[str]:
    """The names in a backup, which are not overwritten."""
    with closing(_open_to_read(copy)) as db:
        for table, column in _NAMES.items():
            if _has(db, table):
                yield from _column(db, table, column)


def files(copy: Path) -> Iterator[bytes]:
    """The bytes of all files in a backup."""
    with closing(_open_to_read(copy)) as db:
        if _has(db, "blobs"):
            for (data,) in db.execute("SELECT data FROM blobs"):
                yield bytes(data)


def overwrite(copy: Path, replace: Replace, replace_bytes: Callable[[bytes], bytes]) -> None:
    """Overwrite a backup. Raises sqlite3.Error or OSError where that fails; then it is as before."""
    status = copy.stat()
    with ScratchFile(copy.parent, named=True) as scratch:
        path = scratch.path or copy
        copy_pages(copy, path)
        with closing(sqlite3.connect(path, isolation_level=None)) as db:
            let_ctrl_c_stop(db)
            db.execute("PRAGMA journal_mode=DELETE")
            db.execute("PRAGMA synchronous=OFF")
            db.execute("BEGIN")
            _overwrite(db, replace, replace_bytes)
            db.execute("COMMIT")
            db.execute("VACUUM")
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
        scratch.sync()
        scratch.publish(copy, replace=True)
    sync_folder(copy.parent)


def _open_to_read(copy: Path) -> sqlite3.Connection:
    """A backup that nobody writes to, opened without making files beside it."""
    log = copy.with_name(copy.name + "-wal")
    if log.exists() and log.stat().st_size:
        raise OSError("another program has it open, or left it so")
    return sqlite3.connect(f"{copy.absolute().as_uri()}?immutable=1", uri=True, isolation_level=None)


def _overwrite(db: sqlite3.Connection, replace: Replace, replace_bytes: Callable[[bytes], bytes]) -> None:
    if _has(db, "answer_parts"):
        for row, text in db.execute(_PARTS).fetchall():
            db.execute("UPDATE messages SET content = ? WHERE rowid = ?", (text, row))
        db.execute("DELETE FROM answer_parts")
    for table, column in _columns(db):
        rows = db.execute(f"SELECT rowid FROM {table} WHERE {column} IS NOT NULL").fetchall()
        for (row,) in rows:
            [text] = db.execute(f"SELECT {column} FROM {table} WHERE rowid = ?", (row,)).fetchone()
            if isinstance(text, str) and (new := replace(text, (table, column) in JSON_FIELDS)) != text:
                db.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (new, row))
    if _has(db, "blobs"):
        _overwrite_files(db, replace_bytes)
    _rebuild_index(db)


def _rebuild_index(db: sqlite3.Connection) -> None:
    """Rebuild the search index; one that was being rebuilt is emptied, and noted as that."""
    note = "UPDATE meta SET value = ? WHERE key = ?"
    begun = _has(db, "meta") and db.execute(note, (str(HIGHEST), INDEXED_FROM)).rowcount
    how = "delete-all" if begun else "rebuild"
    for (table,) in db.execute("SELECT name FROM sqlite_master WHERE sql LIKE '%USING fts5(%'").fetchall():
        db.execute(f"INSERT INTO {table}({table}) VALUES (?)", (how,))


def _overwrite_files(db: sqlite3.Connection, replace_bytes: Callable[[bytes], bytes]) -> None:
    for (old,) in db.execute("SELECT sha256 FROM blobs").fetchall():
        [data] = db.execute("SELECT data FROM blobs WHERE sha256 = ?", (old,)).fetchone()
        new_data = replace_bytes(bytes(data))
        if new_data == data:
            continue
        new = hashlib.sha256(new_data).hexdigest()
        db.execute(
            "INSERT OR IGNORE INTO blobs (sha256, size, data) VALUES (?, ?, ?)",
            (new, len(new_data), new_data),
        )
        if _has(db, "items"):  # their JSON may name the bytes by the hash
            names = "raw = replace(raw, ?1, ?2), content = replace(content, ?1, ?2)"
            db.execute(f"UPDATE items SET {names}, sha256 = ?2 WHERE sha256 = ?1", (old, new))
        db.execute("UPDATE attachments SET sha256 = ? WHERE sha256 = ?", (new, old))
        if _has(db, "remote_files"):
            db.execute("DELETE FROM remote_files WHERE sha256 = ?", (old,))
        db.execute("DELETE FROM blobs WHERE sha256 = ?", (old,))


def _columns(db: sqlite3.Connection) -> Iterator[tuple[str, str]]:
    """The columns with texts that this schema has."""
    for table, columns in _FIELDS.items():
        present = _names_of_columns(db, table)
        yield from ((table, column) for column in columns if column in present)


def _column(db: sqlite3.Connection, table: str, column: str) -> Iterator[str]:
    for (text,) in db.execute(f"SELECT {column} FROM {table}"):
        if isinstance(text, str):
            yield text


def _names_of_columns(db: sqlite3.Connection, table: str) -> set[str]:
    return {row[1] for row in db.execute(f"PRAGMA table_info({table})")}


def _has(db: sqlite3.Connection, table: str) -> bool:
    return bool(_names_of_columns(db, table))
