"""What an importer of a kind of source looks like, and what it hands over.

There are five shapes, by what is recognised: ``RecordImporter`` (a JSON object, alone, in an array or on a
line, is a conversation), ``LinesImporter`` (all objects of a file are one together), ``RowsImporter`` (they
are many, which it tells apart itself), ``DatabaseImporter`` (a SQLite file holds many), and ``FileImporter``
(anything else). All of them recognise by content, never by name.

What they are given is clean: no NUL, no lone surrogate. Values may be of any type and depth all the same;
what an importer raises over that becomes ``Unreadable``, and ends no other conversation.

They hand over *entries*: each says which conversation it is and what it looks like now, cheaply, so that one
that is known already is never converted.
"""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, BinaryIO, Protocol

from chatmgr.domain.fast_dataclass import dataclass
from chatmgr.domain.source_conversations import Place, SourceConversation

Record = Mapping[str, Any]


class Unreadable(Exception):
    """A conversation, or a file, cannot be imported; the text says why, for a person, without its place."""


class Nothing(Unreadable):
    """A conversation has nothing in it that was said: it is left out, which is no fault."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A conversation in a source that has not been converted yet.

    It is to be read before the next one is asked for, if at all.

    ``digest`` is another one whenever anything about the conversation is. ``read`` converts it, and raises
    ``Unreadable`` where that fails. ``updated_at`` is for ``--since``, and for a conversation met twice.
    ``done``: so many bytes of what was given are read up to here, about.
    """

    kind: str
    id: str
    digest: str
    place: Place
    read: Callable[[], SourceConversation]
    updated_at: datetime | None = None
    done: int = 0


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Something that holds no conversation, or that cannot be read. A ``fault`` counts as an error."""

    place: Place
    reason: str
    fault: bool = False


@dataclass(frozen=True, slots=True)
class OwnExport:
    """A lossless export of chatmgr's own, which is brought back row by row."""

    place: Place
    open: Callable[[], BinaryIO]
    size: int


Result = Entry | LeftOut | OwnExport
"""What a file is found to hold."""


class Member(Protocol):
    """A file to read: on the disk, in an archive, or from standard input.

    ``name`` is its path below what was given, with slashes; empty for standard input.
    """

    @property
    def place(self) -> Place:
        """Where it is, for people."""
        ...

    @property
    def name(self) -> str:
        """Its path below the folder or the archive that was given."""
        ...

    @property
    def modified_at(self) -> datetime | None:
        """When the file was changed last."""
        ...

    @property
    def size(self) -> int:
        """How many bytes it has, or claims to have."""
        ...

    def open(self) -> BinaryIO:
        """Its bytes from the beginning; reading is bounded, whatever an archive claims."""
        ...


class Surroundings(Protocol):
    """What lies beside a member: in the same archive, or the same folder."""

    broken_lines: int  # of the member's lines, those that could not be read

    @property
    def single(self) -> bool:
        """Whether a person named just this file."""
        ...

    @property
    def member(self) -> Member:
        """The member itself."""
        ...

    def file(self, stem: str) -> tuple[str, bytes] | None:
        """The name and the bytes of the file whose name begins with a stem, anywhere beside the member."""
        ...

    def has(self, stem: str) -> bool:
        """Whether there is such a file, without reading it."""
        ...

    def json(self, name: str) -> Any:
        """The content of a small JSON file of this name anywhere beside the member; None where none is."""
        ...

    def done(self, read: int) -> int:
        """How much of what was given is done, in bytes on the disk, where so much of the member was read."""
        ...

    def names(self, suffix: str) -> list[Member]:
        """The files whose names end so, in lower case."""
        ...


class RecordImporter(Protocol):
    """Reads a JSON object that is one conversation.

    Any method may raise ``Nothing``, or ``Unreadable``. An importer that takes files from beside a
    conversation may have ``beside``, a stem that all their names have: with them, it looks different.
    """

    kind: str  # as it is stored: “chatgpt”
    label: str  # as people call it: “ChatGPT”

    def recognises(self, record: Record) -> bool:
        """Whether an object is a conversation of this kind."""
        ...

    def id_of(self, record: Record, around: Surroundings) -> str:
        """The conversation's own id; one made of its content where it has none."""
        ...

    def updated_at(self, record: Record) -> datetime | None:
        """When it changed last, where it says so."""
        ...

    def convert(self, record: Record, around: Surroundings) -> SourceConversation:
        """The conversation."""
        ...


class LinesImporter(Protocol):
    """Reads a file of JSON Lines, or a JSON array of messages, that is one conversation as a whole."""

    kind: str
    label: str

    def recognises(self, first: Sequence[Record]) -> bool:
        """Whether the first lines (up to 20) are those of this kind."""
        ...

    def id_of(self, lines: Sequence[Record], around: Surroundings) -> str:
        """The conversation's own id; one made of the file's name and its first message where it has none."""
        ...

    def convert(self, lines: Iterator[Record], around: Surroundings) -> SourceConversation:
        """The conversation. Lines that are not JSON, as a last one cut short, were left out and counted."""
        ...


class RowsImporter(Protocol):
    """Reads a file whose objects, in JSON Lines or in an array, are many conversations together."""

    kind: str
    label: str

    def recognises(self, first: Sequence[Record]) -> bool:
        """Whether the first rows (up to 20) are those of this kind."""
        ...

    def entries(self, rows: Iterator[Record], around: Surroundings) -> Iterator[Entry | LeftOut]:
        """Its conversations."""
        ...


class DatabaseImporter(Protocol):
    """Reads a SQLite file of another program, opened for reading only."""

    kind: str
    label: str

    def recognises(self, tables: Mapping[str, frozenset[str]]) -> bool:
        """Whether a database with these tables (and their columns) is of this kind."""
        ...

    def entries(self, db: sqlite3.Connection, around: Surroundings) -> Iterator[Entry | LeftOut]:
        """Its conversations."""
        ...


class FileImporter(Protocol):
    """Reads a file of any other form: HTML, YAML, CSV, a folder's main file."""

    kind: str
    label: str

    def recognises(self, head: bytes) -> bool:
        """Whether a file that begins with these bytes (up to 64 KB) is of this kind."""
        ...

    def entries(self, around: Surroundings) -> Iterator[Entry | LeftOut]:
        """Its conversations."""
        ...


Importer = RecordImporter | LinesImporter | RowsImporter | DatabaseImporter | FileImporter
