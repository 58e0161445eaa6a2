"""A remote thread is a cache: whatever became of it, the conversation goes on with all it knows."""

from collections.abc import Callable

import pytest

from tests.support.commands import AHEAD, Chatmgr
from tests.support.remote_threads import (
    ITEMS,
    TURN,
    add_messages,
    adopt_thread,
    create_thread,
    echo_of,
    empty_thread,
    past_turns,
    thread_messages,
    thread_of,
)
from tests.wire import Fault, WireServer
from tests.wire.raw_client import raw

MANY = 33  # turns: 66 messages, four calls of twenty

Happening = Callable[[WireServer, str, str], object]


@pytest.fixture(params=["responses", "assistants"])
def api(request: pytest.FixtureRequest) -> str:
    """Each API that keeps threads."""
    return str(request.param)


def _deleted(wire: WireServer, api: str, thread: str) -> None:
    assert raw(wire, "DELETE", f"/{ITEMS[api][0]}/{thread}", beta=True)[0] == 200


def _status(status: int) -> Happening:
    def happen(wire: WireServer, api: str, thread: str) -> None:
        noun, items = ITEMS[api]
        wire.fault(Fault(kind="status", match=("GET", f"/{noun}/{thread}/{items}"), status=status))

    return happen


def _forgotten_meanwhile(wire: WireServer, api: str, thread: str) -> None:
    """Gone only after it was looked at."""
    where = ("POST", "/responses") if api == "responses" else ("POST", f"/threads/{thread}/messages")
    wire.fault(Fault(kind="forget", match=where))


def _changed(wire: WireServer, api: str, thread: str) -> None:
    add_messages(wire, api, thread, [("user", "and me?"), ("assistant", "you too")])


HAPPENINGS: dict[str, tuple[Happening, str]] = {
    "deleted": (_deleted, "is gone"),
    "expired": (_status(404), "is gone"),
    "forgotten meanwhile": (_forgotten_meanwhile, "is gone"),
    "refused": (_status(403), "is refused"),
    "of another API": (_status(400), "is not accepted"),
    "changed by somebody else": (_changed, "was changed by somebody else"),
    "accepted though unknown": (empty_thread, "is empty"),
}


@pytest.mark.parametrize("name", HAPPENINGS)
def test_a_thread_is_rebuilt_with_everything_in_order(
    chatmgr: Chatmgr, wire: WireServer, api: str, name: str
) -> None:
    old = adopt_thread(chatmgr, wire, api, MANY)
    happen, why = HAPPENINGS[name]
    happen(wire, api, old)
    before = len(wire.requests)
    done = chatmgr("send", "demo", "go on")
    assert done.out == echo_of(MANY + 1, "go on")
    assert done.err == f"The provider's thread {why}; rebuilding it from the transcript.\n"
    new = thread_of(chatmgr)
    assert new["thread_id"] != old
    assert (new["synced"], new["state"], new["behind"]) == (MANY + 1, "in step", 0)
    assert thread_messages(wire, api, new["thread_id"])[:-2] == past_turns(MANY)
    batches = [
        len(request.body["items"]) for request in wire.requests[before:] if "items" in (request.body or {})
    ]
    assert batches == ([20, 20, 20, 6] if api == "responses" else [])
    # It is in step now: the next turn sends what is new and nothing else.
    before = len(wire.requests)
    assert chatmgr("send", "demo", "and on").err == ""
    posted = [request.path for request in wire.requests[before:] if request.method == "POST"]
    assert len(posted) == (1 if api == "responses" else 2)


def test_a_thread_that_a_broken_turn_left_out_of_step(chatmgr: Chatmgr, wire: WireServer, api: str) -> None:
    adopt_thread(chatmgr, wire, api, 3)
    wire.world.abandoned = "input_only"
    wire.fault(Fault(kind="cut", match=TURN[api], after=AHEAD[api] + 2))
    chatmgr("send", "demo", "broken", code=6 if api == "responses" else 8)
    done = chatmgr("send", "demo", "go on")
    assert "The provider's thread is out of sync; rebuilding it" in done.err
    assert done.out == echo_of(5, "go on")  # what had arrived of the broken answer is part of the past
    assert thread_of(chatmgr)["state"] == "in step"


def test_white_space_and_messages_in_a_row_are_not_taken_for_changes(
    chatmgr: Chatmgr, wire: WireServer, api: str
) -> None:
    adopt_thread(chatmgr, wire, api, 1, "other")
    conversation_before = [
        ("user", "first"),
        ("user", " then \n"),
        ("assistant", "one\n"),
        ("assistant", "two"),
    ]
    thread = adopted_as(chatmgr, wire, api, conversation_before)
    done = chatmgr("send", "demo", "go on")
    assert (done.err, done.out) == ("", echo_of(3, "go on"))
    assert thread_of(chatmgr)["thread_id"] == thread


def test_a_thread_that_begins_with_an_answer_to_nobody(chatmgr: Chatmgr, wire: WireServer, api: str) -> None:
    greeting = [("assistant", "Welcome!"), ("user", "hi"), ("assistant", "hello")]
    chatmgr.provider(api, wire.base_url)
    thread = adopted_as(chatmgr, wire, api, greeting)
    assert chatmgr("send", "demo", "go on").err == ""
    _deleted(wire, api, thread)
    assert chatmgr("send", "demo", "rebuilt?").out == echo_of(3, "rebuilt?")
    rebuilt = thread_of(chatmgr)["thread_id"]
    assert thread_messages(wire, api, rebuilt)[:3] == greeting


def adopted_as(chatmgr: Chatmgr, wire: WireServer, api: str, messages: list[tuple[str, str]]) -> str:
    """The conversation ``demo`` of a thread that holds this."""
    thread = create_thread(wire, api, messages)
    chatmgr("thread", "adopt", thread, "demo", "--provider", "wire")
    return thread
