"""Every scripted fault is what it says it is, and every wrong request is noticed."""

from __future__ import annotations

import http.client
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest

from tests.wire import Fault, FileGate, Gate, WireProcess, WireServer
from tests.wire.raw_client import raw, sse
from tests.wire.world import HUGE

MODEL = "gpt-4.1"
TURN = ("POST", "/responses")
CUT_OFF = (openai.APIConnectionError, httpx2.RemoteProtocolError, httpx2.ReadError)


@pytest.fixture
def wire() -> Iterator[WireServer]:
    with WireServer() as server:
        yield server
    assert server.violations == []


@pytest.fixture
def client(wire: WireServer) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(api_key="sk-test", base_url=wire.base_url, max_retries=0, timeout=10) as made:
        yield made


def take(client: openai.OpenAI, events: list[Any], **options: Any) -> None:
    """Run a streamed turn, keeping the events even if it breaks off."""
    with client.responses.create(model=MODEL, input="hi", stream=True, **options) as stream:
        events.extend(stream)  # extend keeps what came before an exception


def text(events: list[Any]) -> str:
    return "".join(event.delta for event in events if event.type == "response.output_text.delta")


class TestRefusingToAnswer:
    @pytest.mark.parametrize("shape", ["openai", "detail", "text", "empty"])
    def test_status_in_every_shape(self, wire: WireServer, client: openai.OpenAI, shape: Any) -> None:
        wire.fault(
            Fault(kind="status", match=TURN, status=429, shape=shape, retry_after="7", message="slow down")
        )
        with pytest.raises(openai.RateLimitError) as caught:
            client.responses.create(model=MODEL, input="hi")
        assert caught.value.response.headers["retry-after"] == "7"
        assert ("slow down" in caught.value.response.text) == (shape != "empty")
        assert wire.turns_heard == []
        assert client.responses.create(model=MODEL, input="hi").status == "completed"

    def test_status_of_a_proxy_that_passed_the_turn_on(self, wire: WireServer, client: openai.OpenAI) -> None:
        conversation = client.conversations.create().id
        wire.fault(Fault(kind="status", match=TURN, status=502, heard=True))
        with pytest.raises(openai.InternalServerError):
            client.responses.create(model=MODEL, input="hi", conversation=conversation)
        assert len(client.conversations.items.list(conversation).data) == 2

    @pytest.mark.parametrize("heard", [True, False])
    def test_reset(self, wire: WireServer, client: openai.OpenAI, heard: bool) -> None:
        wire.fault(Fault(kind="reset", match=TURN, heard=heard))
        with pytest.raises(openai.APIConnectionError):
            client.responses.create(model=MODEL, input="hi")
        wire.wait_idle()
        assert wire.turns_heard == (["hi"] if heard else [])
        assert wire.requests[0].status is None

    def test_nth_and_times(self, wire: WireServer) -> None:
        wire.fault(Fault(kind="status", match=("GET", "/models"), nth=2, times=2, status=503))
        assert [raw(wire, "GET", "/models")[0] for _ in range(4)] == [200, 503, 503, 200]

    def test_lock_and_forget(self, wire: WireServer, client: openai.OpenAI) -> None:
        conversation = client.conversations.create().id
        wire.fault(Fault(kind="lock", match=TURN))
        wire.fault(Fault(kind="forget", match=TURN, nth=2))
        with pytest.raises(openai.BadRequestError) as locked:
            client.responses.create(model=MODEL, input="hi", conversation=conversation)
        assert locked.value.code == "conversation_locked"
        with pytest.raises(openai.NotFoundError, match=conversation):
            client.responses.create(model=MODEL, input="hi", conversation=conversation)

    def test_wrong_key_is_echoed_masked(self, wire: WireServer, client: openai.OpenAI) -> None:
        key = "sk-proj-0123456789abcdef"
        wire.wrong_keys.add(key)
        with pytest.raises(openai.AuthenticationError, match=r"sk-proj-\*+cdef\. You can find") as caught:
            client.with_options(api_key=key).models.list()
        assert caught.value.code == "invalid_api_key"
        assert "authorization" not in wire.requests[0].headers


class TestBreakingOff:
    @pytest.mark.parametrize("kind", ["cut", "reset"])
    @pytest.mark.parametrize("mid_line", [True, False])
    def test_cut(self, wire: WireServer, client: openai.OpenAI, kind: Any, mid_line: bool) -> None:
        wire.fault(Fault(kind=kind, match=TURN, after=6, mid_line=mid_line))
        events: list[Any] = []
        with pytest.raises(CUT_OFF):
            take(client, events)
        assert text(events) == "1 user"
        wire.wait_idle()
        assert wire.requests[0].events_written == 6

    def test_cut_of_a_plain_answer(self, wire: WireServer, client: openai.OpenAI) -> None:
        wire.fault(Fault(kind="cut", match=TURN))
        with pytest.raises(openai.APIConnectionError):
            client.responses.create(model=MODEL, input="hi")
        assert wire.turns_heard == ["hi"]

    def test_end_early_is_a_clean_end(self, wire: WireServer, client: openai.OpenAI) -> None:
        wire.fault(Fault(kind="end_early", match=TURN, after=6))
        events: list[Any] = []
        take(client, events)
        assert text(events) == "1 user"

    @pytest.mark.parametrize("after", [None, 5])
    def test_hang_ends_with_the_server(self, after: int | None) -> None:
        with WireServer() as wire:
            wire.fault(Fault(kind="hang", match=TURN, after=after))
            quick = openai.OpenAI(api_key="k", base_url=wire.base_url, max_retries=0, timeout=0.2)
            with quick, pytest.raises((openai.APITimeoutError, httpx2.ReadTimeout)):
                take(quick, [])
        assert wire.requests[0].events_written == (after or 0)

    @pytest.mark.parametrize(("abandoned", "left"), [("finish", 2), ("input_only", 1), ("drop", 0)])
    def test_what_is_left_of_an_abandoned_turn(self, abandoned: Any, left: int) -> None:
        gate = Gate()
        with WireServer(abandoned=abandoned) as wire:
            wire.fault(Fault(kind="gate", match=TURN, after=4, gate=gate))
            wire.fault(Fault(kind="cut", match=TURN, after=5))
            with openai.OpenAI(api_key="k", base_url=wire.base_url, max_retries=0) as client:
                conversation = client.conversations.create().id
                stream = client.responses.create(
                    model=MODEL, input="hi", stream=True, conversation=conversation
                )
                assert gate.wait_reached() == 4
                stream.close()
                gate.open()
                wire.wait_idle()
                assert len(client.conversations.items.list(conversation).data) == left

    @pytest.mark.parametrize(("abandoned", "status"), [("finish", "completed"), ("drop", "expired")])
    def test_what_becomes_of_an_abandoned_run(self, abandoned: Any, status: str) -> None:
        with WireServer(abandoned=abandoned) as wire:
            wire.fault(Fault(kind="cut", match=("POST", "/threads/runs"), after=9))
            assistant = json.loads(raw(wire, "POST", "/assistants", {"model": MODEL}, beta=True)[2])["id"]
            thread = {"messages": [{"role": "user", "content": "hi"}]}
            body = {"assistant_id": assistant, "thread": thread, "stream": True}
            with pytest.raises(http.client.IncompleteRead) as caught:
                raw(wire, "POST", "/threads/runs", body, beta=True)
            run = sse(caught.value.partial)[0][1]
            wire.wait_idle()
            path = f"/threads/{run['thread_id']}/runs/{run['id']}"
            assert json.loads(raw(wire, "GET", path, beta=True)[2])["status"] == status
            assert wire.violations == []


class TestOddAnswers:
    @pytest.mark.parametrize("path", ["/responses", "/chat/completions"])
    def test_odd_framing_says_the_same(self, wire: WireServer, client: openai.OpenAI, path: str) -> None:
        wire.fault(Fault(kind="odd_framing", match=("POST", path)))
        wire.fault(Fault(kind="huge_delta", match=("POST", path)))
        if path == "/responses":
            events: list[Any] = []
            take(client, events)
            assert "x.unknown" in [event.type for event in events]
            assert events[-1].type == "response.completed"
            told = text(events)
        else:
            chunks = client.chat.completions.create(
                model=MODEL, messages=[{"role": "user", "content": "hi"}], stream=True
            )
            told = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
        assert told == "1 user turns; you said: 'hi'" + HUGE

    def test_empty_blocks(self, wire: WireServer) -> None:
        wire.fault(Fault(kind="empty_blocks", match=TURN))
        content = raw(wire, "POST", "/responses", {"model": MODEL, "input": "hi", "stream": True})[2]
        assert content.count(b"retry: 3000\n\nid: 7\n\n") == wire.requests[0].events_written

    def test_refusal_failure_and_incompleteness(self, wire: WireServer, client: openai.OpenAI) -> None:
        wire.fault(Fault(kind="refusal", match=TURN))
        wire.fault(Fault(kind="incomplete", match=TURN, nth=2, reason="content_filter"))
        wire.fault(Fault(kind="failed", match=TURN, nth=3, code="rate_limit_exceeded"))
        wire.fault(Fault(kind="error", match=TURN, nth=4, message="broken"))
        ends = []
        for _ in range(4):
            events: list[Any] = []
            take(client, events)
            ends.append(events)
        assert "response.refusal.delta" in [event.type for event in ends[0]]
        assert ends[1][-1].response.incomplete_details.reason == "content_filter"
        assert ends[2][-1].response.error.code == "rate_limit_exceeded"
        assert (ends[3][-1].type, ends[3][-1].message) == ("error", "broken")

    def test_conversation_is_ignored(self, wire: WireServer, client: openai.OpenAI) -> None:
        conversation = client.conversations.create(items=[{"role": "user", "content": "one"}]).id
        wire.fault(Fault(kind="ignore_conversation", match=TURN))
        response = client.responses.create(model=MODEL, input="two", conversation=conversation)
        assert (response.conversation, response.output_text) == (None, "1 user turns; you said: 'two'")

    def test_two_answers(self, wire: WireServer, client: openai.OpenAI) -> None:
        wire.fault(Fault(kind="answer_twice", match=TURN))
        assert len(client.responses.create(model=MODEL, input="hi").output) == 2

    def test_many_deltas(self) -> None:
        with WireServer(deltas=2000, check=False) as wire:
            events = sse(raw(wire, "POST", "/responses", {"model": MODEL, "input": "hi", "stream": True})[2])
        assert sum(name == "response.output_text.delta" for name, _ in events) == 2000


@pytest.mark.parametrize(
    ("method", "path", "body", "complaint"),
    [
        ("POST", "/responses", {"model": MODEL, "input": 7}, "$.input"),
        ("POST", "/responses", {"model": MODEL, "input": "x", "inptu": "x"}, "unknown body key 'inptu'"),
        (
            "POST",
            "/responses",
            {"model": MODEL, "input": "x", "max_output_tokens": 3},
            "less than the minimum",
        ),
        ("GET", "/models?limit=3", None, "unknown query parameter 'limit'"),
        ("GET", "/conversations/c/items?limit=few", None, "not of type integer"),
        ("GET", "/conversations/c/items?order=up", None, "none of ['asc', 'desc']"),
        ("POST", "/threads", {}, "OpenAI-Beta"),
        ("GET", "/nowhere", None, "unknown path"),
        ("DELETE", "/responses", None, "does not know this method"),
        ("POST", "/chat/completions", {"model": MODEL, "messages": []}, "$.messages"),
    ],
)
def test_wrong_requests_are_flagged(
    wire: WireServer, method: str, path: str, body: object, complaint: str
) -> None:
    raw(wire, method, path, body)  # whatever the answer is: some of these a real server would swallow
    assert complaint in " ".join(wire.violations)
    wire.violations.clear()


KILLED_CLIENT = """
import http.client, sys
connection = http.client.HTTPConnection(sys.argv[1])
body = '{"model": "m", "input": "hi", "stream": true, "background": true}'
headers = {"Authorization": "Bearer k", "Content-Type": "application/json"}
connection.request("POST", "/v1/responses", body, headers)
connection.getresponse().read()
"""


def test_process_of_its_own_outlives_a_killed_client(tmp_path: Path) -> None:
    gate = FileGate(tmp_path / "gate")
    faults = [{"kind": "gate", "match": list(TURN), "after": 5, "gate": str(gate.path)}]
    with WireProcess(tmp_path, faults) as wire:
        assert wire.port_file.read_text() == wire.base_url
        host = wire.base_url.removeprefix("http://").removesuffix("/v1")
        client = subprocess.Popen([sys.executable, "-c", KILLED_CLIENT, host])
        assert gate.wait_reached() == 5
        client.kill()
        assert client.wait() == -signal.SIGKILL
        gate.open()
        assert wire.turns_heard == ["hi"]
        request = wire.entries("request")[0]
        assert (request["path"], request["body"]["input"]) == ("/responses", "hi")
        assert "authorization" not in request["headers"]
        connection = http.client.HTTPConnection(host)
        connection.request("GET", "/v1/models", headers={"Authorization": "Bearer k"})
        assert json.load(connection.getresponse())["object"] == "list"
        connection.close()
    assert wire.violations == []
    assert len(wire.entries("answered")) == 2
