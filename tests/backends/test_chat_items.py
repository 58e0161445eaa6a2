"""Chat Completions: calls joined from pieces, images, audio, citations, reasoning, in all servers' shapes."""

import base64
import json
from typing import Any

import pytest

from chatmgr.domain.items import Item, ItemKind
from chatmgr.domain.states import RunState
from tests.support.item_server import PNG, ItemServer, Json, items_in, request
from tests.support.reply_server import Reply, event_stream
from tests.support.scripted_api import Outcome

BASE64 = base64.b64encode(PNG).decode()
DATA_URL = f"data:image/png;base64,{BASE64}"
IMAGE = {"type": "image_url", "image_url": {"url": DATA_URL}}
ARGUMENTS = '{"q": "x"}'


def run_chat(*deltas: Json, reason: str = "stop") -> Outcome:
    """One streamed answer."""
    chunks = [
        {"id": "c1", "choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas
    ]
    end = {"id": "c1", "choices": [{"index": 0, "delta": {}, "finish_reason": reason}]}
    with ItemServer([event_stream(*chunks, end, "data: [DONE]")]) as server:
        return server.run(request(), "completions")


def run_whole(message: Json, reason: str = "stop") -> Outcome:
    """One answer that is not streamed."""
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": reason}
    with ItemServer([Reply(body={"id": "c1", "object": "chat.completion", "choices": [choice]})]) as server:
        return server.run(request(), "completions")


def call(index: int | None = None, **fields: Any) -> Json:
    """A piece of a call; ``name`` and ``arguments`` are the function's."""
    function = {key: fields.pop(key) for key in ("name", "arguments") if key in fields}
    return {
        **({} if index is None else {"index": index}),
        **fields,
        **({"function": function} if function else {}),
    }


def functions(items: list[Item]) -> list[tuple[str, str, str]]:
    """Id, name and arguments of calls."""
    calls = [item.content for item in items if item.kind is ItemKind.TOOL_CALL]
    return [(content["call_id"], content["name"], content["arguments"]) for content in calls]


SHAPES: list[list[Json]] = [
    [
        call(0, id="call_a", type="function", name="look_up", arguments=""),
        call(0, arguments='{"q"'),
        call(0, arguments=': "x"}'),
        call(1, id="call_b", type="function", name="other", arguments="{}"),
    ],
    [
        call(0, id="call_a", name="look_up", arguments=ARGUMENTS),
        call(1, id="call_b", name="other", arguments="{}"),
    ],
    [
        call(None, id="call_a", name="look_up", arguments=ARGUMENTS),
        call(None, id="call_b", name="other", arguments="{}"),
    ],
    [  # every call under the index 0
        call(0, id="call_a", name="look_up", arguments=ARGUMENTS),
        call(0, id="call_b", name="other", arguments="{"),
        call(0, arguments="}"),
    ],
    [  # name and id with every piece
        call(0, id="call_a", name="look_up", arguments='{"q"'),
        call(0, id="call_a", name="look_up", arguments=': "x"}'),
        call(1, id="call_b", name="other", arguments="{}"),
    ],
    [
        call(0, id="call_a", name="look_up", arguments={"q": "x"}),
        call(1, id="call_b", name="other", arguments={}),
    ],
]


@pytest.mark.parametrize("pieces", SHAPES)
@pytest.mark.parametrize("reason", ["tool_calls", "stop", "function_call", "tool_use"])
def test_calls_in_pieces(pieces: list[Json], reason: str) -> None:
    done = run_chat(
        {"role": "assistant", "content": None}, *({"tool_calls": [piece]} for piece in pieces), reason=reason
    )
    assert functions(items_in(done.events)) == [("call_a", "look_up", ARGUMENTS), ("call_b", "other", "{}")]
    assert done.end is not None
    assert (done.end.state, [each.id for each in done.end.calls]) == (
        RunState.REQUIRES_ACTION,
        ["call_a", "call_b"],
    )


def test_calls_that_are_not_streamed() -> None:
    custom = {"id": "call_c", "type": "custom", "custom": {"name": "sql", "input": "SELECT 1"}}
    done = run_whole({"content": "Let me see.", "tool_calls": [custom]}, reason="tool_calls")
    text, tool_call = items_in(done.events)
    assert (text.content, tool_call.content["tool"]) == ({"text": "Let me see."}, "custom")
    assert json.loads(tool_call.raw) == custom
    assert done.state is RunState.REQUIRES_ACTION


def test_the_function_call_of_old() -> None:
    pieces: list[Json] = [{"name": "look_up", "arguments": '{"q"'}, {"arguments": ': "x"}'}]
    done = run_chat(*({"function_call": piece} for piece in pieces), reason="function_call")
    [item] = items_in(done.events)
    assert (item.content["name"], item.content["arguments"]) == ("look_up", ARGUMENTS)
    assert item.content["call_id"].startswith("call_")
    assert done.state is RunState.REQUIRES_ACTION


def test_calls_without_ids_get_some() -> None:
    pieces = [{"tool_calls": [call(None, name=name, arguments="{}")]} for name in ("one", "two")]
    ids = [call_id for call_id, _, _ in functions(items_in(run_chat(*pieces).events))]
    assert len(set(ids)) == 2


def test_a_call_that_the_length_limit_cut_is_not_waited_for() -> None:
    piece = {"tool_calls": [call(0, id="call_a", name="look_up", arguments='{"q')]}
    assert run_chat(piece, reason="length").state is RunState.INCOMPLETE


IMAGES: list[Json] = [
    {"images": [IMAGE]},
    {"content": [IMAGE]},
    {"content": [{"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": BASE64}}]},
    {"content": [{"inline_data": {"mime_type": "image/png", "data": BASE64}}]},
    {"content": [{"type": "output_image", "image_url": DATA_URL}]},
    {"images": [{"type": "image", "b64_json": BASE64}]},
]


@pytest.mark.parametrize("message", IMAGES)
@pytest.mark.parametrize("run", [run_chat, run_whole])
def test_images(message: Json, run: Any) -> None:
    done = run(message)
    [item] = items_in(done.events)
    assert (item.kind, item.data, item.content["content_type"]) == (ItemKind.IMAGE, PNG, "image/png")
    assert BASE64 not in item.raw
    assert done.state is RunState.COMPLETED


def test_an_image_with_text_comes_once_though_it_is_told_twice() -> None:
    done = run_chat({"content": "Here:"}, {"images": [IMAGE]}, {"images": [IMAGE]})
    assert [item.kind for item in items_in(done.events)] == [ItemKind.TEXT, ItemKind.IMAGE]


def test_an_image_in_a_private_network_is_not_fetched() -> None:
    address = {"type": "image_url", "image_url": {"url": "http://169.254.169.254/secret.png"}}
    [item] = items_in(run_whole({"images": [address]}).events)
    assert (item.data, item.content["url"]) == (None, "http://169.254.169.254/secret.png")
    assert "not on the public internet" in item.content["missing"]


def test_an_image_at_the_same_server_is_fetched() -> None:
    with ItemServer() as server:
        url = f"{server.server.base_url}/files/cat.png"
        message = {"role": "assistant", "images": [{"type": "image_url", "image_url": {"url": url}}]}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        server.turns.append(Reply(body={"id": "c1", "choices": [choice]}))
        server.replies["GET", "/files/cat.png"] = Reply(200, PNG, "image/png")
        done = server.run(request(), "completions")
    assert [item.data for item in items_in(done.events)] == [PNG]


def test_audio_in_pieces_is_joined_and_its_words_are_the_answer() -> None:
    sound = b"RIFF\x00\x00\x00\x00WAVE" + bytes(99)
    halves = [base64.b64encode(sound[:20]).decode(), base64.b64encode(sound[20:]).decode()]
    done = run_chat(
        {"audio": {"id": "audio_1", "transcript": "Hi "}},
        {"audio": {"data": halves[0], "transcript": "there."}},
        {"audio": {"data": halves[1]}},
    )
    [item] = items_in(done.events)
    assert (item.kind, item.data, item.id) == (ItemKind.AUDIO, sound, "audio_1")
    assert item.content == {
        "name": "audio.wav",
        "content_type": "audio/wav",
        "size": len(sound),
        "transcript": "Hi there.",
    }
    assert done.text == "Hi there."


@pytest.mark.parametrize("run", [run_chat, run_whole])
def test_citations(run: Any) -> None:
    cited = {"url": "https://a.example/", "title": "A", "start_index": 0, "end_index": 2}
    done = run({"content": "Hi.", "annotations": [{"type": "url_citation", "url_citation": cited}]})
    [item] = items_in(done.events)
    assert item.content == {
        "text": "Hi.",
        "citations": [{"start": 0, "end": 2, "url": "https://a.example/", "title": "A"}],
    }


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "https://a.example/\x1b]8;;", 7])
def test_what_is_no_web_address_is_no_link(url: Any) -> None:
    done = run_chat({"content": "Hi.", "annotations": [{"type": "url_citation", "url": url, "title": "A"}]})
    [item] = items_in(done.events)
    assert item.content["citations"] == [{"title": "A"}]


@pytest.mark.parametrize("run", [run_chat, run_whole])
def test_a_refusal_is_an_item(run: Any) -> None:
    done = run({"content": None, "refusal": "No."})
    assert [(item.kind, item.content) for item in items_in(done.events)] == [
        (ItemKind.REFUSAL, {"text": "No."})
    ]


@pytest.mark.parametrize("message", [{"content": "Hi."}, {"content": "Hi.", "reasoning_content": "Hm."}])
@pytest.mark.parametrize("run", [run_chat, run_whole])
def test_a_plain_text_has_no_items(message: Json, run: Any) -> None:
    done = run(message)
    assert (done.text, items_in(done.events), done.state) == ("Hi.", [], RunState.COMPLETED)


def test_reasoning_details_are_joined_and_kept_raw() -> None:
    details: list[list[Json]] = [
        [{"type": "reasoning.text", "index": 0, "text": "H"}],
        [{"type": "reasoning.text", "index": 0, "text": "m.", "signature": "s"}],
        [{"type": "reasoning.encrypted", "index": 1, "data": "opaque"}],
    ]
    done = run_chat(*({"reasoning_details": detail} for detail in details), {"content": "Hi."})
    reasoning, text = items_in(done.events)
    assert reasoning.content["text"] == "Hm."
    assert json.loads(reasoning.raw)["reasoning_details"] == [
        {"type": "reasoning.text", "index": 0, "text": "Hm.", "signature": "s"},
        {"type": "reasoning.encrypted", "index": 1, "data": "opaque"},
    ]
    assert text.content == {"text": "Hi."}


def test_blocks_of_thinking_keep_their_signatures() -> None:
    blocks: list[Json] = [
        {"type": "thinking", "thinking": "H"},
        {"type": "thinking", "thinking": "m.", "signature": "s"},
    ]
    tool_call = call(0, id="call_a", name="look_up", arguments="{}")
    done = run_chat(*({"thinking_blocks": [block]} for block in blocks), {"tool_calls": [tool_call]})
    raw = json.loads(items_in(done.events)[0].raw)
    assert raw == {"thinking_blocks": [{"type": "thinking", "thinking": "Hm.", "signature": "s"}]}


HOSTILE: list[Any] = [
    {"tool_calls": "x"}, {"tool_calls": [None, 3, {}]}, {"tool_calls": [{"index": "x", "function": 7}]},
    {"tool_calls": [{"id": 5, "function": {"name": ["x"], "arguments": None}}]}, {"images": {"a": 1}},
    {"images": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,%%%"}}]},
    {"audio": [1]}, {"audio": {"data": {"a": 1}, "transcript": 7}}, {"function_call": "x"},
    {"annotations": [[1], {"type": ["x"]}]}, {"reasoning_details": "x"},
    {"reasoning_details": [{"type": 4, "text": {"a": 1}}, None]},
]  # fmt: skip


@pytest.mark.parametrize("hostile", HOSTILE, ids=repr)
@pytest.mark.parametrize("run", [run_chat, run_whole])
def test_hostile_shapes_are_survived(hostile: Json, run: Any) -> None:
    done = run({"content": "Hi.", **hostile})
    assert (done.text[:3], done.error) in {("Hi.", None), ("7", None)}


def test_a_file_beyond_the_limit_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chatmgr.backends.items.payloads.LARGEST", 100)
    [item] = items_in(run_whole({"images": [IMAGE]}).events)
    assert (item.data, item.content["missing"]) == (None, "larger than 64 MB")
    assert BASE64 not in item.raw
