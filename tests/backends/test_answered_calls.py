"""Runs that wait for calls: their outputs are sent, the answer goes on, and nothing is asked twice."""

import json
from typing import Any

import pytest

from chatmgr.backends.items.making import Origin
from chatmgr.backends.responses.output_items import read_output_item
from chatmgr.domain.events import Delta, Event, Finished, ItemDone
from chatmgr.domain.items import APPROVED, DECLINED, Item, ItemKind, answer_to
from chatmgr.domain.model import LiveRun
from chatmgr.domain.states import RunState
from tests.support.item_server import ItemServer, Json, items_in, live_run, request, said, streamed
from tests.support.output_items import APPROVAL, CALL, KINDS, REASONING
from tests.support.reply_server import Reply, chat_answer, event_stream
from tests.support.scripted_api import outcome, run_object, stream

OUTPUT = {"type": "function_call_output", "call_id": "call_1", "output": "42"}


def made(*output: Json, api: str = "responses") -> tuple[Item, ...]:
    """Output items as they were recorded."""
    origin = Origin(api, "m")
    return tuple(item for raw in output for item in read_output_item(raw, origin) if isinstance(item, Item))


def kind(raw_type: str) -> Json:
    """The example of a kind."""
    return next(raw for raw, _, _ in KINDS if raw["type"] == raw_type)


def submitted(
    server: ItemServer, run: LiveRun, outputs: dict[str, str], api: str = "responses"
) -> list[Event]:
    """Answer the calls of a run."""
    done = outcome(server.backend(api).submit_tool_outputs(run, outputs))
    assert done.error is None, done.error
    return done.events


class TestResponses:
    def test_on_a_conversation(self) -> None:
        items = made(REASONING, CALL)
        with ItemServer([streamed(said("It is 42."))]) as server:
            run = live_run(request(params={"temperature": 0.5}), items, thread_id="conv_1")
            events = submitted(server, run, {"call_1": "42"})
            [body] = server.bodies("/responses")
        assert (body["conversation"], body["input"], body["temperature"]) == ("conv_1", [OUTPUT], 0.5)
        assert (body["instructions"], body["model"]) == ("Be brief.", "m")
        assert [(item.kind, dict(item.content)) for item in items_in(events)] == [
            (ItemKind.TOOL_RESULT, {"call_id": "call_1", "output": "42", "declined": False}),
            (ItemKind.TEXT, {"text": "It is 42."}),
        ]
        end = events[-1]
        assert isinstance(end, Finished)
        assert (end.state, end.text) == (RunState.COMPLETED, "It is 42.")
        assert server.violations == []

    def test_the_answer_to_a_call_is_told_before_anything_is_sent(self) -> None:
        with ItemServer() as server:
            run = live_run(request(), made(CALL), thread_id="conv_1")
            events = iter(server.backend("responses").submit_tool_outputs(run, {"call_1": "42"}))
            assert isinstance(next(events), ItemDone)
            assert server.server.requests == []

    def test_without_a_conversation_everything_is_sent(self) -> None:
        items = made(REASONING, said("Let me see."), CALL)
        with ItemServer([streamed(said("It is 42.", id="msg_2"))], stateless=True) as server:
            run = live_run(request(), items, text="Let me see.")
            events = submitted(server, run, {"call_1": "42"})
            [body] = server.bodies("/responses")
        assert [item["type"] for item in body["input"]] == [
            "message", "reasoning", "message", "function_call", "function_call_output",
        ]  # fmt: skip
        assert body["input"][-1] == OUTPUT
        assert "conversation" not in body
        texts = [event.text for event in events if isinstance(event, Delta)]
        assert "".join(texts) == "\n\nIt is 42."
        assert isinstance(events[-1], Finished)
        assert events[-1].text == "Let me see.\n\nIt is 42."
        assert server.violations == []

    @pytest.mark.parametrize(
        ("raw", "output", "sent"),
        [
            (
                APPROVAL,
                APPROVED,
                {"type": "mcp_approval_response", "approval_request_id": "mcpr_1", "approve": True},
            ),
            (
                APPROVAL,
                "No.",
                {
                    "type": "mcp_approval_response",
                    "approval_request_id": "mcpr_1",
                    "approve": False,
                    "reason": "No.",
                },
            ),
            (
                kind("custom_tool_call"),
                "1",
                {"type": "custom_tool_call_output", "call_id": "call_8", "output": "1"},
            ),
            (
                kind("shell_call"),
                "a",
                {
                    "type": "shell_call_output",
                    "call_id": "call_6",
                    "output": [{"stdout": "a", "stderr": "", "outcome": {"type": "exit", "exit_code": 0}}],
                },
            ),
            (
                kind("apply_patch_call"),
                DECLINED,
                {
                    "type": "apply_patch_call_output",
                    "call_id": "call_7",
                    "status": "failed",
                    "output": DECLINED,
                },
            ),
        ],
    )
    def test_each_kind_of_call(self, raw: Json, output: str, sent: Json) -> None:
        [item] = made(raw)
        with ItemServer([streamed(said("Done."))]) as server:
            run = live_run(request(), [item], thread_id="conv_1")
            submitted(server, run, {raw.get("call_id") or raw["id"]: output})
            [body] = server.bodies("/responses")
        assert body["input"] == [sent]
        assert server.violations == []

    def test_calls_without_an_output_are_declined(self) -> None:
        second = {**CALL, "id": "fc_2", "call_id": "call_2"}
        with ItemServer([streamed(said("Done."))]) as server:
            run = live_run(request(), made(CALL, second), thread_id="conv_1")
            submitted(server, run, {"call_1": "42"})
            [body] = server.bodies("/responses")
        assert body["input"] == [OUTPUT, {**OUTPUT, "call_id": "call_2", "output": DECLINED}]

    def test_only_the_calls_of_the_last_step_are_answered(self) -> None:
        first = made(CALL)
        second = made({**CALL, "id": "fc_2", "call_id": "call_2"})
        items = (*first, answer_to(first[0], "42"), *second)
        with ItemServer([streamed(said("Done."))]) as server:
            submitted(server, live_run(request(), items, thread_id="conv_1"), {"call_2": "43"})
            [body] = server.bodies("/responses")
        assert body["input"] == [{**OUTPUT, "call_id": "call_2", "output": "43"}]

    def test_an_answer_that_is_recorded_is_sent_again_and_not_told_again(self) -> None:
        [call] = made(CALL)
        items = (call, answer_to(call, "42"))
        with ItemServer([streamed(said("Done."))]) as server:
            events = submitted(server, live_run(request(), items, thread_id="conv_1"), {"call_1": "42"})
            [body] = server.bodies("/responses")
        assert body["input"] == [OUTPUT]
        assert [item.kind for item in items_in(events)] == [ItemKind.TEXT]

    def test_a_further_call_waits_again(self) -> None:
        second = {**CALL, "id": "fc_2", "call_id": "call_2"}
        with ItemServer([streamed(second)]) as server:
            events = submitted(server, live_run(request(), made(CALL), thread_id="conv_1"), {"call_1": "42"})
        end = events[-1]
        assert isinstance(end, Finished)
        assert end.state is RunState.REQUIRES_ACTION
        assert [call.id for call in end.calls] == ["call_2"]

    def test_a_conversation_that_is_gone_is_rebuilt_with_the_call_open(self) -> None:
        gone = Reply(404, {"error": {"message": "Conversation not found."}})
        with ItemServer([gone, streamed(said("Done."))]) as server:
            submitted(server, live_run(request(), made(CALL), thread_id="conv_9"), {"call_1": "42"})
            [built] = server.bodies("/conversations")
            body = server.bodies("/responses")[-1]
        assert [item["type"] for item in built["items"]] == ["message", "function_call"]
        assert (body["conversation"], body["input"]) == ("conv_1", [OUTPUT])

    def test_items_that_nobody_recorded_are_asked_for(self) -> None:
        with ItemServer([streamed(said("Done."))]) as server:
            server.replies["GET", "/responses/resp_1"] = Reply(
                body={"id": "resp_1", "object": "response", "status": "completed", "output": [CALL]}
            )
            submitted(server, live_run(request(), thread_id="conv_1"), {"call_1": "42"})
            [body] = server.bodies("/responses")
        assert body["input"] == [OUTPUT]

    def test_a_screen_cannot_be_answered_with_text(self) -> None:
        [item] = made(kind("computer_call"))
        with ItemServer() as server:
            run = live_run(request(), [item], thread_id="conv_1")
            done = outcome(server.backend("responses").submit_tool_outputs(run, {"call_2": "x"}))
            assert server.server.posts == []
        assert done.error is not None
        assert not done.error.touched


class TestWaitingRunsAreFoundAgain:
    @pytest.mark.parametrize("api", ["responses", "completions"])
    def test_by_what_was_recorded(self, api: str) -> None:
        [call] = made(CALL, api=api)
        for items in ([call], [call, answer_to(call, "42")]):
            with ItemServer() as server:
                [end] = server.backend(api).recover(live_run(request(), items))
                assert server.server.requests == []
            assert isinstance(end, Finished)
            assert (end.state, end.calls[0].name) == (RunState.REQUIRES_ACTION, "look_up")

    def test_by_the_server(self) -> None:
        with ItemServer() as server:
            server.replies["GET", "/responses/resp_1"] = Reply(
                body={"id": "resp_1", "object": "response", "status": "completed", "output": [CALL]}
            )
            events = list(server.backend("responses").recover(live_run(request(), state=RunState.RUNNING)))
        assert isinstance(events[-1], Finished)
        assert (events[-1].state, len(items_in(events))) == (RunState.REQUIRES_ACTION, 1)

    def test_a_process_that_died_after_the_answers_left_is_no_whole_answer(self) -> None:
        [call] = made(CALL)
        with ItemServer() as server:
            server.replies["GET", "/responses/resp_1"] = Reply(
                body={"id": "resp_1", "object": "response", "status": "completed", "output": [CALL]}
            )
            run = live_run(request(), [call, answer_to(call, "42")], state=RunState.RUNNING)
            events = list(server.backend("responses").recover(run))
        assert isinstance(events[-1], Finished)
        assert events[-1].state is RunState.INTERRUPTED

    def test_the_text_of_a_later_step_follows_the_earlier(self) -> None:
        [text, call] = made(said("Let me see."), CALL)
        items = [text, call, answer_to(call, "42")]
        final = said("It is 42.", id="msg_2")
        with ItemServer() as server:
            server.replies["GET", "/responses/resp_1"] = Reply(
                body={"id": "resp_1", "object": "response", "status": "completed", "output": [final]}
            )
            state, partial = RunState.RUNNING, "Let me see.\n\nIt is"
            events = list(
                server.backend("responses").recover(live_run(request(), items, state=state, text=partial))
            )
        assert [event.text for event in events if isinstance(event, Delta)] == [" 42."]
        assert isinstance(events[-1], Finished)
        assert events[-1].text == "Let me see.\n\nIt is 42."


def test_a_chat_is_sent_whole_with_the_call_and_its_output() -> None:
    tool_call = {"id": "call_1", "type": "function", "function": {"name": "look_up", "arguments": "{}"}}
    chunk = {
        "id": "c1",
        "choices": [{"index": 0, "delta": {"tool_calls": [tool_call], "reasoning_content": "Hm."}}],
    }
    end = {"id": "c1", "choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]}
    with ItemServer([event_stream(chunk, end, "data: [DONE]"), chat_answer("It is 42.")]) as server:
        asked = request()
        first = server.run(asked, "completions")
        assert first.state is RunState.REQUIRES_ACTION
        run = live_run(asked, items_in(first.events))
        events = submitted(server, run, {"call_1": "42"}, "completions")
        body = server.bodies("/chat/completions")[-1]
    assert body["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hello?"},
        {"role": "assistant", "content": None, "reasoning_content": "Hm.", "tool_calls": [tool_call]},
        {"role": "tool", "tool_call_id": "call_1", "content": "42"},
    ]
    assert [item.kind for item in items_in(events)] == [ItemKind.TOOL_RESULT, ItemKind.TEXT]
    assert isinstance(events[-1], Finished)
    assert events[-1].state is RunState.COMPLETED
    assert server.violations == []


def test_a_run_of_an_assistant_goes_on() -> None:
    function = {"name": "look_up", "arguments": "{}"}
    action = {
        "submit_tool_outputs": {"tool_calls": [{"id": "call_1", "type": "function", "function": function}]}
    }
    waiting: Any = run_object(status="requires_action", required_action=action)
    ended: Any = run_object(status="completed")
    turns = [
        stream(("thread.run.requires_action", waiting), ("done", "[DONE]")),
        stream(("thread.run.completed", ended), ("done", "[DONE]")),
    ]
    with ItemServer(turns) as server:
        asked = request()
        first = server.run(asked, "assistants")
        run = live_run(asked, items_in(first.events), thread_id="thread_1", run_id="run_1")
        events = submitted(server, run, {"call_1": "42"}, "assistants")
        [body] = server.bodies("/submit_tool_outputs")
    assert first.state is RunState.REQUIRES_ACTION
    assert [json.loads(item.raw)["id"] for item in items_in(first.events)] == ["call_1"]
    assert body["tool_outputs"] == [{"tool_call_id": "call_1", "output": "42"}]
    assert [item.kind for item in items_in(events)] == [ItemKind.TOOL_RESULT]
