"""Reads items: what turns hold beside their text."""

from chatmgr.domain.image_size import Pixels, image_size
from chatmgr.domain.items import Item, ItemKind
from chatmgr.domain.model import Turn
from chatmgr.domain.stored_items import StoredItem
from chatmgr.domain.tree import Piece
from chatmgr.store.reader.query_session import QuerySession
from chatmgr.store.shapes import Row, as_dict, as_mapping

_KINDS = frozenset(map(str, ItemKind))


class Items:
    """The items of turns, in their order: those of the run that answers, and the answers to its calls."""

    def __init__(self, session: QuerySession) -> None:
        self._session = session

    def of(self, turn: Turn) -> list[StoredItem]:
        """A turn's items, without their bytes."""
        if not turn.items:
            return []
        rows = self._session.rows("items.of_turn", as_dict, turn=turn.pk)
        return [
            StoredItem(_item(row), row["sha256"] or "", row["size"] or 0, size_of_head(row["head"]))
            for row in rows
        ]

    def bytes_of(self, sha256: str) -> bytes:
        """The bytes with this SHA-256, of an item or an attachment; empty where there are none."""
        return bytes(self._session.value("items.bytes", b"", sha256=sha256))

    def with_bytes(self, turn: int) -> tuple[Item, ...]:
        """The items of the turn with this primary key, with their bytes."""
        return tuple(map(_item, self._session.rows("items.with_bytes", as_dict, turn=turn)))


def items_of(session: QuerySession, piece: Piece) -> dict[int, tuple[Item, ...]]:
    """The items of consecutive turns with their bytes, by the turns' primary keys."""
    by_turn: dict[int, list[Item]] = {}
    for row in session.rows("items.of_span", as_dict, **piece._asdict()):
        by_turn.setdefault(row["turn"], []).append(_item(row))
    return {turn: tuple(items) for turn, items in by_turn.items()}


def size_of_head(head: bytes | None) -> Pixels | None:
    """The size of an image, from the first bytes of it that a row has."""
    return None if head is None else image_size(bytes(head))


def _item(row: Row) -> Item:
    """An item of a row; a kind that a later version wrote is ``other`` here."""
    kind, content = row["kind"], as_mapping(row["content"])
    if kind not in _KINDS:
        kind, content = ItemKind.OTHER, {"type": kind}
    data = row.get("data")
    return Item(
        ItemKind(kind),
        content,
        row["raw"],
        row["api"],
        row["model"],
        None if data is None else bytes(data),
        row["id"],
    )
