"""Server-sent events, decoded as they arrive, and JSON as servers really write it.

The SDK's own decoder builds a typed object for every event, which is most of what a long answer
costs. Here an event is its name and its JSON object; the cost is one pass over the bytes. Events that
arrived together are handed on together, as a batch, so that the rest of the way is paid for once per
read and not once per word. Nothing waits for a batch to fill.

What a server sends is read generously: lines end in any way, blank lines may be missing, bytes that are
not UTF-8 are replaced. But nothing vanishes: data that is meant as JSON and cannot be read is reported as an
event of its own, ``UNREADABLE``, so that no answer with a gap passes for a whole one.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any

Json = dict[str, Any]
Batch = list[tuple[str, Json]]
"""The name and the object of each event that arrived with others; never empty."""
DONE = "[DONE]"  # the event with which many servers end a stream
UNREADABLE = "[UNREADABLE]"  # the event that stands for JSON that cannot be read
BODY = "[BODY]"  # the event that stands for a whole body of JSON, from a server that does not stream

_BOM = b"\xef\xbb\xbf"
_FIELD = re.compile(rb"(data|event|id|retry)[ \t]*:|:")
_SNIFFED = 16  # bytes that tell what a body is
_LARGEST_BATCH = 500  # events: few bytes may be unpacked to very many
_DECODER = json.JSONDecoder(strict=False)  # takes control characters inside strings


def lines(chunks: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Lines without their ends (LF, CR or CRLF), however the bytes were cut; the last may lack its end.

    Those come together that one chunk completed.
    """
    parts: list[bytes] = []
    after_return = False
    for received in chunks:
        chunk = received[1:] if after_return and received[:1] == b"\n" else received  # CRLF, cut in two
        if not chunk:
            after_return = after_return and not received
            continue
        after_return = chunk[-1] == 13
        parts.append(chunk)
        if b"\n" not in chunk and b"\r" not in chunk:
            continue  # joined once, so a line of megabytes stays linear
        whole = b"".join(parts).splitlines()
        parts = [] if chunk[-1] in b"\r\n" else [whole.pop()]
        yield whole
    if parts:
        yield [b"".join(parts)]


def batches(chunks: Iterable[bytes]) -> Iterator[Batch]:
    """Name and object of each event; comments, ids, retry times and keep-alives are passed over.

    ``[DONE]`` comes as ``DONE``, and JSON that cannot be read as ``UNREADABLE``, both without data. An event
    at the very end that was cut is dropped.
    """
    block = _Block()
    for completed in lines(chunks):
        batch: Batch = []
        for line in completed:
            if line.startswith(b"data:"):
                data = line[6:] if line[5:6] == b" " else line[5:]
                if block.data and _begins_anew(block.data[-1], data):
                    batch += block.dispatch()
                block.data.append(data)
            elif not line:
                batch += block.dispatch()
            elif line.startswith(b"event:"):
                if block.data and block.name:  # the blank line before it is missing
                    batch += block.dispatch()
                block.name = line[6:].strip().decode("utf-8", "replace")
            else:
                block.add_unusual(line)
            if len(batch) >= _LARGEST_BATCH:
                yield batch
                batch = []
        if batch:
            yield batch
    if last := block.dispatch(at_end=True):
        yield last


def events(chunks: Iterable[bytes]) -> Iterator[tuple[str, Json]]:
    """The events of all batches, one by one."""
    return chain.from_iterable(batches(chunks))


def merged(
    batches: Iterable[Batch], read_text: Callable[[str, Json], str]
) -> Iterator[tuple[str, str, Json]]:
    """Text, name and object of each event, where the texts of those that arrived together are joined.

    ``read_text`` is called once for each event, in order, and returns the text of one that is nothing else
    than a piece of the answer. Where the text that comes out is not empty, name and object are.
    """
    for batch in batches:
        texts: list[str] = []
        for name, event in batch:
            if text := read_text(name, event):
                texts.append(text)
                continue
            if texts:
                yield "".join(texts), "", {}
                texts = []
            yield "", name, event
        if texts:
            yield "".join(texts), "", {}


def _begins_anew(earlier: bytes, data: bytes) -> bool:
    """Whether a blank line is missing between two lines of data: no JSON goes on like this."""
    is_object, is_done = data.lstrip().startswith(b"{"), _is_done(data)
    return (is_object or is_done) and (earlier.rstrip().endswith(b"}") or _is_done(earlier))


class _Block:
    """The lines of one event. ``strays`` are all of its lines, where some are no fields."""

    def __init__(self) -> None:
        self.name = ""
        self.data: list[bytes] = []
        self._strays: list[tuple[int, bytes]] = []

    def add_unusual(self, line: bytes) -> None:
        """A line that begins with a byte order mark, is a field without use, or a piece of a cut string."""
        line = line.removeprefix(_BOM)
        if line.startswith(b"data:"):
            self.data.append(line[5:].removeprefix(b" "))
        elif line.startswith(b"event:"):
            self.name = line[6:].strip().decode("utf-8", "replace")
        elif self.data and not line.startswith(b":"):
            self._strays.append((len(self.data), line))

    def dispatch(self, *, at_end: bool = False) -> Batch:
        """The event, if there is one, and a new beginning; ``at_end`` it may have been cut."""
        name, data, strays = self.name, self.data, self._strays
        self.name, self.data = "", []
        if len(data) == 1 and not strays and (event := json_object(data[0])) is not None:
            return [(name, event)]
        self._strays = []
        return _unusual(name, data, strays, at_end=at_end) if data else []


def _unusual(name: str, data: list[bytes], strays: list[tuple[int, bytes]], *, at_end: bool) -> Batch:
    """The events of lines that are not one object on one line, as nearly all are."""
    joined = b"\n".join(data)
    decoded = _decoded(joined)
    if decoded is None and strays:  # a raw line break inside a string
        for count, line in reversed(strays):
            data.insert(count, line)
        decoded = _decoded(b"\n".join(data))
    if _is_done(joined):
        return [(DONE, {})]
    if decoded:
        return [(name, event) for event in decoded]
    if name == "error" and joined.strip():  # some servers send the bare message
        return [(name, {"message": joined.decode("utf-8", "replace").strip().strip('"')})]
    if decoded is None and is_meant_as_json(joined) and not at_end:
        return [(UNREADABLE, {})]
    return []  # words, or null, a number or a string, where no API has one


def _decoded(data: bytes) -> list[Json] | None:
    """The objects in data: one, or those of a list; None where the data cannot be read."""
    try:
        value = decode(data)
    except ValueError:
        return None
    if isinstance(value, list):
        return [element for element in value if isinstance(element, dict)]
    return [value] if isinstance(value, dict) else []


def _is_done(data: bytes) -> bool:
    return data.strip().upper() == b"[DONE]"


def is_meant_as_json(data: bytes) -> bool:
    """Whether data that cannot be read was meant as JSON; words, such as those of a keep-alive, are not."""
    stripped = data.removeprefix(_BOM).strip()
    return stripped[:1] in {b"{", b"[", b'"'} or stripped[-1:] in {b"}", b"]"}


def decode(data: bytes) -> Any:
    """The value in a text of JSON; raises ValueError.

    Bytes that are not UTF-8 are replaced, a byte order mark is skipped, and control characters are taken.
    """
    try:
        text = data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        text = data.decode(json.detect_encoding(data), "replace")
    if text[:1] == "\ufeff":
        text = text[1:]
    try:
        return _DECODER.decode(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    except ValueError:
        if b"\0" not in data[:4]:
            raise
    return _DECODER.decode(data.decode(json.detect_encoding(data), "replace"))  # UTF-16 or UTF-32


def json_body(data: bytes) -> Any:
    """The JSON in a body; None for anything else."""
    try:
        return decode(data)
    except ValueError:
        return None


def json_object(data: bytes) -> Json | None:
    """The JSON object in data or in a body; None for anything else."""
    try:
        decoded, end = _DECODER.raw_decode(text := data.decode())
        if end != len(text):
            decoded = json_body(data)
    except (ValueError, RecursionError):
        decoded = json_body(data)
    return decoded if isinstance(decoded, dict) else None


def sniff(chunks: Iterable[bytes], content_type: str) -> tuple[bool, Iterator[bytes]]:
    """Whether a body is an event stream, and all of it.

    The body decides: servers label streams as plain text or JSON, and JSON as a stream.
    """
    remaining = iter(chunks)
    head = b""
    while len(head.removeprefix(_BOM).lstrip()) < _SNIFFED and (chunk := next(remaining, None)) is not None:
        head += chunk
        if head.rstrip() != head and head.strip():
            break  # a whole line, which may be all for a long time
    start = head.removeprefix(_BOM)
    is_json = start.lstrip()[:1] in {b"{", b"["}
    declared = "event-stream" in content_type.lower()
    is_stream = not is_json and (declared or bool(_FIELD.match(start.lstrip())))
    return is_stream, chain([start], remaining)
