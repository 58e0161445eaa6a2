"""Bodies as servers write them: every line end, every label, and JSON that is not quite JSON."""

import json
from collections.abc import Iterator

import pytest

from chatmgr.backends.http import sse
from chatmgr.backends.http.sse import DONE, UNREADABLE

BLOCKS = (
    [": keep-alive"],
    ["event: a", 'data: {"n": 1, "text": "é\u2028"}'],
    ["id: 7", "retry: 3000"],
    ["event: b", 'data: {"n":', "data:  2}"],
    ["data: [DONE]"],
)
WHOLE = [("a", {"n": 1, "text": "é\u2028"}), ("b", {"n": 2}), (DONE, {})]


def read(*chunks: bytes) -> list[tuple[str, sse.Json]]:
    return list(sse.events(chunks))


def pieces(body: bytes, size: int) -> list[bytes]:
    return [body[start : start + size] for start in range(0, len(body), size)]


@pytest.mark.parametrize("size", [1, 2, 3, 5, 1000])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_in_any_way_wherever_the_bytes_are_cut(end: str, size: int) -> None:
    body = "".join(f"{line}{end}" for block in BLOCKS for line in [*block, ""]).encode()
    assert read(*pieces(body, size)) == WHOLE


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_blank_lines_may_be_missing(end: str) -> None:
    unnamed = ['data: {"n": 1}', 'data: {"n": 2}', "id: 3", 'data: {"n": 3}', "data: [DONE]"]
    assert read(end.join(unnamed).encode()) == [("", {"n": 1}), ("", {"n": 2}), ("", {"n": 3}), (DONE, {})]
    named = [
        "event: x",
        'data: {"n": 1}',
        "event: y",
        'data: {"n":',
        "data: 2}",
        "event: done",
        "data: [DONE]",
    ]
    assert read(end.join(named).encode()) == [("x", {"n": 1}), ("y", {"n": 2}), (DONE, {})]


@pytest.mark.parametrize("last", ['data: {"n": 1}\n', 'data: {"n": 1}', 'data: {"n": 1}\r'])
def test_the_last_blank_line_may_be_missing(last: str) -> None:
    assert read(last.encode()) == [("", {"n": 1})]


@pytest.mark.parametrize("cut", ['data: {"n": ', "data: [DO", "dat", "event: x\n", 'data: {"n": 1\ndata: '])
def test_an_event_that_was_cut_at_the_end_is_none(cut: str) -> None:
    assert read(f'data: {{"n": 0}}\n\n{cut}'.encode()) == [("", {"n": 0})]


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b'{"text": "a\xff\xfeb"}', "a\ufffd\ufffdb"),
        (b'{"text": "caf\xe9"}', "caf\ufffd"),
        (b'\xef\xbb\xbf{"text": "a"}', "a"),
        (b'{"text": "a\x00\x01\x1b\tb"}', "a\x00\x01\x1b\tb"),
        (b'{"text": "a\nb"}', "a\nb"),
        (b'{"text": "a\rb"}', "a\nb"),
        (b'[{"text": "a"}]', "a"),
    ],
)
def test_json_that_is_not_quite_json_is_read(data: bytes, text: str) -> None:
    assert read(b"data: " + data + b"\n\n") == [("", {"text": text})]


def test_a_byte_order_mark_is_skipped_wherever_it_stands() -> None:
    mark = b"\xef\xbb\xbf"
    body = mark + b'data: {"n": 1}\n\n' + mark + b"event: x\n" + mark + b'data: {"n": 2}\n\n'
    is_stream, chunks = sse.sniff([body[:2], body[2:5], body[5:]], "")
    assert is_stream
    assert list(sse.events(chunks)) == [("", {"n": 1}), ("x", {"n": 2})]


@pytest.mark.parametrize(
    "data", ['{"n": ', '{"n": 1]', "{n: 1}", '"choices": [1]}', "[" * 100_000, '{"n": 1} {"n": 2}']
)
def test_what_cannot_be_read_leaves_a_mark(data: str) -> None:
    body = f'data: {{"n": 0}}\n\ndata: {data}\n\ndata: {{"n": 3}}\n\n'.encode()
    assert read(body) == [("", {"n": 0}), (UNREADABLE, {}), ("", {"n": 3})]


@pytest.mark.parametrize(
    "line",
    [
        ": ping",
        ":",
        "data:",
        "data: ",
        "data: ping",
        "data: keep-alive",
        "data: null",
        "data: 7",
        'data: "ping"',
    ],
)
def test_keep_alives_are_passed_over(line: str) -> None:
    assert read(f'{line}\n\ndata: {{"n": 1}}\n\n{line}\n\n'.encode()) == [("", {"n": 1})]


def test_a_bare_message_of_an_error_is_kept() -> None:
    assert read(b"event: error\ndata: out of memory\n\n") == [("error", {"message": "out of memory"})]


@pytest.mark.parametrize("label", ["", "text/plain", "application/json", "Text/Event-Stream; charset=utf-8"])
@pytest.mark.parametrize("size", [1, 7, 1000])
@pytest.mark.parametrize(
    "body", [b'data: {"n": 1}\n\n', b": hi\n\n", b"\n\nevent: x\n", b"id: 1\n", b"data:{}\n"]
)
def test_a_stream_is_known_by_its_body(body: bytes, size: int, label: str) -> None:
    is_stream, chunks = sse.sniff(pieces(body, size), label)
    assert is_stream
    assert b"".join(chunks) == body


@pytest.mark.parametrize("label", ["", "text/plain", "application/json", "text/event-stream"])
@pytest.mark.parametrize("body", [b'{"data": 1}', b' \n{"data: x": 1}', b"[1]", b"\xef\xbb\xbf{}"])
def test_json_is_known_by_its_body(body: bytes, label: str) -> None:
    is_stream, chunks = sse.sniff(pieces(body, 1), label)
    assert not is_stream
    assert sse.decode(b"".join(chunks)) == json.loads(body)


@pytest.mark.parametrize("label", ["", "text/html", "application/json"])
@pytest.mark.parametrize("body", [b"", b"<!doctype html>", b"Bad gateway", b"database: down"])
def test_anything_else_is_no_stream(body: bytes, label: str) -> None:
    assert not sse.sniff([body], label)[0]


def test_a_stream_is_read_as_it_comes() -> None:
    """Nothing waits for the next chunk once a line is whole."""
    taken = []

    def chunks() -> Iterator[bytes]:
        for chunk in (b":\n", b'data: {"n": 1}\n\n', b'data: {"n": 2}\n\n'):
            taken.append(chunk)
            yield chunk

    _, remaining = sse.sniff(chunks(), "")
    assert len(taken) == 1
    events = sse.events(remaining)
    assert next(events) == ("", {"n": 1})
    assert len(taken) == 2


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "utf-8-sig"])
def test_a_body_in_another_encoding_is_read(encoding: str) -> None:
    assert sse.json_object('{"text": "é"}'.encode(encoding)) == {"text": "é"}
