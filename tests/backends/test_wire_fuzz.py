"""Any JSON in place of each field of an answer, at each API: survived, or refused in one line.

The values are drawn from a seeded generator, so that a failure can be repeated.
"""

import json
import random
import re
from collections.abc import Iterator
from typing import Any

import pytest

from chatmgr.domain.events import Finished, Notice, Usage
from tests.support.commands import Chatmgr
from tests.support.reply_server import Reply
from tests.support.scripted_api import (
    NAMES,
    Frame,
    Outcome,
    ScriptedApi,
    answer,
    message,
    piece,
    recover_run,
    response,
    run_object,
    run_turn,
    stream,
)

SIMPLE: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    7,
    1.5,
    10**30,
    "",
    "text",
    "None",
    "é\u0000",
    [],
    {},
    [None],
    [[]],
    [{}],
    "[DONE]",
)
KEYS = (
    *(
        "type",
        "text",
        "value",
        "content",
        "role",
        "message",
        "delta",
        "id",
        "index",
        "status",
        "error",
        "reason",
    ),
    *(
        "usage",
        "choices",
        "output",
        "thinking",
        "refusal",
        "summary",
        "name",
        "code",
        "finish_reason",
        "other",
    ),
)
PYTHON = re.compile(r"\{'|\['|: None|: True|: False|\[None|\[\]|\{\}|object at 0x")


def is_python(text: str) -> bool:
    """Whether a text shows Python's way of writing a value; an object that nobody knows is shown as JSON."""
    try:
        json.loads(text)
    except ValueError:
        return bool(PYTHON.search(text))
    return False


def value(source: random.Random, depth: int = 3) -> Any:
    """Any JSON value."""
    kind = source.random()
    if kind < 0.5 or not depth:
        return source.choice(SIMPLE)
    if kind < 0.75:
        return [value(source, depth - 1) for _ in range(source.randrange(3))]
    return {source.choice(KEYS): value(source, depth - 1) for _ in range(source.randrange(4))}


def places(node: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in a document where a value can be replaced: the container, and the key or the index."""
    for key, child in list(node.items() if isinstance(node, dict) else enumerate(node)):
        yield node, key
        if isinstance(child, (dict, list)):
            yield from places(child)


def frames(api: str) -> list[Frame]:
    """An answer with all that its API can say."""
    text = [{"type": "output_text" if api == "responses" else "text", "text": "Hello"}]
    if api == "completions":
        counts = {"prompt_tokens": 3, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 1}}
        more = [("", {"id": "c1", "choices": [], "usage": counts})]
        return [*answer(api, "Hello", text)[:-1], *more, ("", "[DONE]")]
    usage = {"input_tokens": 3, "output_tokens": 2, "prompt_tokens": 3, "completion_tokens": 2}
    facts = {"usage": usage, "incomplete_details": None, "error": None, "last_error": None}
    if api == "assistants":
        middle = [("thread.message.created", message([])), ("thread.message.completed", message(text))]
        return [*answer(api, text, **facts)[:2], *middle, *answer(api, **facts)[1:]]
    item = {"type": "response.output_item.added", "output_index": 0, "item": message([])}
    thought = {"type": "response.reasoning_summary_text.delta", "item_id": "rs", "delta": "Hm."}
    part = {"type": "response.content_part.done", "output_index": 0, "part": text[0], "sequence_number": 4}
    done = {"type": "response.output_item.done", "output_index": 0, "item": message(text)}
    extra: list[tuple[str, Any]] = [(str(event["type"]), event) for event in (item, thought)]
    ends: list[tuple[str, Any]] = [(str(event["type"]), event) for event in (part, done)]
    output = [{"type": "reasoning", "summary": [{"text": "Hm."}]}, message(text)]
    start, *rest = answer(api, output=output, **facts)
    return [start, *extra, piece(api, "Hello"), *ends, *rest]


def whole(api: str) -> Any:
    """The same as one body."""
    content = [{"type": "text", "text": "Hello"}]
    usage = {"input_tokens": 3, "output_tokens": 2, "prompt_tokens": 3, "completion_tokens": 2}
    if api == "responses":
        return response(output=[message(content)], usage=usage, incomplete_details=None, error=None)
    if api == "assistants":
        return run_object(usage=usage, incomplete_details=None, last_error=None, required_action=None)
    choice = {"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": "stop"}
    return {"id": "c1", "choices": [choice], "usage": usage}


def damaged(document: Any, source: random.Random, count: int) -> Iterator[tuple[str, Any]]:
    """Copies of a document, each with one value replaced, and what was replaced by what."""
    spots = len(list(places(document)))
    for number in range(count):
        copy = json.loads(json.dumps(document))
        container, key = list(places(copy))[number % spots]
        container[key] = value(source)
        yield f"{key} -> {json.dumps(container[key])}", copy


def check(done: Outcome, what: str) -> None:
    """An outcome that people can read, and a database can hold."""
    texts = [done.text, done.reasoning]
    texts += [event.text for event in done.events if isinstance(event, Notice)]
    for event in done.events:
        if isinstance(event, Finished):
            texts += [event.detail, event.error, *map(str, event.calls)]
        elif isinstance(event, Usage):
            counts = (event.input_tokens, event.output_tokens, event.cached_tokens, event.reasoning_tokens)
            assert all(count is None or 0 <= count < 2**63 for count in counts), what
    if done.error:
        texts.append(done.error.message)
    for text in texts:
        assert isinstance(text, str), what
        # What a server decodes for us is written as JSON; this is how Python would write it.
        assert not re.search(r"\{'|\['|None[,}\]]|True[,}\]]|False[,}\]]|object at 0x", text), (what, text)


def streams(api: str, source: random.Random, count: int) -> Iterator[tuple[str, ScriptedApi]]:
    """Streams with one damaged value each; where the server can be asked, it says as little."""
    for what, copy in damaged([[name, event] for name, event in frames(api)], source, count):
        if all(isinstance(frame, list) and len(frame) == 2 and isinstance(frame[0], str) for frame in copy):
            yield what, ScriptedApi(api, stream(*((name, event) for name, event in copy)))


@pytest.mark.parametrize("api", NAMES)
def test_any_value_in_a_stream(api: str) -> None:
    for what, script in streams(api, random.Random(f"stream {api}"), 120):
        check(run_turn(script), what)


@pytest.mark.parametrize("api", NAMES)
def test_any_value_in_a_body(api: str) -> None:
    listed = [message("Hello", run_id="run_1", created_at=2)]
    for what, body in damaged(whole(api), random.Random(f"body {api}"), 60):
        check(run_turn(ScriptedApi(api, Reply(body=body), messages=listed)), what)


@pytest.mark.parametrize("api", ["responses", "assistants"])
def test_any_value_where_a_run_is_looked_up(api: str) -> None:
    listed = [message([{"type": "text", "text": {"value": "Hello"}}], run_id="run_1", created_at=2)]
    for what, body in damaged(whole(api), random.Random(f"lookup {api}"), 60):
        check(recover_run(ScriptedApi(api, lookup=body, messages=listed)), what)
    for what, messages in damaged(listed, random.Random("messages"), 40):
        check(recover_run(ScriptedApi(api, lookup=whole(api), messages=messages)), what)


@pytest.mark.parametrize("shape", ["streamed", "whole"])
@pytest.mark.parametrize("api", NAMES)
def test_what_people_see_and_what_is_kept(chatmgr: Chatmgr, api: str, shape: str) -> None:
    """The same through the command line: no traceback, no fault of ours, and every prompt is kept."""
    source = random.Random(f"{api} {shape}")
    if shape == "streamed":
        scripts = [script for _, script in streams(api, source, 60)][::8]
    else:
        scripts = [ScriptedApi(api, Reply(body=body)) for _, body in damaged(whole(api), source, 8)]
    served = ScriptedApi(api)
    with served.serving() as base_url:
        chatmgr.provider(api, base_url)
        chatmgr("new", "demo", "-i", "Be brief.", "--provider", "wire", "-m", "m")
        for number, script in enumerate(scripts):
            served.turn = script.turn
            done = chatmgr.start("send", "demo", f"message {number}").wait()  # which refuses a traceback
            assert done.code in {0, 6, 8}, done.err
            assert "Unexpected fault" not in done.err
            assert not is_python(done.out)
            if done.code:
                assert done.err.splitlines()[-1].startswith("chatmgr: "), done.err
        assert chatmgr.said() == [f"message {number}" for number in range(len(scripts))]
        stored = chatmgr.rows("SELECT content FROM messages WHERE role = 'assistant'")
        stored += chatmgr.rows("SELECT coalesce(error, '') || coalesce(detail, '') FROM runs")
        assert not [text for [text] in stored if "{'" in text or "['" in text]
