"""The conversations in a JSON file: the file as a whole is one, or each of its objects, or what they wrap."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from hashlib import blake2b
from itertools import chain
from typing import Any, cast

from chatmgr.domain.items import canonical_json
from chatmgr.domain.source_conversations import Place
from chatmgr.importers.guarding import guarded
from chatmgr.importers.leftovers import what_it_is
from chatmgr.importers.reading.json_stream import BadJson, JsonValue, json_values
from chatmgr.importers.source import (
    Entry,
    LeftOut,
    LinesImporter,
    Nothing,
    Record,
    RecordImporter,
    RowsImporter,
    Surroundings,
    Unreadable,
)

Values = Iterator[JsonValue | BadJson]
Importers = Callable[[str], Sequence[Any]]
"""The importers of a shape."""

_FIRST = 20  # values by which a file as a whole is recognised
_FIRST_BYTES = 4 << 20
_LARGEST_LOG = 512 << 20  # bytes of a file that is one conversation
_WRAPPED = (
    *(("data", "chats"), ("conversations",), ("chats",), ("history",)),
    *(("threads",), ("data",), ("loglines",)),
)


class JsonEntries:
    """Reads one member that holds JSON; behind the words ``after``, where these are given."""

    def __init__(self, around: Surroundings, importers: Importers, after: str = "") -> None:
        self._around = around
        self._place = around.member.place
        self._importers = importers
        self._after = after
        self._left: dict[str, list[int]] = {}  # the places of what holds no conversation, by what it is

    def entries(self) -> Iterator[Entry | LeftOut]:
        """The conversations, and then what was left out, each reason once."""
        with self._around.member.open() as stream:
            values = json_values(stream, after=self._after)
            first = _first(values)
            yield from self._of_values(first, chain(first, values))
        for reason, places in self._left.items():
            words = f"{reason} ({len(places):,} times)" if len(places) > 1 else reason
            yield LeftOut(Place(self._place.file, self._place.member, places[0]), words)

    def _of_values(self, first: Sequence[JsonValue | BadJson], values: Values) -> Iterator[Entry | LeftOut]:
        records = [value.value for value in first if isinstance(value, JsonValue) and _is_record(value.value)]
        if log := self._recognising("lines", records):
            yield self._log(cast(LinesImporter, log), values)
        elif table := self._recognising("rows", records):
            yield from self._table(cast(RowsImporter, table), values)
        else:
            for value in values:
                yield from self._of_value(value)

    def _recognising(self, shape: str, first: Sequence[Record]) -> Any:
        """The importer of whole files that recognises this one by its first objects; None for none."""
        for importer in self._importers(shape) if first else ():
            if guarded(partial(importer.recognises, first)):
                return importer
        return None

    def _log(self, importer: LinesImporter, values: Values) -> Entry:
        """The entry of a file that is one conversation. Its lines are held: they become it anyway."""
        records, size, broken = list[Record](), 0, 0
        digest = blake2b(digest_size=16)
        for value in values:
            if isinstance(value, JsonValue) and _is_record(value.value):
                records.append(value.value)
                size += value.size
            else:
                broken += 1
            if size > _LARGEST_LOG:
                raise Unreadable(f"it is one conversation of more than {_LARGEST_LOG:,} bytes")
            digest.update(value.digest.encode() if isinstance(value, JsonValue) else b"-")
        around = self._around
        around.broken_lines = broken
        identity = guarded(partial(importer.id_of, records, around))
        place = Place(self._place.file, self._place.member, 0, identity)
        read = partial(guarded, lambda: importer.convert(iter(records), around))
        modified = around.member.modified_at
        return Entry(importer.kind, identity, digest.hexdigest(), place, read, modified, around.done(size))

    def _table(self, importer: RowsImporter, values: Values) -> Iterator[Entry | LeftOut]:
        broken = list[BadJson]()
        yield from importer.entries(_records(values, broken), self._around)
        for value in broken:
            yield self._bad(value)

    def _of_value(self, value: JsonValue | BadJson) -> Iterator[Entry | LeftOut]:
        if isinstance(value, BadJson):
            yield self._bad(value)
            return
        place = Place(self._place.file, self._place.member, value.index if value.depth else 0)
        done = self._around.done(value.byte + value.size)
        if (result := self._of_record(value.value, value.digest, place, done)) is not None:
            yield result
        elif members := _wrapped(value.value):
            yield from self._of_wrapped(members)
        else:
            reason = what_it_is(value.value, briefly=not self._around.single)
            self._left.setdefault(reason, []).append(place.index)

    def _of_record(self, record: Any, digest: str, place: Place, done: int) -> Entry | LeftOut | None:
        """The entry of an object that somebody recognises; None where nobody does."""
        if not _is_record(record):
            return None
        try:
            for importer in cast(Sequence[RecordImporter], self._importers("record")):
                if guarded(partial(importer.recognises, record)):
                    return guarded(partial(self._entry, importer, record, digest, place, done))
        except Unreadable as error:
            return LeftOut(place, str(error), fault=not isinstance(error, Nothing))
        return None

    def _entry(self, importer: RecordImporter, record: Record, digest: str, place: Place, done: int) -> Entry:
        around = self._around
        identity = importer.id_of(record, around)
        place = Place(place.file, place.member, place.index, identity)
        read = partial(guarded, partial(importer.convert, record, around))
        if (stem := getattr(importer, "beside", "")) and around.has(stem):
            digest += "+"
        changed = importer.updated_at(record) or around.member.modified_at
        return Entry(importer.kind, identity, digest, place, read, changed, done)

    def _of_wrapped(self, members: Sequence[Any]) -> Iterator[Entry | LeftOut]:
        """What is in an object that nobody recognises, where that holds a list of objects."""
        first = [_value(member, index) for index, member in enumerate(members[:_FIRST], 1)]
        values = chain(
            first, (_value(member, index) for index, member in enumerate(members[_FIRST:], _FIRST + 1))
        )
        records = [value.value for value in first if _is_record(value.value)]
        if any(_wrapped(record) and not self._is_known(record) for record in records):
            records = []  # a list of lists is nobody's
        yield from self._of_values(first, values) if records else ()

    def _is_known(self, record: Record) -> bool:
        return any(guarded(partial(known.recognises, record)) for known in self._importers("record"))

    def _bad(self, value: BadJson) -> LeftOut:
        place = Place(self._place.file, self._place.member, value.index)
        return LeftOut(place, f"{value.reason}, at byte {value.byte:,}", fault=True)


def _first(values: Values) -> list[JsonValue | BadJson]:
    first, size = list[JsonValue | BadJson](), 0
    for value in values:
        first.append(value)
        size += value.size if isinstance(value, JsonValue) else 0
        if len(first) >= _FIRST or size >= _FIRST_BYTES:
            break
    return first


def _is_record(value: Any) -> bool:
    return isinstance(value, dict)


def _records(values: Values, broken: list[BadJson]) -> Iterator[Record]:
    """The objects among values; what cannot be read is put aside."""
    for value in values:
        if isinstance(value, BadJson):
            broken.append(value)
        elif _is_record(value.value):
            yield value.value


def _wrapped(value: Any) -> list[Any]:
    """The list of objects that an object has inside, where conversations are known to be."""
    for path in _WRAPPED:
        inner = value
        for name in path:
            inner = inner.get(name) if isinstance(inner, dict) else None
        if isinstance(inner, list) and any(isinstance(member, dict) for member in inner[:_FIRST]):
            return inner
    return []


def _value(value: Any, index: int) -> JsonValue:
    """A member of a list that was read as part of something larger."""
    try:
        data = canonical_json(value).encode("utf-8", "replace")
    except RecursionError as error:
        raise Unreadable("it is nested too deeply") from error
    return JsonValue(index, value, blake2b(data, digest_size=16).hexdigest(), 1, 0, len(data))
