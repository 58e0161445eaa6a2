"""Server-sent events as bytes: the plain way, and the odd way that is just as legal.

Mental model: an event becomes a list of pieces; every piece is one HTTP chunk and one write to the socket.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from .parts import Event

Framing = Callable[[Event, int], list[bytes]]
"""Turns an event and its position in the stream into pieces."""


def plain(event: Event, position: int) -> list[bytes]:
    """Frame an event as OpenAI does."""
    data = event.data if isinstance(event.data, str) else json.dumps(event.data, ensure_ascii=False)
    head = "" if event.name is None else f"event: {event.name}\n"
    return [f"{head}data: {data}\n\n".encode("utf-8", "backslashreplace")]


def odd(event: Event, position: int) -> list[bytes]:
    """Frame an event in a way that the standard allows and few servers use, another one at each position."""
    # Chat chunks have no event names: a reader cannot tell an unknown event from a broken chunk.
    stranger = b'event: x.unknown\ndata: {"type":"x.unknown"}\n\n' if event.name and position == 1 else b""
    name = [] if event.name is None else [f"event:{event.name}"]
    style = position % 4
    if style == 0:  # comments, CRLF line ends
        frame = "\r\n".join([": keep-alive", *name, *_data_lines(event, None), ": more", "", ""])
    elif style == 1:  # fields nobody asked for, no space after the colon
        frame = "\n".join(["retry: 3000", *name, *_data_lines(event, None), "unheard-of: x", "", ""])
    elif style == 2:  # data over several lines, data before the name
        frame = "\n".join([*_data_lines(event, 1), *name, "", ""])
    else:  # a blank block, which dispatches nothing
        frame = "\n".join([": nothing", "", *name, *_data_lines(event, None), "", ""])
    return [piece for piece in (stranger, *_split_inside_character(frame.encode())) if piece]


def odder(event: Event, position: int) -> list[bytes]:
    """Put blocks without data before each oddly framed event.

    The standard dispatches nothing for them. The SDK (3.54) dispatches an event without data, and then fails
    to read that as JSON; hence a kind of its own, for readers that do without the SDK's decoder.
    """
    return [b"retry: 3000\n\nid: 7\n\n", *odd(event, position)]


def _data_lines(event: Event, indent: int | None) -> list[str]:
    if isinstance(event.data, str):
        return [f"data:{event.data}"]
    return [f"data:{line}" for line in json.dumps(event.data, ensure_ascii=False, indent=indent).split("\n")]


def _split_inside_character(frame: bytes) -> list[bytes]:
    """Split inside the first character of several bytes, else inside the line end."""
    cut = next((at for at, byte in enumerate(frame) if 0x80 <= byte < 0xC0), len(frame) - 1)
    return [frame[:cut], frame[cut:]]
