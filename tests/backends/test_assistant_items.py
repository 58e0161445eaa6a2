"""Assistants v2: messages with images, files and citations, and the calls of run steps, as items."""

from typing import Any

import pytest

from chatmgr.domain.items import ItemKind
from chatmgr.domain.states import RunState
from tests.support.item_server import PNG, ItemServer, Json, items_in, live_run, request
from tests.support.reply_server import Reply
from tests.support.scripted_api import Outcome, run_object, stream

TOOLS = [{"type": "code_interpreter"}]
FILE = "/files/file_1/content"
CODE = {
    "id": "call_1",
    "type": "code_interpreter",
    "code_interpreter": {
        "input": "plot()",
        "outputs": [{"type": "logs", "logs": "done"}, {"type": "image", "image": {"file_id": "file_1"}}],
    },
}
SEARCH = {"id": "call_2", "type": "file_search", "file_search": {"results": [{"file_id": "file_9"}]}}
FUNCTION = {
    "id": "call_3",
    "type": "function",
    "function": {"name": "look_up", "arguments": "{}", "output": "42"},
}


def message(*content: Json, message_id: str = "msg_2") -> Json:
    """A message of the assistant."""
    return {
        "id": message_id,
        "object": "thread.message",
        "role": "assistant",
        "run_id": "run_1",
        "status": "completed",
        "created_at": 5,
        "content": list(content),
    }


def text(value: str, *annotations: Json) -> Json:
    """A part of a message."""
    return {"type": "text", "text": {"value": value, "annotations": list(annotations)}}


def step(number: int, **details: Any) -> Json:
    """A step of a run."""
    kind = "tool_calls" if "tool_calls" in details else "message_creation"
    return {
        "id": f"step_{number}",
        "object": "thread.run.step",
        "created_at": number,
        "type": kind,
        "status": "completed",
        "step_details": {"type": kind, **details},
    }


WRITES = step(9, message_creation={"message_id": "msg_2"})


def run(answer: Json, *steps: Json, streamed: bool, run_fields: Json | None = None) -> Outcome:
    """A turn whose run has these steps and writes one message."""
    ended: Any = run_object(tools=TOOLS, **(run_fields or {}))
    frames = [("thread.run.created", run_object(status="queued", tools=TOOLS))]
    frames += [("thread.run.step.completed", each) for each in steps]
    frames += [("thread.message.completed", answer), ("thread.run.completed", ended), ("done", "[DONE]")]
    with ItemServer([stream(*frames) if streamed else Reply(body=ended)]) as server:
        page = {"object": "list", "has_more": False}
        server.replies["GET", "/threads/thread_1/messages"] = Reply(body={**page, "data": [answer]})
        server.replies["GET", "/threads/thread_1/runs/run_1/steps"] = Reply(
            body={**page, "data": list(steps)}
        )
        server.replies["GET", FILE] = Reply(200, PNG, "application/octet-stream")
        done = server.run(request(), "assistants")
        assert server.violations == []
    return done


@pytest.fixture(params=[True, False], ids=["streamed", "polled"])
def streamed(request: pytest.FixtureRequest) -> bool:
    """Whether the server streams."""
    return bool(request.param)


def test_steps_and_message_in_their_order(streamed: bool) -> None:
    steps = [step(1, tool_calls=[CODE, SEARCH]), step(2, tool_calls=[FUNCTION]), WRITES]
    done = run(message(text("Hi.")), *steps, streamed=streamed)
    items = items_in(done.events)
    assert [item.kind.value for item in items] == [
        "tool_call", "tool_call", "tool_call", "tool_result", "text", "image",
    ]  # fmt: skip
    assert items[0].content == {
        "call_id": "call_1",
        "name": "code_interpreter",
        "tool": "code_interpreter",
        "arguments": "plot()",
        "output": "done",
    }
    assert items[1].content["output"] == '[{"file_id": "file_9"}]'
    assert items[3].content == {"call_id": "call_3", "output": "42", "declined": False}
    assert (items[5].data, items[5].id) == (PNG, "file_1")
    assert (done.text, done.state) == ("Hi.", RunState.COMPLETED)


def test_a_message_with_an_image_and_citations(streamed: bool) -> None:
    cited = {
        "type": "file_citation",
        "text": "【1】",
        "start_index": 4,
        "end_index": 7,
        "file_citation": {"file_id": "file_9", "quote": "so it is"},
    }
    path = {
        "type": "file_path",
        "text": "sandbox:/mnt/data/chart.png",
        "start_index": 8,
        "end_index": 9,
        "file_path": {"file_id": "file_1"},
    }
    image = {"type": "image_file", "image_file": {"file_id": "file_1", "detail": "auto"}}
    done = run(message(image, text("See 【1】 x", cited, path)), WRITES, streamed=streamed)
    own, picture = items_in(done.events)
    assert own.content["citations"] == [
        {"start": 4, "end": 7, "file_id": "file_9", "quote": "so it is"},
        {"start": 8, "end": 9, "file_id": "file_1"},
    ]
    assert (picture.kind, picture.data) == (ItemKind.IMAGE, PNG)


def test_an_image_alone_is_an_answer(streamed: bool) -> None:
    image = {"type": "image_file", "image_file": {"file_id": "file_1"}}
    done = run(message(image), WRITES, streamed=streamed)
    assert [item.kind for item in items_in(done.events)] == [ItemKind.OTHER, ItemKind.IMAGE]
    assert done.state is RunState.COMPLETED


def test_a_plain_text_has_no_items(streamed: bool) -> None:
    done = run(message(text("Hi.")), WRITES, streamed=streamed)
    assert (done.text, items_in(done.events)) == ("Hi.", [])


def test_a_server_without_steps() -> None:
    answer = message(text("Hi."))
    with ItemServer([Reply(body=run_object(tools=TOOLS))]) as server:
        page = {"object": "list", "has_more": False, "data": [answer]}
        server.replies["GET", "/threads/thread_1/messages"] = Reply(body=page)
        done = server.run(request(), "assistants")
    assert (done.text, items_in(done.events), done.state) == ("Hi.", [], RunState.COMPLETED)


def test_a_recovered_run_brings_what_is_not_known() -> None:
    steps = [step(1, tool_calls=[CODE]), WRITES]
    first = items_in(run(message(text("Hi.")), *steps, streamed=True).events)
    page = {"object": "list", "has_more": False}
    with ItemServer() as server:
        server.replies["GET", "/threads/thread_1/runs/run_1"] = Reply(body=run_object(tools=TOOLS))
        server.replies["GET", "/threads/thread_1/messages"] = Reply(
            body={**page, "data": [message(text("Hi."))]}
        )
        server.replies["GET", "/threads/thread_1/runs/run_1/steps"] = Reply(body={**page, "data": steps})
        server.replies["GET", FILE] = Reply(200, PNG, "application/octet-stream")
        waiting = live_run(items=first[:1], state=RunState.RUNNING, thread_id="thread_1", run_id="run_1")
        events = list(server.backend("assistants").recover(waiting))
    assert items_in(events) == first[1:]


HOSTILE: list[Any] = [
    {"tool_calls": "x"}, {"tool_calls": [None, 5, {"type": 7}]},
    {"tool_calls": [{"id": ["x"], "type": "function"}]},
    {"tool_calls": [{"type": "code_interpreter", "code_interpreter": {"outputs": [{"image": "x"}, 3]}}]},
    {"message_creation": "msg_2"},
]  # fmt: skip


@pytest.mark.parametrize("details", HOSTILE, ids=repr)
def test_hostile_steps_are_survived(details: Json, streamed: bool) -> None:
    done = run(message(text("Hi.")), {**WRITES, "step_details": details}, streamed=streamed)
    assert (done.text, done.error) == ("Hi.", None)
