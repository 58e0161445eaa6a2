"""Texts as they stand in the database, each with the row and the column that it is in."""

from chatmgr.domain.fast_dataclass import dataclass

NAMES = "names"  # in place of a table: what only a person renames
BYTES = "data"  # in place of a column: the bytes of a file
JSON_FIELDS = frozenset(
    {("items", "content"), ("items", "raw"), ("journal", "detail"), ("assistant_versions", "params")}
)


@dataclass(frozen=True, slots=True)
class Place:
    """A column of a row, by the row's primary key, and what the row belongs to; 0 for none.

    Of a file's bytes, the row is the attachment or the item that refers to them. Of a live answer, the table
    is ``answer_parts`` and the key that of its run.
    """

    table: str
    field: str
    pk: int
    turn: int = 0
    conversation: int = 0
    assistant: int = 0

    @property
    def is_json(self) -> bool:
        """Whether the column holds JSON."""
        return (self.table, self.field) in JSON_FIELDS


@dataclass(frozen=True, slots=True)
class StoredText:
    """A text and its place. ``owner`` says whose it is where no turn does: a name, or a version's address."""

    place: Place
    text: str
    owner: str = ""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that was sent with a turn or came with its answer; its bytes are read by their SHA-256."""

    place: Place
    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Holder:
    """A conversation that a turn belongs to. ``path``: which of its branches, if it left the turn."""

    pk: int
    name: str
    position: int
    is_shown: bool
    path: int

    @property
    def address(self) -> str:
        """Where the turn is found: ``name@3``, or ``name~2@3`` on a path that was left."""
        return f"{self.name}@{self.position}" if not self.path else f"{self.name}~{self.path}@{self.position}"
