"""A streamed response as batches of events: an error comes as one, and what is no stream as a whole."""

import re
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import AbstractContextManager, closing
from typing import TYPE_CHECKING, Any

from chatmgr.backends.error_body import is_error, parse_text
from chatmgr.backends.http import sse

if TYPE_CHECKING:
    import httpx2

Json = dict[str, Any]
_REMEMBERED = 2000  # bytes


class Stream:
    """A streamed response. Iterating gives the events as ``sse.batches`` reads them.

    A server that does not stream answers with one JSON object, which comes as ``sse.BODY``. The body tells
    the two apart, whatever its Content-Type is. An error comes as ``("error", object)``, whatever its shape.
    """

    def __init__(
        self,
        response: "httpx2.Response",
        errors: Callable[[], AbstractContextManager[None]],
        decode: "Callable[[httpx2.Response, Any, bytes], Json]",
    ) -> None:
        self._response = response
        self._errors = errors
        self._decode = decode

    def __iter__(self) -> Generator[sse.Batch, None, None]:
        response = self._response
        with self._errors(), closing(response):
            content_type = response.headers.get("content-type", "")
            is_stream, chunks = sse.sniff(response.iter_bytes(), content_type)
            if not is_stream:
                yield [self._whole(b"".join(chunks))]
                return
            head = bytearray()
            empty = True
            for batch in sse.batches(_remembering(chunks, head)):
                empty = False
                yield [item if _is_piece(*item) else _marked(*item) for item in batch]
            if empty and (text := _plain_text(head)):
                yield [("error", {"error": text})]

    def _whole(self, content: bytes) -> tuple[str, Json]:
        """The event for a body that is no stream."""
        if sse.is_meant_as_json(content) and sse.json_object(content) is None:
            return sse.UNREADABLE, {}
        name, body = _marked("", self._decode(self._response, dict, content))
        return name or sse.BODY, body


def _remembering(chunks: Iterable[bytes], head: bytearray) -> Iterator[bytes]:
    """The chunks, of which the first few are kept as well: they may be words instead of events."""
    for chunk in chunks:
        if len(head) < _REMEMBERED:
            head += chunk
        yield chunk


def _plain_text(head: bytearray) -> str:
    """The words in a stream that has no event."""
    lines = head[:_REMEMBERED].decode("utf-8", "replace").splitlines()
    text = "\n".join(line for line in lines if not re.match(r":|(data|event|id|retry)\s*:", line))
    return parse_text(text).message if text.strip() else ""


def _is_piece(name: str, event: Json) -> bool:
    """Whether an event is plainly a piece of an answer, as nearly all are; the whole question costs more."""
    if name == "error" or "error" in event:
        return False
    choices = event.get("choices")
    if type(choices) is list and len(choices) == 1 and type(choices[0]) is dict:
        event = choices[0]
    return "delta" in event and "error" not in event and event.get("type") != "error"


def _marked(name: str, event: Json) -> tuple[str, Json]:
    """An event with its name; an error is named so."""
    if not is_error(name, event):
        return name, event
    return "error", event if is_error("", event) else {"error": event}
