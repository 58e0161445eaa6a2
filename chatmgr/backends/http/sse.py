"""Server-sent events, decoded as they arrive.

The SDK's own decoder builds a typed object for every event, which is most of what a long answer
costs. Here an event is its name and its raw data; the cost is one pass over the bytes.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any


def lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Whole lines without their ends, however the bytes were cut on the way."""
    parts: list[bytes] = []
    for chunk in chunks:
        if b"\n" not in chunk:
            parts.append(chunk)  # joined once, so a line of megabytes stays linear
            continue
        parts.append(chunk)
        *whole, rest = b"".join(parts).split(b"\n")
        parts = [rest]
        for line in whole:
            yield line[:-1] if line.endswith(b"\r") else line
    # A last line without its end belongs to an event that was cut: the standard drops it.


def events(chunks: Iterable[bytes]) -> Iterator[tuple[str, bytes]]:
    """Name and data of each event; comments, ids and retry times are passed over."""
    name = ""
    data: list[bytes] = []
    for line in lines(chunks):
        if not line:
            if data:
                yield name, data[0] if len(data) == 1 else b"\n".join(data)
            name, data = "", []
        elif line.startswith(b"data:"):
            data.append(line[6:] if line[5:6] == b" " else line[5:])
        elif line.startswith(b"event:"):
            name = line[6:].strip().decode("utf-8", "replace")


def json_object(data: bytes) -> dict[str, Any] | None:
    """The JSON object in an event's data; None for anything else, which no API here sends."""
    try:
        decoded = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return decoded if isinstance(decoded, dict) else None
