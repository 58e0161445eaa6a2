"""Events that arrive together: they are read as one batch, and their text becomes one piece of the answer."""

import json
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import h11
import pytest

from chatmgr.backends.completion_chunks import read_chunks
from chatmgr.backends.http import sse
from chatmgr.backends.http.chunked import MergingReader, merge_chunks
from chatmgr.backends.http.sse import DONE, UNREADABLE, Batch, Json
from chatmgr.domain.errors import NetworkDown
from chatmgr.domain.events import Delta, Event, Finished, Opened, Reasoning
from chatmgr.domain.states import RunState
from tests.support import scripted_api
from tests.support.scripted_api import NAMES, ScriptedApi, piece, run_turn, stream

WORDS = [f" word{number}" for number in range(300)]


def framed(*events: object) -> bytes:
    return "".join(f"data: {json.dumps(event)}\n\n" for event in events).encode()


def word(name: str, event: Json) -> str:
    return "" if name else str(event.get("text", ""))


def test_the_events_of_a_chunk_are_a_batch_and_a_cut_one_belongs_to_the_next() -> None:
    body = framed({"n": 1}, {"n": 2}, {"n": 3})
    batches = list(sse.batches([body[:-8], body[-8:], b": keep-alive\n\n", b"data: [DONE]\n\n"]))
    assert batches == [[("", {"n": 1}), ("", {"n": 2})], [("", {"n": 3})], [(DONE, {})]]


def test_a_batch_is_never_very_large() -> None:
    batches = list(sse.batches([framed(*({"n": number} for number in range(2000)))]))
    assert [event["n"] for batch in batches for _, event in batch] == list(range(2000))
    assert max(map(len, batches)) <= 500


def test_texts_are_joined_up_to_whatever_stands_between_them() -> None:
    first: Batch = [("", {"text": "a"}), ("", {"text": "b"}), ("error", {"n": 1}), ("", {"text": "c"})]
    second: Batch = [("", {"text": "d"}), ("", {"text": ""}), ("", {"text": "e"})]
    assert list(sse.merged([first, second], word)) == [
        ("ab", "", {}),
        ("", "error", {"n": 1}),
        ("c", "", {}),
        ("d", "", {}),
        ("", "", {"text": ""}),
        ("e", "", {}),
    ]


@pytest.mark.parametrize("stop", [KeyboardInterrupt(), NetworkDown("gone")])
def test_what_was_received_is_handed_on_before_the_next_read(stop: BaseException) -> None:
    """So Ctrl-C in a wait, or a connection that breaks, loses nothing that had come."""

    def chunks() -> Iterator[bytes]:
        yield framed({"text": "a"}, {"text": "b"})
        raise stop

    texts = sse.merged(sse.batches(chunks()), word)
    assert next(texts) == ("ab", "", {})
    with pytest.raises(type(stop)):
        next(texts)


def test_a_whole_line_is_read_without_waiting_for_another() -> None:
    taken = []

    def chunks() -> Iterator[bytes]:
        for text in ("a", "b"):
            taken.append(text)
            yield framed({"text": text})

    assert next(sse.merged(sse.batches(chunks()), word))[0] == "a"
    assert taken == ["a"]


def deltas(events: list[Event]) -> list[Delta]:
    return [event for event in events if isinstance(event, Delta)]


@pytest.mark.parametrize("api", NAMES)
def test_pieces_that_arrive_together_are_one(api: str) -> None:
    contents: list[Any] = [[{"type": "text", "text": {"value": text}}] for text in WORDS]
    frames = scripted_api.answer(api, *(contents if api == "assistants" else WORDS))
    result = run_turn(ScriptedApi(api, stream(*frames), lookup={"id": "run_1"}))
    assert "".join(delta.text for delta in deltas(result.events)) == "".join(WORDS)
    assert result.state is RunState.COMPLETED
    assert len(deltas(result.events)) < len(WORDS) / 10  # it was written at once; reads may cut it


def numbered(number: int, text: str, kind: str = "output_text.delta") -> scripted_api.Frame:
    _, event = piece("responses", text)
    return f"response.{kind}", {**event, "type": f"response.{kind}", "sequence_number": number}


def test_a_joined_piece_has_the_cursor_of_its_last_event() -> None:
    frames = [
        *scripted_api.opening("responses"),
        numbered(1, "a"),
        numbered(2, "b"),
        numbered(3, "Hm.", "reasoning_text.delta"),
        numbered(4, "c"),
        numbered(5, "d"),
    ]
    result = run_turn(ScriptedApi("responses", stream(*frames)))
    pieces = [event for event in result.events if isinstance(event, (Delta, Reasoning))]
    assert pieces == [Delta("ab", 2), Reasoning("Hm."), Delta("cd", 5)]
    assert isinstance(result.error, NetworkDown)


def test_an_event_without_a_number_leaves_the_cursor_where_it_was() -> None:
    frames = [*scripted_api.opening("responses"), numbered(7, "a"), piece("responses", "b")]
    result = run_turn(ScriptedApi("responses", stream(*frames)))
    assert deltas(result.events) == [Delta("ab", 7)]


@pytest.mark.parametrize("api", NAMES)
def test_an_error_between_two_pieces_stays_there(api: str) -> None:
    text: Any = [{"type": "text", "text": {"value": "ab"}}] if api == "assistants" else "ab"
    error = ("error", {"type": "error", "error": {"message": "It is full."}})
    frames = [*scripted_api.opening(api), piece(api, text), error, piece(api, text)]
    result = run_turn(ScriptedApi(api, stream(*frames)))
    assert [type(event) for event in result.events[-2:]] == [Delta, Finished]
    assert (result.text, result.state) == ("ab", RunState.FAILED)


def chunk(text: str | None = None, **fields: Any) -> tuple[str, Json]:
    delta = {} if text is None else {"content": text}
    return "", {"id": "c1", "choices": [{"index": 0, "delta": delta, "finish_reason": None, **fields}]}


def completions(*batch: tuple[str, Json]) -> list[Event]:
    return list(read_chunks([list(batch)], lambda chunk, heard: Finished(RunState.FAILED)))


def test_the_parts_of_one_batch_of_chat_completions_keep_their_order() -> None:
    thought = ("", {"id": "c1", "choices": [{"index": 0, "delta": {"reasoning_content": "Hm."}}]})
    second = chunk("not asked for", index=1)
    events = completions(
        chunk("a"),
        chunk("b"),
        chunk("c"),
        thought,
        chunk("d"),
        second,
        chunk("e"),
        chunk(finish_reason="stop"),
    )
    assert events == [
        Opened(run_id="c1", retrievable=False),
        Delta("a"),
        Delta("bc"),
        Reasoning("Hm."),
        Delta("d"),
        Delta("e"),
        Finished(RunState.COMPLETED),
    ]


def test_a_gap_in_a_batch_keeps_both_sides_of_it() -> None:
    read: list[Event] = []
    batch = [chunk("a"), chunk("b"), (UNREADABLE, {}), chunk("c"), (DONE, {})]
    with pytest.raises(NetworkDown, match="gap"):
        read.extend(read_chunks([batch], lambda chunk, heard: Finished(RunState.FAILED)))
    assert [delta.text for delta in deltas(read)] == ["a", "b", "c"]


HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def http_chunks(*pieces: bytes, size: Callable[[int], bytes] = lambda length: b"%x" % length) -> bytes:
    return b"".join(b"%b\r\n%b\r\n" % (size(len(data)), data) for data in pieces)


def reading() -> h11.Connection:
    """A client that has asked for something."""
    merge_chunks()
    connection = h11.Connection(h11.CLIENT)
    connection.send(h11.Request(method="GET", target="/", headers=[("Host", "x")]))
    connection.send(h11.EndOfMessage())
    return connection


def receive(*received: bytes) -> list[Any]:
    """What h11 makes of a response that arrives so."""
    connection = reading()
    read: list[Any] = []
    for data in received:
        connection.receive_data(data)
        while (event := connection.next_event()) not in (h11.NEED_DATA, h11.PAUSED):
            read.append(event)
            if isinstance(event, h11.EndOfMessage):
                return read
    assert isinstance(connection._reader, MergingReader)
    return read


def body_of(events: list[Any]) -> bytes:
    return b"".join(bytes(event.data) for event in events if isinstance(event, h11.Data))


@pytest.mark.parametrize("size", [1, 2, 3, 7, 50, 10_000])
@pytest.mark.parametrize(
    "form",
    [lambda length: b"%x" % length, lambda length: b"%05X" % length, lambda length: b"%x;a=b" % length],
)
def test_chunks_are_read_wherever_they_are_cut(form: Callable[[int], bytes], size: int) -> None:
    pieces = [text.encode() * 3 for text in WORDS[:40]]
    whole = HEAD + http_chunks(*pieces, size=form) + b"0\r\nTrailer: x\r\n\r\n"
    cuts = [*range(0, len(whole), size), len(whole)]
    events = receive(*(whole[start:end] for start, end in pairwise(cuts)))
    assert body_of(events) == b"".join(pieces)
    assert isinstance(events[-1], h11.EndOfMessage)


def test_chunks_that_have_arrived_come_together_and_at_once() -> None:
    first, second = http_chunks(b"a", b"b", b"c"), http_chunks(b"d", b"e" * 20)
    events = receive(HEAD, first, second[:-10])
    assert [bytes(event.data) for event in events if isinstance(event, h11.Data)] == [b"abc", b"d", b"e" * 12]


@pytest.mark.parametrize("wrong", [b"xyz\r\n", b"1\r\nab\r\n", b"1\r\na\nb", b"-1\r\na\r\n"])
def test_what_stands_before_a_malformed_chunk_is_kept(wrong: bytes) -> None:
    connection = reading()
    connection.receive_data(HEAD + http_chunks(b"a", b"b") + wrong)
    assert isinstance(connection.next_event(), h11.Response)
    event = connection.next_event()
    assert isinstance(event, h11.Data)
    assert event.data == b"ab"
    with pytest.raises(h11.RemoteProtocolError):
        list(iter(connection.next_event, h11.NEED_DATA))
