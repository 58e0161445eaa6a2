"""What has arrived of one response, while it is streamed or looked up."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from chatmgr.backends.answer_text import read_content
from chatmgr.backends.http.client import Json
from chatmgr.backends.json_values import as_count
from chatmgr.backends.responses import response_object
from chatmgr.domain.events import Delta, Event, Reasoning, Usage

TEXT_EVENTS = ("response.output_text.delta", "response.refusal.delta")


@dataclass(slots=True)
class ResponseState:
    """What has arrived of one response.

    ``cursor`` is the sequence number of the last event received, ``max_output_tokens`` the length that
    was asked for, and ``ended`` says that ``Finished`` was yielded. ``conversation`` is the one that the
    server named, ``usage`` the tokens that it counted. ``has_gap`` says that a piece could not be read,
    ``gap_told`` that this was reported, ``refused`` that a piece declines to answer.
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

    def read(self, response: Json) -> Iterator[Event]:
        """Keep what a response object tells besides its text; a broken stream may not get to its end."""
        self.conversation = _named_conversation(response) or self.conversation
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
