"""Every kind of output item of the Responses API: read, kept once, and what the run waits for."""

import json
from typing import Any, get_args

import pytest
from openai.types.responses import ResponseOutputItem

from chatmgr.backends.items.making import Origin
from chatmgr.backends.items.payloads import hash_of
from chatmgr.backends.responses.output_items import READERS, read_output_item
from chatmgr.domain.events import Delta, ItemDone, ToolCall
from chatmgr.domain.items import Item, ItemKind
from chatmgr.domain.states import RunState
from tests.support.item_server import (
    PNG,
    ItemServer,
    Json,
    Replies,
    items_in,
    live_run,
    request,
    said,
    streamed,
    whole,
)
from tests.support.output_items import (
    APPROVAL,
    BASE64,
    CALL,
    CODE,
    FILE,
    HOSTILE,
    IMAGE,
    KINDS,
    REASONING,
    SEARCH,
    URL,
)
from tests.support.reply_server import Reply
from tests.support.scripted_api import response, stream

ORIGIN = Origin("responses", "m")


@pytest.fixture(params=[streamed, whole])
def replies(request: pytest.FixtureRequest) -> Replies:
    """A server that streams, and one that does not."""
    made: Replies = request.param
    return made


def union() -> dict[str, Any]:
    """The output items that the installed SDK knows, by their types."""
    members = get_args(get_args(ResponseOutputItem)[0])
    return {get_args(member.model_fields["type"].annotation)[0]: member for member in members}


def test_every_kind_of_the_sdk_is_read_on_purpose() -> None:
    assert union().keys() == READERS.keys(), "decide how a new kind of item is read, in output_items.READERS"


@pytest.mark.parametrize(("raw", "kind", "content"), KINDS, ids=lambda value: str(value)[:40])
def test_what_each_kind_becomes(raw: Json, kind: ItemKind, content: Json) -> None:
    item = read_output_item(raw, ORIGIN)[0]
    assert isinstance(item, Item)
    assert (item.kind, item.content, item.api, item.model, item.id) == (
        kind,
        content,
        "responses",
        "m",
        raw["id"],
    )
    kept = json.loads(item.raw)
    assert kept.keys() == raw.keys()
    assert item.raw == json.dumps(kept, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def test_every_kind_is_among_the_examples() -> None:
    assert {raw["type"] for raw, _, _ in KINDS} >= READERS.keys()


@pytest.mark.parametrize(("raw", "kind", "content"), KINDS, ids=lambda value: str(value)[:40])
def test_each_kind_in_an_answer(replies: Replies, raw: Json, kind: ItemKind, content: Json) -> None:
    with ItemServer([replies(raw, said("Done.", id="msg_9"))]) as server:
        done = server.run(request(), "responses")
    items = items_in(done.events)
    assert (items[0].kind, items[0].content) == (kind, content)
    assert items[-1].content == {"text": "Done."}
    assert len({(item.id, item.raw) for item in items}) == len(items)
    assert done.error is None
    assert server.violations == []


def test_a_plain_text_has_no_items(replies: Replies) -> None:
    with ItemServer([replies(said("Hello there."))]) as server:
        done = server.run(request(), "responses")
    assert (done.text, items_in(done.events), done.state) == ("Hello there.", [], RunState.COMPLETED)


def test_a_text_that_is_cited_is_an_item(replies: Replies) -> None:
    with ItemServer([replies(said("Hello there.", URL))]) as server:
        [item] = items_in(server.run(request(), "responses").events)
    assert item.content["citations"][0]["url"] == "https://a.example/"


def test_the_items_of_an_answer_come_in_their_order(replies: Replies) -> None:
    output = [REASONING, SEARCH, said("First."), CODE, said("Second.", id="msg_2")]
    with ItemServer([replies(*output)]) as server:
        done = server.run(request(), "responses")
    kinds = [item.kind.value for item in items_in(done.events)]
    assert kinds == ["reasoning", "tool_call", "text", "tool_call", "image", "text"]
    assert (done.text, done.state) == ("First.\n\nSecond.", RunState.COMPLETED)


def test_a_generated_image_is_bytes(replies: Replies) -> None:
    with ItemServer([replies(IMAGE)]) as server:
        done = server.run(request(), "responses")
    [item] = items_in(done.events)
    assert (item.data, done.state, done.text) == (PNG, RunState.COMPLETED, "")
    assert json.loads(item.raw)["result"] == hash_of(PNG)
    assert BASE64 not in item.raw


def test_an_image_that_could_not_be_made_says_why(replies: Replies) -> None:
    failed = {**IMAGE, "status": "failed", "result": None, "error": {"type": "e", "message": "Blocked."}}
    with ItemServer([replies(failed)]) as server:
        [item] = items_in(server.run(request(), "responses").events)
    assert (item.content["missing"], item.data) == ("Blocked.", None)


def test_a_file_in_a_container_is_fetched_before_the_end(replies: Replies) -> None:
    path = "/containers/cntr_1/files/cfile_1/content"
    with ItemServer([replies(said("See chart.png", FILE))]) as server:
        server.replies["GET", path] = Reply(200, PNG, "application/octet-stream")
        done = server.run(request(), "responses")
    text, image = items_in(done.events)
    assert text.content["citations"] == [{"start": 0, "end": 3, "title": "chart.png", "file_id": "cfile_1"}]
    assert (image.kind, image.data, image.id) == (ItemKind.IMAGE, PNG, "cfile_1")
    assert image.content == {"name": "chart.png", "content_type": "image/png", "size": len(PNG)}
    assert done.state is RunState.COMPLETED
    assert server.violations == []


def test_a_file_that_is_gone_never_fails_the_answer(replies: Replies) -> None:
    with ItemServer([replies(said("See chart.png", FILE))]) as server:
        done = server.run(request(), "responses")
    image = items_in(done.events)[-1]
    assert "404" in image.content["missing"]
    assert (image.data, done.state) == (None, RunState.COMPLETED)


@pytest.mark.parametrize(
    ("item", "call"),
    [
        (CALL, ToolCall("call_1", "look_up", '{"q": "x"}', "function")),
        (
            {
                "id": "ctc_1",
                "type": "custom_tool_call",
                "call_id": "call_8",
                "name": "sql",
                "input": "SELECT 1",
            },
            ToolCall("call_8", "sql", "SELECT 1", "custom"),
        ),
        (APPROVAL, ToolCall("mcpr_1", "files.remove", '{"path": "/"}', "approval")),
    ],
)
def test_an_answer_with_a_call_waits(replies: Replies, item: Json, call: ToolCall) -> None:
    with ItemServer([replies(item)]) as server:
        done = server.run(request(), "responses")
    assert done.end is not None
    assert (done.end.state, done.end.calls) == (RunState.REQUIRES_ACTION, (call,))
    assert len(items_in(done.events)) == 1


def test_a_call_that_the_server_answered_itself_is_not_waited_for(replies: Replies) -> None:
    shell = next(raw for raw, _, _ in KINDS if raw["type"] == "shell_call")
    output = next(raw for raw, _, _ in KINDS if raw["type"] == "shell_call_output")
    with ItemServer([replies(shell, output)]) as server:
        assert server.run(request(), "responses").state is RunState.COMPLETED


def test_an_item_is_told_before_the_end_and_after_its_text() -> None:
    with ItemServer([streamed(said("First."), CALL)]) as server:
        events = server.run(request(), "responses").events
    shown = [event for event in events if isinstance(event, (Delta, ItemDone))]
    assert [type(event) for event in shown] == [Delta, ItemDone, ItemDone]
    assert [event.cursor for event in shown if isinstance(event, ItemDone)] == [7, 7]


def test_items_that_come_only_at_the_end_are_kept() -> None:
    final: Json = {"type": "response.completed", "response": response(output=[SEARCH, said("Hi.")])}
    delta: Json = {
        "type": "response.output_text.delta",
        "delta": "Hi.",
        "item_id": "msg_1",
        "output_index": 1,
    }
    with ItemServer([stream((delta["type"], delta), (final["type"], final))]) as server:
        done = server.run(request(), "responses")
    assert [item.kind.value for item in items_in(done.events)] == ["tool_call", "text"]
    assert done.text == "Hi."


def test_items_under_other_ids_at_the_end_are_the_same_items() -> None:
    output = [SEARCH, said("Hi.")]
    frames: list[tuple[str, Json]] = [
        (
            "response.output_item.done",
            {
                "type": "response.output_item.done",
                "output_index": index,
                "item": {**item, "id": f"other_{index}"},
            },
        )
        for index, item in enumerate(output)
    ]
    final: Json = {"type": "response.completed", "response": response(output=output)}
    with ItemServer([stream(*frames, (final["type"], final))]) as server:
        done = server.run(request(), "responses")
    assert [item.id for item in items_in(done.events)] == ["other_0", "other_1"]


def test_two_items_that_say_the_same_are_two() -> None:
    second = {**SEARCH, "id": "ws_2"}
    done: Json = {"type": "response.output_item.done", "output_index": 0, "item": SEARCH}
    final: Json = {"type": "response.completed", "response": response(output=[SEARCH, second, said("Hi.")])}
    for frames in ([done, final], [final], [done, {**done, "item": second}, final]):
        with ItemServer([stream(*((frame["type"], frame) for frame in frames))]) as server:
            events = server.run(request(), "responses").events
        assert [item.id for item in items_in(events)] == ["ws_1", "ws_2", "msg_1"]


@pytest.mark.parametrize("known", [0, 1, 2])
def test_a_recovered_run_brings_the_items_that_are_not_known(known: int) -> None:
    output = [SEARCH, said("Hi.", URL), CODE]
    items = [made for raw in output for made in read_output_item(raw, ORIGIN) if isinstance(made, Item)]
    with ItemServer() as server:
        server.replies["GET", "/responses/resp_1"] = whole(*output)
        run = live_run(items=items[:known], state=RunState.RUNNING)
        done = list(server.backend("responses").recover(run))
    assert items_in(done) == items[known:]
    assert done[-1].state is RunState.COMPLETED  # type: ignore[union-attr]


def test_an_answer_without_messages_is_found_in_its_conversation() -> None:
    asked = {"id": "m_1", "type": "message", "role": "user", "content": "Hello?", "status": "completed"}
    with ItemServer(items=[asked, IMAGE]) as server:
        run = live_run(state=RunState.RUNNING, thread_id="conv_1", run_id="")
        done = list(server.backend("responses").recover(run))
    assert [item.data for item in items_in(done)] == [PNG]
    assert done[-1].state is RunState.COMPLETED  # type: ignore[union-attr]


@pytest.mark.parametrize("hostile", HOSTILE, ids=repr)
def test_hostile_items_are_survived(replies: Replies, hostile: Any) -> None:
    with ItemServer([replies(SEARCH, hostile if isinstance(hostile, dict) else {"type": hostile})]) as server:
        done = server.run(request(), "responses")
    assert done.error is None
    for item in items_in(done.events):
        assert "\x00" not in item.raw + repr(item.content)
        (item.raw + json.dumps(item.content, ensure_ascii=False)).encode()


def test_names_of_files_lose_folders_and_disguises(replies: Replies) -> None:
    named = {**FILE, "filename": "../../etc/\u202egnp.exe"}
    with ItemServer([replies(said("x", named))]) as server:
        name = items_in(server.run(request(), "responses").events)[-1].content["name"]
    assert name == "<202E>gnp.exe"


def test_a_key_in_an_item_is_cut() -> None:
    from chatmgr.backends.redacted import RedactedBackend
    from chatmgr.backends.responses.backend import ResponsesBackend
    from chatmgr.domain.model import Provider

    key = "sk-test-0123456789abcdef"
    told = {**CALL, "arguments": json.dumps({"key": key})}
    with ItemServer([streamed(told)]) as server:
        provider = Provider("wire", "responses", server.server.base_url, key=key)
        events = list(RedactedBackend(ResponsesBackend(provider), provider).stream(request()))
    [item] = items_in(events)
    assert key not in item.raw + item.content["arguments"]
    assert "…" in item.content["arguments"]
