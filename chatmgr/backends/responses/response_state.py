"""What has arrived of one response, while it is streamed or looked up."""

from collections.abc import Iterator, Set
from dataclasses import dataclass, field

from chatmgr.backends.answer_text import read_content
from chatmgr.backends.http.client import Json
from chatmgr.backends.items.collector import ItemCollector
from chatmgr.backends.items.making import Origin
from chatmgr.backends.json_values import as_count, as_id, as_objects
from chatmgr.backends.responses import response_object
from chatmgr.backends.responses.output_items import read_output_item
from chatmgr.domain.events import Delta, Event, ItemDone, Reasoning, Usage
from chatmgr.domain.items import Item, call_id_of, waits_for_answer

TEXT_EVENTS = ("response.output_text.delta", "response.refusal.delta")


@dataclass(slots=True)
class ResponseState:
    """What has arrived of one response.

    ``cursor`` is the sequence number of the last event received, ``max_output_tokens`` the length that
    was asked for, and ``ended`` says that ``Finished`` was yielded. ``conversation`` is the one that the
    server named, ``usage`` the tokens that it counted. ``has_gap`` says that a piece could not be read,
    ``gap_told`` that this was reported, ``refused`` that a piece declines to answer. ``items`` are the items
    that are done, made by ``model``. ``answered`` are the ids of calls whose answers were sent with a later
    request, ``is_earlier`` says that the response is one that holds such a call.
    """

    id: str = ""
    background: bool = False
    cursor: int | None = None
    max_output_tokens: object = None
    text_parts: list[str] = field(default_factory=list)
    reasoning_parts: list[str] = field(default_factory=list)
    reasoning_item: tuple[object, ...] = ()
    conversation: str = ""
    usage: Usage | None = None
    ended: bool = False
    has_gap: bool = False
    gap_told: bool = False
    refused: bool = False
    model: str = ""
    items: ItemCollector = field(default_factory=ItemCollector)
    answered: Set[str] = frozenset()
    is_earlier: bool = False

    @property
    def origin(self) -> Origin:
        """Who makes the items."""
        return Origin("responses", self.model)

    @property
    def is_heard(self) -> bool:
        """Whether anything of the answer has come."""
        return any(self.text_parts) or not self.items.is_empty

    def read(self, response: Json) -> Iterator[Event]:
        """Keep what a response object tells besides its text; a broken stream may not get to its end.

        The tokens of an earlier response are counted already.
        """
        self.conversation = _named_conversation(response) or self.conversation
        output = as_objects(response.get("output")) if self.answered else ()
        if any({as_id(item.get("call_id")), as_id(item.get("id"))} & self.answered for item in output):
            self.is_earlier = True
            return
        for usage in response_object.read_usage(response):
            if usage != self.usage:
                self.usage = usage
                yield usage

    def read_plain(self, name: str, event: Json) -> str:
        """Keep the text of an event that is a piece of the answer, as nearly all are; empty for any other."""
        if name == "error" or (event.get("type") or name) not in TEXT_EVENTS:
            return ""
        text = event.get("delta")
        if type(text) is not str or not text:
            return ""
        self.text_parts.append(text)
        if type(sequence_number := event.get("sequence_number")) is int:
            self.cursor = as_count(sequence_number)
        return text

    def add_text(self, text: str, sequence_number: object) -> Delta:
        """Keep a piece of the answer's text."""
        self.text_parts.append(text)
        if type(sequence_number) is int:
            self.cursor = as_count(sequence_number)
        return Delta(text, self.cursor)

    def add_item(self, event: Json) -> Iterator[ItemDone]:
        """Keep an item that the server calls done."""
        sequence_number = event.get("sequence_number")
        for item in as_objects(event.get("item")):
            made = read_output_item(item, self.origin)
            if type(sequence_number) is int and made:
                self.cursor = as_count(sequence_number)
            yield from self.items.add(made, self.cursor)

    def add_output(self, response: Json) -> Iterator[ItemDone]:
        """Keep those items of a response that were not called done before."""
        for output_item in as_objects(response.get("output")):
            made = read_output_item(output_item, self.origin)
            ids = {call_id_of(item) for item in made if isinstance(item, Item) and waits_for_answer(item)}
            self.is_earlier = self.is_earlier or not ids.isdisjoint(self.answered)
            yield from self.items.add(made, again=True)

    def add_reasoning(self, event: Json) -> Reasoning:
        """Keep a piece of the reasoning; a blank line separates two items of it."""
        item = reasoning_key(event)
        separator = "\n\n" if self.reasoning_parts and item != self.reasoning_item else ""
        self.reasoning_item = item
        piece = read_content(event.get("delta") or event.get("text"))
        self.reasoning_parts.append(separator + (piece.text or piece.reasoning))
        sequence_number = event.get("sequence_number")
        if type(sequence_number) is int and self.cursor is not None:
            self.cursor = as_count(sequence_number)
        return Reasoning(self.reasoning_parts[-1])


def reasoning_key(event: Json) -> tuple[object, ...]:
    """What tells the reasoning of an event from other reasoning."""
    return tuple(event.get(key) for key in ("type", "item_id", "summary_index", "content_index"))


def _named_conversation(response: Json) -> str:
    """The id of the conversation that a response names; empty if it names none."""
    for key in ("conversation", "conversation_id"):
        value = response.get(key)
        if isinstance(value, dict):
            value = value.get("id")
        if value and isinstance(value, str):
            return value
    return ""
