"""The scripted servers are believable: the real SDK and the published document find nothing odd in them."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any

import openai
import pytest

from tests.wire import Fault, Gate, Wild, WireServer, spec
from tests.wire.faults import Kind
from tests.wire.raw_client import raw, sse

MODEL = "gpt-4.1"
TURN = ("POST", "/responses")
KINDS: tuple[Kind | None, ...] = (None, "refusal", "incomplete", "failed", "error", "answer_twice")


@pytest.fixture
def wire() -> Iterator[WireServer]:
    with WireServer() as server:
        yield server
    assert server.violations == []


@pytest.fixture
def client(wire: WireServer) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(api_key="sk-test", base_url=wire.base_url, max_retries=0, timeout=10) as made:
        yield made


def stream_events(client: openai.OpenAI, **options: Any) -> list[Any]:
    """Run one streamed turn and return its events."""
    with client.responses.create(model=MODEL, stream=True, **options) as stream:
        return list(stream)


class TestResponses:
    def test_stream_has_the_published_events_in_order(self, wire: WireServer, client: openai.OpenAI) -> None:
        conversation = client.conversations.create(items=[{"role": "user", "content": "first"}])
        events = stream_events(client, input="second", conversation=conversation.id, instructions="be brief")
        names = [event.type for event in events]
        beginning = ["created", "in_progress", "output_item.added", "content_part.added"]
        assert names[:4] == [f"response.{name}" for name in beginning]
        assert set(names[4:-4]) == {"response.output_text.delta"}
        end = ["output_text.done", "content_part.done", "output_item.done", "completed"]
        assert names[-4:] == [f"response.{name}" for name in end]
        assert [event.sequence_number for event in events] == list(range(len(events)))
        last = events[-1].response
        assert last.output_text == "2 user turns; you said: 'second'"
        assert last.conversation.id == conversation.id
        items = client.conversations.items.list(conversation.id, order="asc", limit=2)
        assert items.has_more
        assert [item.role for item in items] == ["user", "user", "assistant"]  # type: ignore[union-attr]

    def test_events_match_the_document(self, wire: WireServer) -> None:
        judge = spec.load()
        for kind in KINDS:
            if kind:
                wire.fault(Fault(kind=kind, match=TURN))
            body = {"model": MODEL, "input": "hi", "stream": True}
            events = sse(raw(wire, "POST", "/responses", body)[2])
            for name, data in events:
                assert name == data["type"]
                response = data.get("response", {})
                # OpenAI writes `usage: null` until the end, which the document does not allow for.
                if response.get("usage", 0) is None:
                    del response["usage"]
                assert judge.check_schema("ResponseStreamEvent", data) == []

    def test_memory_by_previous_response(self, client: openai.OpenAI) -> None:
        first = client.responses.create(model=MODEL, input="one")
        second = client.responses.create(model=MODEL, input="two", previous_response_id=first.id)
        assert second.output_text == "2 user turns; you said: 'two'"
        assert client.responses.input_items.list(second.id).data[0].role == "user"  # type: ignore[union-attr]
        unstored = client.responses.create(model=MODEL, input="three", store=False)
        with pytest.raises(openai.NotFoundError):
            client.responses.retrieve(unstored.id)

    def test_background_is_polled_cancelled_and_resumed(self, client: openai.OpenAI) -> None:
        polled = client.responses.create(model=MODEL, input="hi", background=True)
        seen = [polled.status] + [client.responses.retrieve(polled.id).status for _ in range(2)]
        assert seen == ["queued", "in_progress", "completed"]
        other = client.responses.create(model=MODEL, input="hi", background=True)
        assert client.responses.cancel(other.id).status == "cancelled"
        with pytest.raises(openai.BadRequestError):
            client.responses.cancel(client.responses.create(model=MODEL, input="hi").id)
        events = stream_events(client, input="hi", background=True)
        with client.responses.retrieve(events[0].response.id, stream=True, starting_after=3) as stream:
            assert [event.sequence_number for event in stream] == list(range(4, len(events)))

    def test_limits(self, wire: WireServer, client: openai.OpenAI) -> None:
        conversation = client.conversations.create()
        with pytest.raises(openai.BadRequestError, match="Mutually exclusive"):
            client.responses.create(
                model=MODEL, input="x", conversation=conversation.id, previous_response_id="r"
            )
        with pytest.raises(openai.BadRequestError):
            client.conversations.create(metadata={str(number): "" for number in range(17)})
        assert wire.violations == []  # both fit the schemas; the next does not
        with pytest.raises(openai.BadRequestError):
            client.conversations.items.create(conversation.id, items=[{"role": "user", "content": "x"}] * 21)
        assert "is too long" in wire.violations.pop()

    def test_second_turn_at_once_is_locked_out(self, wire: WireServer, client: openai.OpenAI) -> None:
        conversation = client.conversations.create()
        gate = Gate()
        wire.fault(Fault(kind="gate", match=TURN, after=3, gate=gate))
        events: list[Any] = []
        options = {"input": "slow", "conversation": conversation.id}
        first = threading.Thread(target=lambda: events.extend(stream_events(client, **options)))
        first.start()
        assert gate.wait_reached() == 3
        with pytest.raises(openai.BadRequestError) as refused:
            client.responses.create(model=MODEL, input="fast", conversation=conversation.id)
        assert refused.value.code == "conversation_locked"
        gate.open()
        first.join()
        assert events[-1].type == "response.completed"
        assert wire.turns_heard == ["slow"]


class TestAssistants:
    @pytest.mark.filterwarnings("ignore::DeprecationWarning")
    def test_stream_through_the_sdk(self, wire: WireServer, client: openai.OpenAI) -> None:
        assistant = client.beta.assistants.create(model=MODEL, instructions="be brief")
        thread = client.beta.threads.create(messages=[{"role": "user", "content": "one"}])
        client.beta.threads.messages.create(thread.id, role="user", content="two")
        with client.beta.threads.runs.create(thread.id, assistant_id=assistant.id, stream=True) as stream:
            names = [event.event for event in stream]
        assert names[:7] == [
            "thread.run.created",
            "thread.run.queued",
            "thread.run.in_progress",
            "thread.run.step.created",
            "thread.run.step.in_progress",
            "thread.message.created",
            "thread.message.in_progress",
        ]
        ends = ["thread.message.completed", "thread.run.step.completed", "thread.run.completed"]
        assert names[-3:] == ends
        newest = client.beta.threads.messages.list(thread.id, limit=1)
        assert newest.has_more
        assert newest.data[0].content[0].text.value == "2 user turns; you said: 'two'"  # type: ignore[union-attr]

    def test_objects_and_events_match_the_document(self, wire: WireServer) -> None:
        judge = spec.load()
        assistant, thread = self.start(wire)
        for kind in KINDS:
            if kind:
                wire.fault(Fault(kind=kind, match=("POST", ".*/runs")))
            body = {"assistant_id": assistant, "stream": True}
            events = sse(raw(wire, "POST", f"/threads/{thread}/runs", body, beta=True)[2])
            assert events[-1] == ("done", "[DONE]")
            wrong = {
                n: judge.check_schema("AssistantStreamEvent", {"event": n, "data": d}) for n, d in events
            }
            assert not any(wrong.values()), wrong

    def test_polling_goes_through_the_script(self, wire: WireServer) -> None:
        assistant, thread = self.start(wire)
        for script in (
            ("queued", "queued", "in_progress", "completed"),
            ("in_progress", "cancelling", "cancelled"),
            ("queued", "failed"),
            ("queued", "incomplete"),
            ("in_progress", "expired"),
            ("requires_action", "expired"),
        ):
            wire.script_run(*script)
            run = self.post(wire, f"/threads/{thread}/runs", {"assistant_id": assistant})
            seen = [run["status"]] + [self.get(wire, thread, run)["status"] for _ in script]
            assert seen == [*script, script[-1]]

    def test_tool_outputs(self, wire: WireServer) -> None:
        assistant, thread = self.start(wire)
        wire.script_run("queued", "requires_action")
        run = self.post(wire, f"/threads/{thread}/runs", {"assistant_id": assistant})
        waiting = self.get(wire, thread, run)
        call = waiting["required_action"]["submit_tool_outputs"]["tool_calls"][0]
        outputs = {"tool_outputs": [{"tool_call_id": call["id"], "output": "42"}], "stream": True}
        path = f"/threads/{thread}/runs/{run['id']}/submit_tool_outputs"
        names = [name for name, _ in sse(raw(wire, "POST", path, outputs, beta=True)[2])]
        assert names[0] == "thread.run.step.completed"
        assert names[-2:] == ["thread.run.completed", "done"]

    def test_active_run_refuses_changes_until_cancelled(self, wire: WireServer) -> None:
        assistant, thread = self.start(wire)
        run = self.post(wire, f"/threads/{thread}/runs", {"assistant_id": assistant})
        message = {"role": "user", "content": "wait"}
        assert raw(wire, "POST", f"/threads/{thread}/messages", message, beta=True)[0] == 400
        assert raw(wire, "POST", f"/threads/{thread}/runs", {"assistant_id": assistant}, beta=True)[0] == 400
        assert self.post(wire, f"/threads/{thread}/runs/{run['id']}/cancel")["status"] == "cancelling"
        seen = [self.get(wire, thread, run)["status"] for _ in range(2)]
        assert seen == ["cancelling", "cancelled"]
        assert raw(wire, "POST", f"/threads/{thread}/messages", message, beta=True)[0] == 200

    def test_cancel_while_streaming(self, wire: WireServer) -> None:
        assistant, thread = self.start(wire)
        gate, names = Gate(), []
        wire.fault(Fault(kind="gate", match=("POST", ".*/runs"), after=8, gate=gate))
        body = {"assistant_id": assistant, "stream": True}

        def stream() -> None:
            events = sse(raw(wire, "POST", f"/threads/{thread}/runs", body, beta=True)[2])
            names.extend([name for name, _ in events])

        reader = threading.Thread(target=stream)
        reader.start()
        assert gate.wait_reached() == 8
        run = json.loads(raw(wire, "GET", f"/threads/{thread}/runs", beta=True)[2])["data"][0]
        self.post(wire, f"/threads/{thread}/runs/{run['id']}/cancel")
        gate.open()
        reader.join()
        ends = ["message.incomplete", "run.cancelling", "run.step.cancelled", "run.cancelled"]
        assert names[-5:] == [*(f"thread.{name}" for name in ends), "done"]

    def test_wild_server(self) -> None:
        wild = Wild(bare_ids=True, no_usage=True, no_streaming=True, message_delete=405)
        with WireServer(wild=wild) as wire:
            assistant, thread = self.start(wire)
            assert "_" not in thread
            run = self.post(wire, f"/threads/{thread}/runs", {"assistant_id": assistant, "stream": True})
            self.get(wire, thread, run)
            done = self.get(wire, thread, run)
            assert (done["status"], done["usage"]) == ("completed", None)
            assert raw(wire, "DELETE", f"/threads/{thread}/messages/x", beta=True)[0] == 405

    @staticmethod
    def post(wire: WireServer, path: str, body: object = None) -> Any:
        status, _, content = raw(wire, "POST", path, body, beta=True)
        assert status == 200, content
        return json.loads(content)

    @staticmethod
    def get(wire: WireServer, thread: str, run: Any) -> Any:
        return json.loads(raw(wire, "GET", f"/threads/{thread}/runs/{run['id']}", beta=True)[2])

    def start(self, wire: WireServer) -> tuple[str, str]:
        """Make an assistant and a thread with one message; return their ids."""
        messages = [{"role": "user", "content": "hi"}]
        assistant = self.post(wire, "/assistants", {"model": MODEL, "instructions": "x"})["id"]
        return assistant, self.post(wire, "/threads", {"messages": messages})["id"]


class TestChat:
    MESSAGES = (
        {"role": "system", "content": "be brief"},
        {"role": "user", "content": "one"},
        {"role": "assistant", "content": "1"},
        {"role": "user", "content": "two"},
    )

    def test_plain_and_stream_agree(self, wire: WireServer, client: openai.OpenAI) -> None:
        messages: Any = self.MESSAGES
        plain = client.chat.completions.create(model=MODEL, messages=messages)
        assert plain.choices[0].message.content == "2 user turns; you said: 'two'"
        options: Any = {"stream": True, "stream_options": {"include_usage": True}}
        chunks = list(client.chat.completions.create(model=MODEL, messages=messages, **options))
        text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
        assert text == plain.choices[0].message.content
        assert (chunks[-2].choices[0].finish_reason, chunks[-1].choices) == ("stop", [])
        assert chunks[-1].usage == plain.usage

    @pytest.mark.parametrize(
        ("reason", "told"), [("max_output_tokens", "length"), ("content_filter", "content_filter")]
    )
    def test_finish_reasons(self, wire: WireServer, client: openai.OpenAI, reason: Any, told: str) -> None:
        wire.fault(Fault(kind="incomplete", match=("POST", "/chat/completions"), reason=reason))
        messages: Any = self.MESSAGES
        assert client.chat.completions.create(model=MODEL, messages=messages).choices[0].finish_reason == told

    def test_bodies_match_the_document(self, wire: WireServer) -> None:
        judge = spec.load()
        body = {"model": MODEL, "messages": self.MESSAGES}
        plain = json.loads(raw(wire, "POST", "/chat/completions", body)[2])
        assert judge.check_schema("CreateChatCompletionResponse", plain) == []
        chunks = sse(raw(wire, "POST", "/chat/completions", {**body, "stream": True})[2])
        assert chunks.pop() == ("", "[DONE]")
        assert [judge.check_schema("CreateChatCompletionStreamResponse", c) for _, c in chunks] == [[]] * len(
            chunks
        )

    def test_models(self, client: openai.OpenAI) -> None:
        assert MODEL in [model.id for model in client.models.list()]
