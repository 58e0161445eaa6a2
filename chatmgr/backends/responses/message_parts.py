"""The messages of a streamed response: where they begin, and what their ends add to the pieces.

Most servers stream an answer in pieces (``…delta``) and repeat each part of it whole when it ends
(``…done``). Some send only the ends. So an end adds what was not streamed of its part: nothing, or all of it.
"""

from collections.abc import Iterator

from chatmgr.backends.answer_text import read_content
from chatmgr.backends.http.client import Json
from chatmgr.backends.json_values import as_object, as_word
from chatmgr.backends.responses import response_object
from chatmgr.backends.responses.response_state import ResponseState, reasoning_key
from chatmgr.domain.events import Delta, Event

_PART_ENDS = {"response.output_text.done", "response.refusal.done", "response.content_part.done"}
_REASONING_ENDS = {"response.reasoning_summary_text.done", "response.reasoning_text.done"}


class MessageParts:
    """Reads the events between the pieces of one stream.

    ``_item_start`` and ``_part_start`` count the pieces before the current message and before its current
    part; ``_item``, ``_done_part`` and ``_done_item`` say which were told last.
    """

    def __init__(self, state: ResponseState) -> None:
        self._state = state
        self._item: object = None
        self._item_start = 0
        self._part_start = 0
        self._done_part: tuple[object, ...] = ()
        self._done_item: object = None

    def read(self, event_type: str, event: Json) -> Iterator[Event]:
        """What an event adds to the answer or to the reasoning."""
        if event_type == "response.output_item.added":
            if as_word(as_object(event.get("item")).get("type")) == "message":
                yield from self._begin_item(event)
        elif event_type in _PART_ENDS:
            yield from self._end_part(event)
        elif event_type == "response.output_item.done":
            yield from self._end_item(event)
            yield from self._state.add_item(event)
        elif event_type in _REASONING_ENDS and not self._has_streamed(event):
            yield self._state.add_reasoning(event)

    def _begin_item(self, event: Json) -> Iterator[Delta]:
        """A message begins; a blank line separates it from the one before."""
        self._item = _item_key(event)
        if any(self._state.text_parts):
            yield self._state.add_text("\n\n", event.get("sequence_number"))
        self._item_start = self._part_start = len(self._state.text_parts)

    def _end_part(self, event: Json) -> Iterator[Delta]:
        """A part of a message is whole: add what was not streamed of it."""
        part = (_item_key(event), event.get("content_index") or 0)
        if part == self._done_part:
            return  # told twice, by two kinds of events
        content = read_content(event.get("part") or event.get("text") or event.get("refusal"))
        if not content.text:
            return  # of reasoning, or empty
        self._done_part = part
        self._state.refused = self._state.refused or content.refused or bool(event.get("refusal"))
        if self._item not in (None, part[0]) and self._part_start == len(self._state.text_parts):
            yield from self._begin_item(event)
        self._item = part[0]
        yield from self._add_rest(content.text, self._part_start, event)

    def _end_item(self, event: Json) -> Iterator[Delta]:
        """A message is whole: add what was not streamed of it."""
        item, key = as_object(event.get("item")), _item_key(event)
        if not response_object.is_message(item) or (key is not None and key == self._done_item):
            return
        content = response_object.item_content(item)
        self._state.refused = self._state.refused or content.refused
        if content.text and self._item not in (None, key) and self._item_start == len(self._state.text_parts):
            yield from self._begin_item(event)
        yield from self._add_rest(content.text, self._item_start, event)
        self._item = self._done_item = key
        self._item_start = len(self._state.text_parts)

    def _add_rest(self, complete: str, start: int, event: Json) -> Iterator[Delta]:
        streamed = "".join(self._state.text_parts[start:])
        if len(complete) > len(streamed) and complete.startswith(streamed):
            yield self._state.add_text(complete[len(streamed) :], event.get("sequence_number"))
        self._part_start = len(self._state.text_parts)

    def _has_streamed(self, event: Json) -> bool:
        """Whether the reasoning of an event's item has come in pieces."""
        pieces, item = self._state.reasoning_parts, self._state.reasoning_item
        return bool(pieces) and item[1:] == reasoning_key(event)[1:]


def _item_key(event: Json) -> object:
    """What tells the item of an event from others."""
    index = event.get("output_index")
    return event.get("item_id") or as_object(event.get("item")).get("id") if index is None else index
