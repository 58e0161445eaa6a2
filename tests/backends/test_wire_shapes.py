"""Answers in the shapes that servers really send, at every API: streamed, whole, and looked up afterwards."""

from typing import Any

import pytest

from chatmgr.backends import registry
from chatmgr.domain.errors import NetworkDown
from chatmgr.domain.events import Delta
from chatmgr.domain.states import RunState
from tests.support.reply_server import Reply
from tests.support.scripted_api import (
    NAMES,
    Frame,
    ScriptedApi,
    answer,
    ending,
    message,
    opening,
    piece,
    provider,
    recover_run,
    response,
    run_object,
    run_turn,
    stream,
)

COMPLETED, INTERRUPTED = RunState.COMPLETED, RunState.INTERRUPTED


def whole(api: str, content: Any, **fields: Any) -> ScriptedApi:
    """An answer that was not streamed."""
    if api == "responses":
        return ScriptedApi(api, Reply(body=response(output=[message(content)], **fields)))
    if api == "assistants":
        listed = [message(content, run_id="run_1", created_at=2)]
        return ScriptedApi(api, Reply(body=run_object(**fields)), messages=listed)
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": content},
        "finish_reason": "stop",
        **fields,
    }
    return ScriptedApi(api, Reply(body={"id": "c1", "object": "chat.completion", "choices": [choice]}))


@pytest.mark.parametrize("label", ["", "text/plain", "application/json", "TEXT/Event-Stream"])
@pytest.mark.parametrize("api", NAMES)
def test_a_stream_under_any_label(api: str, label: str) -> None:
    done = run_turn(ScriptedApi(api, stream(*answer(api, "Hello ", "there"), content_type=label)))
    assert (done.text, done.state, done.error) == ("Hello there", COMPLETED, None)


@pytest.mark.parametrize("label", ["", "text/plain", "text/event-stream"])
@pytest.mark.parametrize("api", NAMES)
def test_a_whole_body_under_any_label(api: str, label: str) -> None:
    script = whole(api, "Hello there")
    script.turn = Reply(body=b"\xef\xbb\xbf" + script.turn.content(), content_type=label)
    done = run_turn(script)
    assert (done.text, done.state, done.error) == ("Hello there", COMPLETED, None)


@pytest.mark.parametrize("end", [b"\r", b"\r\n"])
@pytest.mark.parametrize("api", NAMES)
def test_other_line_ends(api: str, end: bytes) -> None:
    body = stream(*answer(api, "Hello ", "there")).content()
    for changed in (body.replace(b"\n", end), body.replace(b"\n\n", b"\n").replace(b"\n", end)):
        done = run_turn(ScriptedApi(api, Reply(200, changed, "text/event-stream")))
        assert (done.text, done.state) == ("Hello there", COMPLETED)


@pytest.mark.parametrize(
    ("written", "read"),
    [(b"caf\xe9 ", "caf\ufffd "), (b"a\x01\x07\tb", "a\x01\x07\tb"), (b"x\xed\xa0y", "x\ufffd\ufffdy")],
)
@pytest.mark.parametrize("api", NAMES)
def test_bytes_that_are_no_text(api: str, written: bytes, read: str) -> None:
    body = stream(*answer(api, "MARK", "there")).content().replace(b"MARK", written)
    done = run_turn(ScriptedApi(api, Reply(200, body, "text/event-stream")))
    assert (done.text, done.state) == (f"{read}there", COMPLETED)
    script = whole(api, "MARK")
    script.turn = Reply(body=script.turn.content().replace(b"MARK", written))
    if api != "assistants":  # whose answer is read from the thread
        assert run_turn(script).text == read


@pytest.mark.parametrize(
    "garbage", ['{"choices": [{"delta": {"content": "two', "{two}", '{"a": 1]', "[" * 100_000]
)
@pytest.mark.parametrize("api", NAMES)
def test_a_piece_that_cannot_be_read_interrupts_the_answer(api: str, garbage: str) -> None:
    frames = [*opening(api), piece(api, "one "), ("", garbage), piece(api, "three"), *ending(api)]
    done = run_turn(ScriptedApi(api, stream(*frames)))
    assert "".join(event.text for event in done.events if isinstance(event, Delta)) == "one three"
    assert isinstance(done.error, NetworkDown) or done.state is INTERRUPTED
    assert done.error or (done.end and "cannot be read" in done.end.error)


@pytest.mark.parametrize("api", ["responses", "assistants"])
def test_a_gap_is_filled_by_what_the_server_holds(api: str) -> None:
    frames = [*opening(api), piece(api, "one "), ("", "{two"), piece(api, "three"), *ending(api)]
    text = [{"type": "output_text" if api == "responses" else "text", "text": "one two three"}]
    result = message(text, run_id="run_1", created_at=2)
    script = ScriptedApi(api, stream(*frames), lookup=response(output=[result]), messages=[result])
    done = run_turn(script)
    assert (done.text, done.state, done.error) == ("one two three", COMPLETED, None)


@pytest.mark.parametrize("api", NAMES)
def test_a_body_that_cannot_be_read_interrupts_the_answer(api: str) -> None:
    """A run of the Assistants API is looked up, and its answer is found in the thread."""
    script = whole(api, "Hello there")
    script.turn = Reply(body=script.turn.content()[:-3])
    done = run_turn(script)
    assert done.error is None or isinstance(done.error, NetworkDown)
    assert done.state is not COMPLETED


CONTENTS = {
    "string": ("Hi", "Hi"),
    "parts": ([{"type": "text", "text": "Hi"}], "Hi"),
    "nested": ([{"type": "text", "text": [{"value": "Hi"}]}], "Hi"),
    "strings": (["Hi", " you"], "Hi you"),
    "thinking": ([{"type": "thinking", "thinking": "Hm."}, {"type": "text", "text": "Hi"}], "Hi"),
    "image": ([{"type": "image_url", "image_url": {"url": "data:,"}}, {"type": "text", "text": "Hi"}], "Hi"),
    "refusal": ([{"type": "refusal", "refusal": "No."}], "No."),
    "object": ({"type": "text", "text": "Hi"}, "Hi"),
    "json": ({"city": "Rome"}, '{"city": "Rome"}'),
    "number": (42, "42"),
}


@pytest.mark.parametrize("shape", CONTENTS)
@pytest.mark.parametrize("api", NAMES)
def test_content_of_any_shape(api: str, shape: str) -> None:
    content, text = CONTENTS[shape]
    detail = "refusal" if shape == "refusal" else ""
    for script in (ScriptedApi(api, stream(*answer(api, None, content, None))), whole(api, content)):
        done = run_turn(script)
        assert (done.text, done.state) == (text, COMPLETED)
        assert done.end is not None
        if api == "completions" or script.turn.content_type == "application/json":
            assert done.end.detail == detail


DONE_EVENTS: dict[str, list[Frame]] = {
    "text": [("response.output_text.done", {"output_index": 0, "content_index": 0, "text": "Hello there"})],
    "part": [
        (
            "response.content_part.done",
            {"output_index": 0, "part": {"type": "output_text", "text": "Hello there"}},
        )
    ],
    "item": [("response.output_item.done", {"output_index": 0, "item": message([{"text": "Hello there"}])})],
    "two parts": [
        ("response.output_text.done", {"item_id": "m", "content_index": 0, "text": "Hello "}),
        ("response.output_text.done", {"item_id": "m", "content_index": 1, "text": "there"}),
    ],
}
DONE_EVENTS["all"] = [*DONE_EVENTS["text"], *DONE_EVENTS["part"], *DONE_EVENTS["item"]]


@pytest.mark.parametrize("kind", DONE_EVENTS)
@pytest.mark.parametrize("begun", ["", "Hel"])
def test_text_only_in_done_events(kind: str, begun: str) -> None:
    pieces = [piece("responses", begun)] if begun else []
    frames = [*opening("responses"), *pieces, *DONE_EVENTS[kind]]
    for end in (ending("responses"), [("", "[DONE]")]):
        done = run_turn(ScriptedApi("responses", stream(*frames, *end)))
        assert (done.text, done.state) == ("Hello there", COMPLETED)
    assert run_turn(ScriptedApi("responses", stream(*frames))).text == "Hello there"  # cut off, and kept


def test_two_messages_only_in_done_events() -> None:
    items = [
        ("response.output_item.done", {"output_index": index, "item": message([{"text": text}], id=text)})
        for index, text in enumerate(("one", "two"))
    ]
    texts = [
        ("response.output_text.done", {"output_index": index, "content_index": 0, "text": text})
        for index, text in enumerate(("one", "two"))
    ]
    for ends in (items, texts, [texts[0], items[0], texts[1], items[1]]):
        done = run_turn(ScriptedApi("responses", stream(*opening("responses"), *ends, *ending("responses"))))
        assert (done.text, done.state) == ("one\n\ntwo", COMPLETED)


@pytest.mark.parametrize(
    "final",
    [
        {"output": [message([{"type": "output_text", "text": "Hello there"}])]},
        {"output": [message("Hello there")]},
        {"output": message("Hello there")},
        {"output": "Hello there"},
        {"output": ["Hello there"]},
        {"output": [{"type": "output_text", "text": "Hello there"}]},
        {"output_text": "Hello there"},
        {"output": [None, 5, {"type": "reasoning", "summary": "Hm."}, message("Hello there")]},
    ],
)
@pytest.mark.parametrize("status", ["completed", "COMPLETED", None, "in_progress"])
def test_text_only_in_the_final_object(final: Any, status: str | None) -> None:
    frames = [*opening("responses"), *ending("responses", status=status, **final)]
    done = run_turn(ScriptedApi("responses", stream(*frames)))
    assert (done.text, done.state) == ("Hello there", COMPLETED)


def test_text_only_in_the_message_of_a_run() -> None:
    ended = ("thread.message.completed", message([{"type": "text", "text": {"value": "Hello there"}}]))
    for frames in (
        [ended],
        [piece("assistants", "Hello"), ended],
        [piece("assistants", "Hello there"), ended],
    ):
        done = run_turn(
            ScriptedApi("assistants", stream(*opening("assistants"), *frames, *ending("assistants")))
        )
        assert (done.text, done.state) == ("Hello there", COMPLETED)


def test_events_without_names_are_known_by_their_objects() -> None:
    delta = {
        "object": "thread.message.delta",
        "delta": {"content": [{"type": "text", "text": {"value": "Hi"}}]},
    }
    script = ScriptedApi("assistants", stream(("", delta), ("", run_object())))
    done = run_turn(script)
    assert (done.text, done.state) == ("Hi", COMPLETED)


@pytest.mark.parametrize("api", NAMES)
def test_done_without_a_reason_is_an_end(api: str) -> None:
    done = run_turn(ScriptedApi(api, stream(*opening(api), piece(api, "Hello"), ("", "[DONE]"))))
    assert (done.text, done.state, done.error) == ("Hello", COMPLETED, None)


@pytest.mark.parametrize("api", NAMES)
def test_no_end_of_any_kind_is_an_interruption(api: str) -> None:
    done = run_turn(ScriptedApi(api, stream(*opening(api), piece(api, "Hello"))))
    assert done.text == "Hello"
    assert done.state in {None, INTERRUPTED}


@pytest.mark.parametrize(
    "reason", ["max_output_tokens", "MAX_TOKENS", "max_completion_tokens", "length", None]
)
@pytest.mark.parametrize("api", ["responses", "assistants"])
def test_the_several_words_for_too_long(api: str, reason: str | None) -> None:
    detail = "length" if reason else ""
    name = {"responses": "response.incomplete", "assistants": "thread.run.incomplete"}[api]
    for details in ({"reason": reason}, reason):
        fields = {"status": "incomplete", "incomplete_details": details}
        final = {"response": response(**fields)} if api == "responses" else run_object(**fields)
        done = run_turn(ScriptedApi(api, stream(*opening(api), piece(api, "Hello"), (name, final))))
        assert done.end is not None
        assert (done.text, done.state, done.end.detail) == ("Hello", RunState.INCOMPLETE, detail)


@pytest.mark.parametrize("shape", CONTENTS)
@pytest.mark.parametrize("api", ["responses", "assistants"])
def test_recovered_content_of_any_shape(api: str, shape: str) -> None:
    content, text = CONTENTS[shape]
    result = message(content, run_id="run_1", created_at=2)
    lookup = response(output=[result]) if api == "responses" else run_object()
    done = recover_run(ScriptedApi(api, lookup=lookup, messages=[result]))
    assert (done.text, done.state) == (text, COMPLETED)


def test_a_title_of_any_shape() -> None:
    for api in NAMES:
        asked = "responses" if api == "responses" else "completions"
        for content in ("A title", [{"type": "text", "text": "A title"}], {"text": "A title"}):
            for reply in (whole(asked, content).turn, stream(*answer(asked, content))):
                with ScriptedApi(api, title=reply).serving() as base_url:
                    backend = registry.create(provider(api, base_url))
                    assert backend.complete("Name it.", "User: hi", "m", 24) == "A title"
        cut = stream(*opening(asked), piece(asked, "A ti"), ("", '{"tle'), *ending(asked))
        with ScriptedApi(api, title=cut).serving() as base_url, pytest.raises(NetworkDown):
            registry.create(provider(api, base_url)).complete("Name it.", "User: hi", "m", 24)
