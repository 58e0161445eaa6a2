"""Items of a turn as they are shown: each in its place, with footnotes for what its texts cite.

Pure functions, no I/O.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from chatmgr.domain.cited_words import cited_words
from chatmgr.domain.image_size import Pixels, image_size
from chatmgr.domain.item_texts import placed
from chatmgr.domain.items import Item, ItemKind

FILES = frozenset({ItemKind.IMAGE, ItemKind.FILE, ItemKind.AUDIO})
TOO_LARGE = "larger than 64 MB"  # why a file is missing that no second attempt would bring
GONE = "the server does not have it"
_TEXTS = frozenset({ItemKind.TEXT, ItemKind.REFUSAL})
_LONGEST_QUOTE = 200  # characters


class StoredItem(NamedTuple):
    """An item, without its bytes unless they were asked for: their SHA-256, and how many there are.

    ``sha256`` is empty where it has none. ``pixels`` is the size of an image.
    """

    item: Item
    sha256: str = ""
    size: int = 0
    pixels: Pixels | None = None


def with_size(item: Item) -> StoredItem:
    """An item whose bytes are at hand, with how many there are."""
    pixels = image_size(item.data) if item.data and item.kind is ItemKind.IMAGE else None
    return StoredItem(item, size=len(item.data or b""), pixels=pixels)


class Footnote(NamedTuple):
    """A source that a text cites; ``url`` is empty for a file."""

    number: int
    title: str
    url: str
    quote: str


class Footnotes:
    """The sources that the texts of one turn cite, each of them once, numbered from 1.

    ``words`` are those that each number stands for, where that is known.
    """

    def __init__(self) -> None:
        self._numbers: dict[object, int] = {}
        self.notes: list[Footnote] = []
        self.words: dict[int, list[str]] = {}

    def mark(self, item: Item, mark: Callable[[int], str]) -> str:
        """A text with the mark of each source behind what it is cited for, where that is known."""
        text = str(item.content.get("text") or "")
        places: dict[tuple[int, int], None] = {}
        for citation in item.content.get("citations") or ():
            number = self._number_of(citation)
            end = citation.get("end")
            if isinstance(end, int) and 0 < end <= len(text):
                places[end, number] = None
                if words := cited_words(text, citation.get("start"), end):
                    self.words.setdefault(number, []).append(words)
        for end, number in sorted(places, reverse=True):
            text = text[:end] + mark(number) + text[end:]
        return text

    def of(self, item: Item) -> list[Footnote]:
        """The sources that one text cites, in the order in which it cites them first."""
        numbers = dict.fromkeys(map(self._number_of, item.content.get("citations") or ()))
        return [self.notes[number - 1] for number in numbers]

    def _number_of(self, citation: Mapping[str, Any]) -> int:
        url, title = str(citation.get("url") or ""), str(citation.get("title") or "")
        source = url or citation.get("file_id") or title or citation.get("quote")
        if source not in self._numbers:
            number = self._numbers[source] = len(self.notes) + 1
            quote = " ".join(str(citation.get("quote") or "").split())[:_LONGEST_QUOTE]
            name = title or ("" if url else str(citation.get("file_id") or ""))
            self.notes.append(Footnote(number, name, url, quote))
        return self._numbers[source]


def in_place(answer: str, items: Sequence[StoredItem]) -> list[StoredItem]:
    """The items of a turn, so that their texts are its answer."""
    given = [stored.item for stored in items]
    return [StoredItem(item) if index < 0 else items[index] for item, index in placed(given, answer)]


def is_text(item: Item) -> bool:
    """Whether an item is a text or a refusal."""
    return item.kind in _TEXTS


def can_be_fetched(item: Item) -> bool:
    """Whether an item stands for a file that could not be had, and that its server may still give.

    What has JSON of its own came inside the answer, and was not readable.
    """
    reason = item.content.get("missing")
    is_named = bool(item.id or item.content.get("url"))
    return item.kind in FILES and bool(reason) and reason != TOO_LARGE and is_named and not item.raw


def name_of_call(item: Item) -> str:
    """What a call calls: the function, at its server if it has one."""
    server = f"{item.content['server']}." if item.content.get("server") else ""
    return f"{server}{item.content.get('name') or item.content.get('tool') or 'a tool'}"


def calls_by_id(items: Iterable[Item]) -> dict[str, Item]:
    """The calls and approval requests among items, by their ids."""
    keys = {ItemKind.TOOL_CALL: "call_id", ItemKind.APPROVAL_REQUEST: "id"}
    return {str(item.content.get(keys[item.kind])): item for item in items if item.kind in keys}
