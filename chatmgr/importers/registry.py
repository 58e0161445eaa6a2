"""All importers, and which of them reads what: by content, never by name.

``entries`` goes through everything that was given. Each object of a JSON array is recognised by itself, since
the first may be an empty shell, and four products call their export ``conversations.json``.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from hashlib import blake2b
from importlib import import_module
from itertools import chain, islice
from typing import Any, cast

from chatmgr.domain.errors import UsageFault
from chatmgr.domain.fast_dataclass import dataclass
from chatmgr.domain.source_conversations import Place
from chatmgr.importers.leftovers import what_it_is
from chatmgr.importers.reading import databases, members
from chatmgr.importers.reading.json_stream import BadJson, JsonValue, json_values
from chatmgr.importers.source import (
    DatabaseImporter,
    Entry,
    FileImporter,
    LeftOut,
    LinesImporter,
    Record,
    RecordImporter,
    Unreadable,
)
from chatmgr.importers.surroundings import Around

_HEAD = 1 << 16  # bytes by which a file is recognised
_FIRST = 20  # values by which a log is
_PREFIXES = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class Source:
    """A kind of source: what it is called, and the class that reads it."""

    kind: str
    label: str
    shape: str  # record, lines, database or file
    module: str
    name: str


# In the order in which they are asked.
SOURCES: tuple[Source, ...] = ()


def kinds() -> dict[str, str]:
    """The kinds that can be insisted on, each with its label."""
    return {source.kind: source.label for source in SOURCES}


@cache
def _importers(shape: str, kind: str) -> tuple[Any, ...]:
    chosen = (source for source in SOURCES if source.shape == shape and kind in ("", source.kind))
    return tuple(getattr(import_module(source.module), source.name)() for source in chosen)


def entries(paths: Iterable[str], *, kind: str = "") -> Iterator[Entry | LeftOut]:
    """The conversations in files, folders, archives and standard input (``-``), and what holds none.

    Raises UsageFault for a kind that is not known, OSError where a path cannot be read.
    """
    if kind and kind not in kinds():
        raise UsageFault(f"“{kind}” is no format of imports.", f"Choose one of: {', '.join(sorted(kinds()))}")
    for container in members.containers(paths):
        yield from container.refused
        for member in container.files:
            yield from entries_of(Around(container, member), kind)


def entries_of(around: Around, kind: str = "") -> Iterator[Entry | LeftOut]:
    """The conversations in one file."""
    member = around.member
    try:
        with member.open() as stream:
            head = stream.read(_HEAD)
        if head.startswith(databases.MAGIC):
            yield from _in_database(around, kind)
        elif importer := _reading_file(head, kind):
            yield from importer.entries(around)
        elif _is_json(head):
            yield from _in_json(around, kind)
        else:
            yield LeftOut(member.place, what_it_is(head))
    except Unreadable as error:
        yield LeftOut(member.place, str(error), fault=True)
    except OSError as error:
        yield LeftOut(member.place, error.strerror or "it cannot be read", fault=True)


def _is_json(head: bytes) -> bool:
    for prefix in _PREFIXES:
        head = head.removeprefix(prefix)
    return head.lstrip(b" \t\r\n\0")[:1] in (b"[", b"{")


def _reading_file(head: bytes, kind: str) -> FileImporter | None:
    importers = cast(Sequence[FileImporter], _importers("file", kind))
    return next((importer for importer in importers if importer.recognises(head)), None)


def _in_database(around: Around, kind: str) -> Iterator[Entry | LeftOut]:
    with databases.opened(around.member) as db:
        tables = databases.tables_of(db)
        importers = cast(Sequence[DatabaseImporter], _importers("database", kind))
        importer = next((importer for importer in importers if importer.recognises(tables)), None)
        if importer is None:
            yield LeftOut(around.member.place, "a database of a program that is not known here")
        else:
            yield from importer.entries(db, around)


def _in_json(around: Around, kind: str) -> Iterator[Entry | LeftOut]:
    """The conversations in a JSON file: the whole of it is one, or each of its values may be."""
    with around.member.open() as stream:
        values = json_values(stream)
        first = list(islice(values, _FIRST))
        records = [value.value for value in first if isinstance(value, JsonValue)]
        lines = _reading_lines([record for record in records if isinstance(record, dict)], kind)
        if lines is not None:
            yield _log(lines, chain(first, values), around)
            return
        for value in chain(first, values):
            yield from _entry(value, around, kind)


def _reading_lines(records: Sequence[Record], kind: str) -> LinesImporter | None:
    importers = cast(Sequence[LinesImporter], _importers("lines", kind)) if records else ()
    return next((importer for importer in importers if importer.recognises(records)), None)


def _log(importer: LinesImporter, values: Iterator[JsonValue | BadJson], around: Around) -> Entry:
    """The entry of a file that is one conversation. Its lines are held: that is what they become anyway."""
    read = list(values)
    whole = blake2b(digest_size=16)
    for value in read:
        whole.update(value.digest.encode() if isinstance(value, JsonValue) else b"-")
    records = [
        value.value for value in read if isinstance(value, JsonValue) and isinstance(value.value, dict)
    ]
    around.broken_lines = len(read) - len(records)
    conversation_id = importer.id_of(records, around)
    place = Place(around.member.place.file, around.member.place.member, id=conversation_id)
    return Entry(
        importer.kind,
        conversation_id,
        whole.hexdigest(),
        place,
        lambda: importer.convert(iter(records), around),
        around.member.modified_at,
    )


def _entry(value: JsonValue | BadJson, around: Around, kind: str) -> Iterator[Entry | LeftOut]:
    """What one value of a JSON file is."""
    where = around.member.place
    place = Place(where.file, where.member, value.index if isinstance(value, BadJson) or value.depth else 0)
    if isinstance(value, BadJson):
        yield LeftOut(place, value.reason, fault=True)
        return
    record = value.value
    importers = cast(Sequence[RecordImporter], _importers("record", kind))
    importer = next(
        (importer for importer in importers if isinstance(record, dict) and importer.recognises(record)), None
    )
    if importer is None:
        yield LeftOut(place, what_it_is(record))
        return
    try:
        conversation_id = importer.id_of(record, around)
        changed = importer.updated_at(record)
    except Unreadable as error:
        yield LeftOut(place, str(error), fault=True)
        return
    place = Place(place.file, place.member, place.index, conversation_id)
    yield Entry(
        importer.kind,
        conversation_id,
        value.digest,
        place,
        lambda: importer.convert(record, around),
        changed,
    )
