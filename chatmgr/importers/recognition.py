"""Decides, by content alone, who reads a file, and turns what it holds into entries.

A database is recognised by its tables, another file by its beginning. Each object of a JSON array is
recognised by itself, since the first may be an empty shell, and four products call their export
``conversations.json``.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import cast

from chatmgr.importers import own
from chatmgr.importers.guarding import guarded, guarded_iterator
from chatmgr.importers.json_entries import Importers, JsonEntries
from chatmgr.importers.leftovers import what_it_is
from chatmgr.importers.reading import databases
from chatmgr.importers.reading.files import unread_reason
from chatmgr.importers.reading.members import Container, containers
from chatmgr.importers.reading.text_buffer import encoding_of
from chatmgr.importers.source import (
    DatabaseImporter,
    FileImporter,
    LeftOut,
    OwnExport,
    Result,
    Unreadable,
)
from chatmgr.importers.surroundings import Around

_HEAD = 1 << 16  # bytes by which a file is recognised
_BLANK = "\ufeff \t\r\n\0"


def entries_in(paths: Iterable[str], importers: Importers, kind: str = "") -> Iterator[Result]:
    """The conversations in everything that was given. A path that holds none at all is a fault.

    ``importers`` gives those of a shape; ``kind`` is the one that a person insists on, or empty.
    """
    for container in containers(paths):
        is_silent = True
        for result in _in_container(container, importers):
            is_silent = is_silent and isinstance(result, LeftOut) and not result.fault
            yield result
        if is_silent:
            words = f"no conversation of the format “{kind}” is in it" if kind else "no conversation is in it"
            yield LeftOut(container.place, words, fault=True)


def _in_container(container: Container, importers: Importers) -> Iterator[Result]:
    yield from container.refused
    before = 0
    for member in container.files:
        yield from entries_of(Around(container, member, before), importers)
        before += member.size


def entries_of(around: Around, importers: Importers) -> Iterator[Result]:
    """The conversations in one file. Nothing is said of one that is no data, and that nobody named."""
    place = around.member.place
    try:
        with around.member.open() as stream:
            head = stream.read(_HEAD)
        yield from guarded_iterator(_of_head(around, head, importers))
    except Unreadable as error:
        yield LeftOut(place, str(error), fault=True)
    except OSError as error:
        yield LeftOut(place, unread_reason(error), fault=True)


def _of_head(around: Around, head: bytes, importers: Importers) -> Iterator[Result]:
    if head.startswith(databases.MAGIC):
        yield from _in_database(around, importers)
        return
    if own.recognises(head):
        yield OwnExport(around.member.place, around.member.open, around.member.size)
        return
    for importer in cast(Sequence[FileImporter], importers("file")):
        if guarded(lambda importer=importer: importer.recognises(head)):  # type: ignore[misc]
            yield from importer.entries(around)
            return
    if _is_json(head):
        yield from JsonEntries(around, importers).entries()
    elif around.single:
        yield LeftOut(around.member.place, what_it_is(head))


def _is_json(head: bytes) -> bool:
    return head.decode(encoding_of(head), "replace").lstrip(_BLANK).startswith(("[", "{"))


def _in_database(around: Around, importers: Importers) -> Iterator[Result]:
    with databases.opened(around) as db:
        tables = databases.tables_of(db)
        for importer in cast(Sequence[DatabaseImporter], importers("database")):
            if importer.recognises(tables):
                yield from _rows(importer, db, around)
                return
    yield LeftOut(around.member.place, "a database of a program that is not known here")


def _rows(importer: DatabaseImporter, db: sqlite3.Connection, around: Around) -> Iterator[Result]:
    try:
        yield from importer.entries(db, around)
    except sqlite3.Error as error:
        raise Unreadable(databases.why(error)) from error
