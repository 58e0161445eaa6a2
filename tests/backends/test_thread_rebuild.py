"""The remote thread is a cache: ignored, forgotten or absent, the conversation goes on."""

import pytest

from tests.support.commands import TURN, Chatmgr
from tests.wire import Fault, WireServer

RESPONSES = TURN["responses"]


@pytest.fixture
def ready(chatmgr: Chatmgr, wire: WireServer) -> Chatmgr:
    """The provider ``wire`` speaks the Responses API."""
    chatmgr.provider("responses", wire.base_url)
    return chatmgr


def begin(chatmgr: Chatmgr) -> None:
    chatmgr("new", "demo", "one", "-i", "x", "--provider", "wire")


def test_a_server_that_ignores_the_conversation(ready: Chatmgr, wire: WireServer) -> None:
    wire.fault(Fault(kind="ignore_conversation", match=RESPONSES, times=0))
    begin(ready)
    assert ready("send", "demo", "two").out == "2 user turns; you said: 'two'\n"
    assert ready("send", "demo", "three").out == "3 user turns; you said: 'three'\n"
    assert wire.turns_heard == ["one", "two", "three"]
    assert ready.json("history")[0]["thread_id"] is None
    assert "conversation" not in wire.requests[-1].body


def test_a_server_that_begins_to_ignore_it(ready: Chatmgr, wire: WireServer) -> None:
    begin(ready)
    wire.fault(Fault(kind="ignore_conversation", match=RESPONSES, times=0))
    done = ready("send", "demo", "two")
    assert done.out == "1 user turns; you said: 'two'\n"  # it was answered, so it is not asked again
    assert done.err == (
        "wire does not keep conversations, so this answer does not take the earlier turns into account. "
        "From now on, the history is sent with each message.\n"
    )
    assert ready("send", "demo", "three").out == "3 user turns; you said: 'three'\n"
    assert wire.turns_heard == ["one", "two", "three"]
    assert [turn["thread_id"] is None for turn in ready.json("history", "demo")] == [False, True, True]
    assert ready.json("history")[0]["thread_id"] is None


def test_a_server_without_conversations(ready: Chatmgr, wire: WireServer) -> None:
    wire.fault(Fault(kind="status", status=404, match=("POST", "/conversations"), times=0))
    begin(ready)
    assert ready("send", "demo", "two").out == "2 user turns; you said: 'two'\n"
    assert wire.turns_heard == ["one", "two"]
    asked = [request.path for request in wire.requests if request.path == "/conversations"]
    assert len(asked) == 1


@pytest.mark.parametrize("api", ["responses", "assistants"], indirect=True)
def test_a_thread_that_is_gone_is_rebuilt(talking: Chatmgr, wire: WireServer, api: str) -> None:
    old = talking.json("history")[0]["thread_id"]
    gone = RESPONSES if api == "responses" else ("POST", "/threads/[^/]+/messages")
    wire.fault(Fault(kind="forget", match=gone))
    done = talking("send", "demo", "two")
    assert done.out == "2 user turns; you said: 'two'\n"
    assert "The provider's thread is gone" in done.err
    new = talking.json("history")[0]["thread_id"]
    assert new != old
    assert talking("send", "demo", "three").err == ""
    assert wire.turns_heard == ["one", "two", "three"]
    dropped = talking.rows("SELECT remote_id, dropped_at IS NOT NULL FROM threads ORDER BY id")
    assert dropped == [(old, 1), (new, 0)]


def test_another_server_behind_the_same_name(talking: Chatmgr, api: str) -> None:
    with WireServer() as other:
        talking.provider(api, other.base_url)
        assert talking("send", "demo", "two").out == "2 user turns; you said: 'two'\n"
        assert other.turns_heard == ["two"]
        assert other.violations == []


def test_a_long_transcript_is_rebuilt_in_the_batches_that_the_api_takes(
    ready: Chatmgr, wire: WireServer
) -> None:
    begin(ready)
    ready("resume", "demo", stdin=b"".join(b"%d\n" % at for at in range(2, 24)))
    wire.fault(Fault(kind="forget", match=RESPONSES))
    assert ready("send", "demo", "last").out == "24 user turns; you said: 'last'\n"
    assert len(wire.turns_heard) == 24
