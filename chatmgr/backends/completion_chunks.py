"""The chunks of Chat Completions as events, for the servers that speak it and for the embedded model.

A chunk holds a piece of the answer (``delta``) or the whole of it (``message``). Only the first choice is
read. The answer has ended where a chunk says why (``finish_reason``), where the stream ends with ``[DONE]``,
or where it is one whole body. One that ends in no such way was cut off.
"""

import re
from collections.abc import Callable, Iterable, Iterator

from chatmgr.backends.answer_end import end_of_answer, is_placeholder
from chatmgr.backends.answer_text import THOUGHT_KEYS, Content, gap_error, read_message
from chatmgr.backends.http.sse import BODY, DONE, UNREADABLE, Batch, Json, merged
from chatmgr.backends.items.chat_items import ITEM_KEYS, ChatItems
from chatmgr.backends.items.collector import ItemCollector
from chatmgr.backends.items.making import Origin
from chatmgr.backends.json_values import as_count, as_id, as_object, as_objects
from chatmgr.domain.errors import NetworkDown
from chatmgr.domain.events import Delta, Event, Finished, Opened, Reasoning, Usage
from chatmgr.domain.items import Item
from chatmgr.domain.states import RunState

_SPECIAL = (BODY, DONE, UNREADABLE, "error")
_OTHER_KEYS = frozenset({"type", "refusal", *THOUGHT_KEYS, *ITEM_KEYS})
_CALLING = re.compile(r"^(tool|function)_?(calls?|use)$")
_NO_ITEMS = Origin("completions", "")


def read_chunks(
    batches: Iterable[Batch],
    failure: Callable[[Json, bool], Finished],
    run_id: str = "",
    *,
    origin: Origin = _NO_ITEMS,
    known: Iterable[Item] = (),
    fetch: Callable[[ItemCollector], Iterator[Event]] = lambda _: iter(()),
) -> Iterator[Event]:
    """The events in chunks; ends without ``Finished`` where nothing says that the answer has ended.

    ``failure`` gives the end for an error inside the answer, and is told whether anything of it was heard.
    ``run_id`` is the answer's id, where that was reported already. The items are made by ``origin``, and
    follow those that are ``known``; ``fetch`` gets the files that they name.

    Raises NetworkDown for a piece that cannot be read, and for a connection that breaks before the end.
    """
    answer = _Answer(run_id, origin)
    try:
        for text, name, chunk in merged(batches, answer.read_plain):
            if text:
                yield Delta(text)
            elif name == UNREADABLE:
                answer.has_gap = True
            elif name == DONE:
                answer.ended = True
                break
            else:
                yield from answer.open(chunk)
                if name == "error" and not answer.has_end:
                    yield failure(chunk, answer.is_heard)
                    return
                yield from answer.read_chunk(chunk, whole=name == BODY)
    except NetworkDown:
        if not answer.has_end:  # else the break has cost nothing
            raise
    yield from answer.end(ItemCollector(known), answer.run_id, fetch)


def _is_further(choice: Json) -> bool:
    """Whether a choice belongs to a second answer, which nobody asked for."""
    index = choice.get("index")
    return type(index) is int and index != 0


class _Answer:
    """What has arrived of one answer. ``pieces`` are its texts, ``ended`` says that nothing more can come.

    ``finish_reason`` is None until the server names one. An empty one ends the answer only where the chunks
    before it have none: some servers send it with every chunk.
    """

    def __init__(self, run_id: str, origin: Origin) -> None:
        self.run_id = run_id
        self.pieces: list[str] = []
        self.finish_reason: object = None
        self.refused = False
        self.has_gap = False
        self.has_reasoning = False
        self.ended = False
        self._in_deltas = False
        self._message = Content()
        self._chunks = 0
        self._empty_reasons = 0
        self._last_is_empty = False
        self.items = ChatItems(origin)

    @property
    def is_heard(self) -> bool:
        """Whether anything of the answer has come."""
        return self.has_reasoning or bool(self.pieces) or not self.items.is_empty

    @property
    def has_end(self) -> bool:
        """Whether something says that the answer has ended."""
        if self.finish_reason is not None or self.ended:
            return True
        return self._last_is_empty and self._empty_reasons == 1 and self._chunks > 1 and bool(self.pieces)

    def open(self, chunk: Json) -> Iterator[Opened]:
        """Tell the id of the answer, with the first chunk that has it."""
        if not self.run_id and (named := as_id(chunk.get("id"))):
            self.run_id = named
            yield Opened(run_id=named, retrievable=False)

    def read_chunk(self, chunk: Json, *, whole: bool) -> Iterator[Event]:
        """What a chunk holds; ``whole`` says that it is the body of the response."""
        for choice in as_objects(chunk.get("choices")):
            if not _is_further(choice):
                yield from self.read(choice)
        if whole:
            self.ended = self.ended or bool(self.pieces) or not self.items.is_empty
        if (counted := chunk.get("usage")) and (usage := read_usage(counted)):
            yield usage

    def read_plain(self, name: str, chunk: Json) -> str:
        """The text of a chunk that holds nothing else, as nearly all do; else empty."""
        choices = chunk.get("choices")
        if type(choices) is not list or len(choices) != 1 or name in _SPECIAL or chunk.get("usage"):
            return ""
        if not self.run_id and chunk.get("id"):
            return ""
        choice = choices[0]
        if type(choice) is not dict or choice.get("finish_reason") is not None or choice.get("message"):
            return ""
        delta = choice.get("delta")
        if type(delta) is not dict or _is_further(choice):
            return ""
        text = delta.get("content")
        if type(text) is not str or not text:
            return ""
        if len(delta) > 1 and not _OTHER_KEYS.isdisjoint(delta) and any(map(delta.get, _OTHER_KEYS)):
            return ""
        self._chunks += 1
        self._in_deltas = True
        self._last_is_empty = False
        self.pieces.append(text)
        return text

    def read(self, choice: Json) -> Iterator[Event]:
        """What any choice adds to the answer and to the reasoning."""
        self._chunks += 1
        content = self._read_piece(choice.get("delta") or choice.get("text"))
        if content.text:
            self._in_deltas = True
        if message := choice.get("message"):
            whole = self._read_piece(message) if self.items.is_empty else read_message(message)
            if not self._in_deltas:
                content = whole
            else:
                self._message = whole
        if content.text:
            self.pieces.append(content.text)
        reason = choice.get("finish_reason")
        if reason is not None:
            self._note_reason(reason)
        elif content.text:
            self._last_is_empty = False
        if content.reasoning:
            self.has_reasoning = True
            yield Reasoning(content.reasoning)
        if content.text:
            self.refused = self.refused or content.refused
            yield Delta(content.text)

    def _read_piece(self, piece: object) -> Content:
        """What a delta or a message says, in words or as audio."""
        content = read_message(piece)
        spoken = self.items.read(piece) if isinstance(piece, dict) else ""
        return content._replace(text=spoken) if spoken and not content.text else content

    def _note_reason(self, reason: object) -> None:
        self._last_is_empty = is_placeholder(reason)
        if self._last_is_empty:
            self._empty_reasons += 1
        elif reason:
            self.finish_reason = reason

    def rest(self) -> str:
        """What a whole message, after an answer in deltas, holds beyond them."""
        streamed = "".join(self.pieces)
        text = self._message.text
        return text[len(streamed) :] if text.startswith(streamed) else ""

    def end(
        self, collector: ItemCollector, run_id: str, fetch: Callable[[ItemCollector], Iterator[Event]]
    ) -> Iterator[Event]:
        """The rest of the answer, its items, and how it ended; no end where it was cut off."""
        if rest := self.rest():
            self.pieces.append(rest)
            yield Delta(rest)
        if self.has_gap:
            raise gap_error()
        if not self.has_end:
            return
        for made in self.items.made("".join(self.pieces), refused=self.refused, run_id=run_id):
            yield from collector.add(made)
        yield from fetch(collector)
        state, detail = end_of_answer(self.finish_reason)
        calls = collector.calls() if state is RunState.COMPLETED or _CALLING.match(detail) else ()
        if calls:
            yield Finished(RunState.REQUIRES_ACTION, calls=calls)
        else:
            yield Finished(state, "refusal" if self.refused and state is RunState.COMPLETED else detail)


def read_usage(usage: object) -> Usage | None:
    """The tokens that a server counted; None where it counted none."""
    counts = as_object(usage)
    cached = as_object(counts.get("prompt_tokens_details")).get("cached_tokens")
    reasoning = as_object(counts.get("completion_tokens_details")).get("reasoning_tokens")
    keys = (counts.get("prompt_tokens"), counts.get("completion_tokens"), cached, reasoning)
    numbers = [as_count(value) for value in keys]
    return None if all(number is None for number in numbers) else Usage(*numbers)
