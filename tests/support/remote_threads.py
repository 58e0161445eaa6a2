"""What these tests do again and again: threads made behind chatmgr's back, processes, terminals."""

import json
import signal
import time
from collections.abc import Callable
from typing import Any

from tests.support.commands import TIMEOUT, Chatmgr, Running
from tests.support.pseudo_terminal import TerminalProcess
from tests.wire import WireServer
from tests.wire.raw_client import raw

Messages = list[tuple[str, str]]
ITEMS = {"responses": ("conversations", "items"), "assistants": ("threads", "messages")}
TURN = {"responses": ("POST", "/responses"), "assistants": ("POST", "/threads/[^/]+/runs")}


def echo_of(turns: int, text: str) -> str:
    """What the scripted model answers: how much it remembers, and what was said last."""
    return f"{turns} user turns; you said: {text!r}\n"


def past_turns(turns: int) -> Messages:
    """A past of that many turns."""
    return [
        item
        for at in range(1, turns + 1)
        for item in (("user", f"question {at}"), ("assistant", f"answer {at}"))
    ]


def post_json(wire: WireServer, path: str, body: object) -> dict[str, Any]:
    """Write to the server as somebody else would."""
    status, _, answer = raw(wire, "POST", path, body, beta=True)
    assert status == 200, answer
    document: dict[str, Any] = json.loads(answer)
    return document


def add_messages(wire: WireServer, api: str, thread: str, spoken: Messages) -> None:
    """Somebody else writes into a thread."""
    noun, items = ITEMS[api]
    messages = [{"role": role, "content": text} for role, text in spoken]
    if api == "assistants":
        for message in messages:
            post_json(wire, f"/{noun}/{thread}/{items}", message)
        return
    for start in range(0, len(messages), 20):
        batch = [{"type": "message", **message} for message in messages[start : start + 20]]
        post_json(wire, f"/{noun}/{thread}/{items}", {"items": batch})


def create_thread(wire: WireServer, api: str, spoken: Messages) -> str:
    """A thread that exists on a server; its id."""
    thread = str(post_json(wire, f"/{ITEMS[api][0]}", {})["id"])
    add_messages(wire, api, thread, spoken)
    return thread


def thread_messages(wire: WireServer, api: str, thread: str) -> Messages:
    """What a thread holds, oldest first."""
    if api == "assistants":
        return list(wire._memories[2]._kept[thread].said())
    return [
        (item["role"], "".join(part["text"] for part in item["content"]))
        for item in wire.conversations[thread].items
    ]


def empty_thread(wire: WireServer, api: str, thread: str) -> None:
    """The server takes the id for that of a new thread, as some do with any id."""
    if api == "assistants":
        wire._memories[2]._kept[thread].messages.clear()
    else:
        wire.conversations[thread].items.clear()


def adopt_thread(chatmgr: Chatmgr, wire: WireServer, api: str, turns: int, name: str = "demo") -> str:
    """A conversation with a past, in step with its thread at the provider ``wire``; the thread."""
    chatmgr.provider(api, wire.base_url)
    thread = create_thread(wire, api, past_turns(turns))
    chatmgr("thread", "adopt", thread, name, "--provider", "wire")
    return thread


def write_settings(chatmgr: Chatmgr, **values: object) -> None:
    """Put settings into the file, before its tables and in place of what it says of them."""
    path = chatmgr.home / "config.toml"
    old = path.read_text("utf-8").splitlines() if path.exists() else []
    kept = [line for line in old if line.partition(" = ")[0] not in values]
    path.write_text(
        "\n".join([*(f"{key} = {json.dumps(value)}" for key, value in values.items()), *kept, ""])
    )


def thread_of(chatmgr: Chatmgr, provider: str = "wire", name: str = "demo") -> dict[str, Any]:
    """A conversation's thread at a provider, as ``thread show`` tells it."""
    [document] = [thread for thread in chatmgr.json("thread", "show", name) if thread["provider"] == provider]
    return document


def last_turn(chatmgr: Chatmgr, name: str = "demo") -> dict[str, Any]:
    """The newest turn."""
    return chatmgr.turn(f"{name}@-1")


def end_by_signal(process: Running, number: int = signal.SIGKILL) -> str:
    """End a process by a signal; what it had said on stderr."""
    process.signal(number)
    return process.wait().err


def until(true: Callable[[], object]) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + TIMEOUT
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def at_terminal(chatmgr: Chatmgr, args: list[str], *dialogue: tuple[str, str]) -> tuple[int, str]:
    """Run chatmgr at a terminal: wait for each text, type what goes with it; exit code and screen."""
    env = chatmgr.environment(TERM="dumb", NO_COLOR="1")
    with TerminalProcess(["-m", "chatmgr", *args], env, chatmgr.home.parent, size=(50, 200)) as terminal:
        seen = ""
        for wanted, typed in dialogue:
            seen += terminal.read_until(wanted)
            terminal.send(typed)
        seen += terminal.read_until(None)
        code = terminal.wait()
    assert "Traceback" not in seen, seen
    return code, seen


def queries_of(wire: WireServer, method: str, ending: str) -> list[dict[str, str]]:
    """The queries of requests whose path ends so."""
    return [
        request.query
        for request in wire.requests
        if request.method == method and request.path.endswith(ending)
    ]


def long_answer(wire: WireServer, turns: int, text: str) -> str:
    """The answer: as many words as the server gives, over and over."""
    words = wire.world.split(echo_of(turns, text).rstrip("\n"))
    return "".join((words * 40)[:40])


def check_complete(demo: Chatmgr, wire: WireServer) -> None:
    """The turn is whole, nothing is doubled, and the server heard it once."""
    turn = demo.turn("demo@2")
    assert (turn["state"], turn["answer"]) == ("completed", long_answer(wire, 2, "two"))
    assert turn["output_tokens"] == 40
    assert wire.turns_heard == ["two"]
    assert demo.json("runs") == []
    wire.world.deltas = None
    done = demo("send", "demo", "three")
    assert (done.out, done.err) == (echo_of(3, "three"), "")
