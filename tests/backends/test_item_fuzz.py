"""Items of any shape: whatever a server sends where the API has something else, nothing is raised."""

import json
import random
from collections.abc import Callable
from typing import Any

import pytest

from chatmgr.backends.assistants.items import read_run
from chatmgr.backends.items.chat_items import ChatItems
from chatmgr.backends.items.chat_messages import chat_messages
from chatmgr.backends.items.collector import ItemCollector
from chatmgr.backends.items.lines import in_words
from chatmgr.backends.items.making import Made, Origin
from chatmgr.backends.items.sending import Target, carried
from chatmgr.backends.responses.input_items import input_items
from chatmgr.backends.responses.output_items import read_output_item
from chatmgr.domain.model import Message
from tests.support.output_items import KINDS

ORIGIN = Origin("responses", "m")
ODD: list[Any] = [
    None, True, 0, -1, 2**70, 1.5, float("nan"), "", "x", "\x00\ud800", [], {}, [[]], [None], {"type": 7},
    {"a": {"b": []}}, "data:image/png;base64,AAAA", "data:image/png;base64,%%%", "https://[::1",
]  # fmt: skip
CHAT: list[Any] = [
    {"tool_calls": [{"index": 0, "id": "a", "function": {"name": "f", "arguments": "{}"}}]},
    {"images": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}]},
    {
        "audio": {"id": "a", "data": "AAAA", "transcript": "x"},
        "annotations": [{"type": "url_citation", "url": "x"}],
    },
    {
        "reasoning_details": [{"type": "reasoning.text", "text": "x", "index": 0}],
        "function_call": {"name": "f"},
    },
    {"content": [{"type": "image", "source": {"media_type": "image/png", "data": "AAAA"}}]},
]
STEP: Any = {
    "id": "s",
    "created_at": 1,
    "step_details": {
        "tool_calls": [
            {
                "id": "c",
                "type": "code_interpreter",
                "code_interpreter": {"input": "x", "outputs": [{"logs": "x"}]},
            },
            {"id": "d", "type": "function", "function": {"name": "f", "arguments": "{}", "output": "x"}},
        ],
        "message_creation": {"message_id": "m"},
    },
}


def mutated(value: Any, dice: random.Random) -> Any:
    """JSON with something odd in places."""
    if dice.random() < 0.12:
        return dice.choice(ODD)
    if isinstance(value, dict):
        return {key: mutated(inner, dice) for key, inner in value.items()}
    return [mutated(inner, dice) for inner in value] if isinstance(value, list) else value


def survive(made: list[list[Made]]) -> None:
    """What is made can be kept and sent, as every database and every request needs it."""
    collector = ItemCollector()
    events = [event for each in made for event in collector.add(each)]
    events += [event for each in made for event in collector.add(each, again=True)]
    for event in events:
        item = event.item
        text = item.raw + json.dumps(item.content, allow_nan=False, ensure_ascii=False) + item.id
        assert "\x00" not in text
        text.encode()
    message = Message("assistant", "Hi.", items=tuple(event.item for event in events))
    for target in (Target("responses", "m"), Target("completions", "m")):
        carried([message], target)
        json.dumps([*input_items([message], target), *chat_messages([message], target)])
    in_words(message)
    collector.calls()


def output(dice: random.Random) -> list[list[Made]]:
    odd = [mutated(raw, dice) for raw, _, _ in KINDS]
    return [read_output_item(raw, ORIGIN) for raw in odd if isinstance(raw, dict)]


def chat(dice: random.Random) -> list[list[Made]]:
    items = ChatItems(ORIGIN)
    for delta in CHAT * 2:
        if isinstance(odd := mutated(delta, dice), dict):
            items.read(odd)
    return list(items.made("Hi.", refused=False, run_id="r"))


def steps(dice: random.Random) -> list[list[Made]]:
    message = {
        "id": "m",
        "content": [{"type": "text", "text": {"value": "x", "annotations": [{"type": "file_path"}]}}],
    }
    odd = [value for value in (mutated(STEP, dice), mutated(message, dice)) if isinstance(value, dict)]
    objects = {str(at): value for at, value in enumerate(odd)}
    return list(read_run({"required_action": mutated({}, dice)}, objects, objects, ORIGIN))


@pytest.mark.parametrize("source", [output, chat, steps])
@pytest.mark.parametrize("seed", range(40))
def test_any_shape(source: Callable[[random.Random], list[list[Made]]], seed: int) -> None:
    dice = random.Random(seed)
    for _ in range(10):
        survive(source(dice))
