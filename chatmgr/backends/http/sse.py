"""Server-sent events, decoded as they arrive, and JSON as servers really write it.

The SDK's own decoder builds a typed object for every event, which is most of what a long answer
costs. Here an event is its name and its JSON object; the cost is one pass over the bytes.

What a server sends is read generously: lines end in any way, blank lines may be missing, bytes that are
not UTF-8 are replaced. But nothing vanishes: data that is meant as JSON and cannot be read is reported as an
event of its own, ``UNREADABLE``, so that no answer with a gap passes for a whole one.
"""

import json
import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

Json = dict[str, Any]
DONE = "[DONE]"  # the event with which many servers end a stream
UNREADABLE = "[UNREADABLE]"  # the event that stands for JSON that cannot be read
BODY = "[BODY]"  # the event that stands for a whole body of JSON, from a server that does not stream

_BOM = b"\xef\xbb\xbf"
_FIELD = re.compile(rb"(data|event|id|retry)[ \t]*:|:")
_SNIFFED = 16  # bytes that tell what a body is
_DECODER = json.JSONDecoder(strict=False)  # takes control characters inside strings


def lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Lines without their ends (LF, CR or CRLF), however the bytes were cut; the last may lack its end."""
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
        yield from whole
    if parts:
        yield b"".join(parts)


def events(chunks: Iterable[bytes]) -> Iterator[tuple[str, Json]]:
    """Name and object of each event; comments, ids, retry times and keep-alives are passed over.

    ``[DONE]`` comes as ``DONE``, and JSON that cannot be read as ``UNREADABLE``, both without data. An event
    at the very end that was cut is dropped.
    """
    block = _Block()
    for line in lines(chunks):
        if line.startswith(b"data:"):
            data = line[6:] if line[5:6] == b" " else line[5:]
            if block.data and _begins_anew(block.data[-1], data):
                yield from block.dispatch()
            block.data.append(data)
        elif not line:
            if len(block.data) == 1 and (event := json_object(block.data[0])) is not None:
                yield block.name, event
                block.name, block.data = "", []
            else:
                yield from block.dispatch()
        elif line.startswith(b"event:"):
            if block.data and block.name:  # the blank line before it is missing
                yield from block.dispatch()
            block.name = line[6:].strip().decode("utf-8", "replace")
        else:
            block.add_unusual(line)
    yield from block.dispatch(at_end=True)


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

    def dispatch(self, *, at_end: bool = False) -> Iterator[tuple[str, Json]]:
        """The event, if there is one, and a new beginning; ``at_end`` it may have been cut."""
        name, data, strays = self.name, self.data, self._strays
        self.name, self.data, self._strays = "", [], []
        if not data:
            return
        joined = b"\n".join(data)
        decoded = _decoded(joined)
        if decoded is None and strays:  # a raw line break inside a string
            for count, line in reversed(strays):
                data.insert(count, line)
            decoded = _decoded(b"\n".join(data))
        if _is_done(joined):
            yield DONE, {}
        elif decoded:
            for event in decoded:
                yield name, event
        elif name == "error" and joined.strip():  # some servers send the bare message
            yield name, {"message": joined.decode("utf-8", "replace").strip().strip('"')}
        elif decoded is not None:
            return  # null, a number or a string, where no API has one
        elif is_meant_as_json(joined) and not at_end:
            yield UNREADABLE, {}


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
