"""The items of one run, each of them once, however often the server tells of it."""

from collections import Counter
from collections.abc import Iterable, Iterator

from chatmgr.backends.items.making import Made, Wanted
from chatmgr.domain.events import ItemDone, ToolCall
from chatmgr.domain.items import Item, ItemKind, call_id_of, open_calls


class ItemCollector:
    """Gathers what a server calls done, in its order.

    A run begins with the items that are known of it. The first text is held back while it is all that there
    is: an answer of one plain text has no items. ``wanted`` are files that have to be fetched before the end.
    """

    def __init__(self, known: Iterable[Item] = ()) -> None:
        self.items: list[Item] = list(known)
        self.wanted: list[Wanted] = []
        self._seen_files = {item.id or str(item.content.get("url")) for item in self.items if _is_file(item)}
        self._held: tuple[Item, int | None] | None = None
        self._ids = {item.id for item in self.items if item.raw and item.id}
        self._told: Counter[str] = Counter(_body(item) for item in self.items if item.raw)

    @property
    def is_empty(self) -> bool:
        """Whether the server has sent nothing but one plain text."""
        return not (self.items or self.wanted)

    def add(self, made: list[Made], cursor: int | None = None, *, again: bool = False) -> Iterator[ItemDone]:
        """Take what one of the server's items became; yields what is to be kept now.

        ``again``: the server tells of everything once more, perhaps under other ids.
        """
        first = next((item for item in made if isinstance(item, Item)), None)
        if first is None or not first.raw:
            yield from self._take(made, cursor)
        elif self._is_held(first):
            yield from self._replace_held(made, cursor)
        elif not self._is_seen(first, again=again):
            if first.id:
                self._ids.add(first.id)
            if not again:
                self._told[_body(first)] += 1
            yield from self._take(made, cursor)
        else:  # its files may be missing, if the process that recorded it died
            yield from self._take([each for each in made[1:] if not self._is_known_file(each)], cursor)

    def _is_known_file(self, made: Made) -> bool:
        if isinstance(made, Wanted):
            return bool({made.path or made.url, made.id} & self._seen_files)
        return any(item.kind is made.kind and item.content == made.content for item in self.items)

    def _is_seen(self, item: Item, *, again: bool) -> bool:
        """Whether an item was told of before: by its id, else by what it says, each time once."""
        body = _body(item)
        is_known = bool(item.id) and item.id in self._ids
        is_same = self._told[body] > 0 and (again or not item.id)
        if again and (is_known or is_same):
            self._told[body] -= 1
        return is_known or is_same

    def _is_held(self, item: Item) -> bool:
        held = self._held[0] if self._held else None
        return bool(
            held and item.kind is ItemKind.TEXT and (item.id == held.id != "" or _body(item) == _body(held))
        )

    def _replace_held(self, made: list[Made], cursor: int | None) -> Iterator[ItemDone]:
        """The text that is held back is told of again, perhaps with its citations this time."""
        self._held = None
        yield from self._take(made, cursor)

    def _take(self, made: list[Made], cursor: int | None) -> Iterator[ItemDone]:
        if not made:
            return
        first = made[0]
        if (
            self.is_empty
            and self._held is None
            and len(made) == 1
            and isinstance(first, Item)
            and _is_plain(first)
        ):
            self._held = first, cursor
            return
        yield from self._release()
        for item in made:
            if isinstance(item, Wanted):
                if not self._is_known_file(item):
                    self._seen_files.add(item.path or item.url)
                    self.wanted.append(item)
            else:
                self.items.append(item)
                yield ItemDone(item, cursor)

    def _release(self) -> Iterator[ItemDone]:
        """The text that was held back: it is not all that there is."""
        if self._held:
            item, cursor = self._held
            self._held = None
            self.items.append(item)
            yield ItemDone(item, cursor)

    def answered_ids(self) -> set[str]:
        """The ids of the calls that have a result."""
        return {call_id_of(item) for item in self.items if item.kind is ItemKind.TOOL_RESULT}

    def calls(self) -> tuple[ToolCall, ...]:
        """The calls that wait for an answer."""
        return calls_of(self.items)


def calls_of(items: Iterable[Item]) -> tuple[ToolCall, ...]:
    """The calls among a run's items that wait for an answer."""
    return tuple(
        ToolCall(
            call_id_of(item),
            _called(item),
            str(item.content.get("arguments") or ""),
            "approval" if item.kind is ItemKind.APPROVAL_REQUEST else str(item.content.get("tool") or ""),
        )
        for item in open_calls(items)
    )


def _called(item: Item) -> str:
    """What a call calls; of an approval, with the server that would be called."""
    name = str(item.content.get("name") or "")
    server = item.content.get("server") if item.kind is ItemKind.APPROVAL_REQUEST else ""
    return f"{server}.{name}" if server else name


def _is_file(item: Item) -> bool:
    return item.kind in {ItemKind.IMAGE, ItemKind.FILE, ItemKind.AUDIO}


def _is_plain(item: Item) -> bool:
    return item.kind is ItemKind.TEXT and not item.content.get("citations")


def _body(item: Item) -> str:
    """What an item says, for servers that name the same item differently each time."""
    if item.kind in {ItemKind.TEXT, ItemKind.REFUSAL}:
        return f"{item.kind} {item.content.get('text')}"
    if item.kind is ItemKind.TOOL_CALL:
        return f"{item.kind} {item.content.get('name')} {item.content.get('arguments')}"
    if item.kind is ItemKind.REASONING:
        return f"{item.kind} {item.content.get('summary')} {item.content.get('text')}"
    return f"{item.kind} {item.raw.replace(item.id, '') if item.id else item.raw}"
