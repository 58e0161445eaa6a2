"""Whatever a record of ChatGPT looks like, it is read or refused, and what is whole in it is kept."""

import copy
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chatmgr.domain.items import canonical_json
from chatmgr.importers.registry import entries
from chatmgr.importers.source import Entry, LeftOut, Unreadable
from chatmgr.importers.tree import turns_of
from tests.importers.chatgpt.export import PNG, archive, chain, conversation, only

ODD: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    1e308,
    float("inf"),
    "",
    "\ud83d\x00",
    [],
    {},
    [None],
    [[]],
    {"a": None},
    "x" * 300,
)


IMAGE = {
    "content_type": "image_asset_pointer",
    "asset_pointer": "sediment://file_1",
    "metadata": {"dalle": {"prompt": "p"}},
}
ATTACHED = {"attachments": [{"id": "file_1", "name": "a.png", "mime_type": "image/png"}]}
DRAWN = {"aggregate_result": {"messages": [{"message_type": "image", "image_url": "file-service://file-2"}]}}
MARK = "\ue200cite\ue202turn0search1\ue201"
REFERENCE = {
    "matched_text": MARK,
    "start_idx": 2,
    "end_idx": 9,
    "type": "webpage",
    "items": [{"url": "https://a.example", "title": "A"}],
}
ENDED = {"content_references": [REFERENCE], "finish_details": {"type": "stop"}, "model_slug": "m"}
CANVAS = '{"name": "n", "type": "document", "content": "c"}'


def whole() -> dict[str, Any]:
    """A conversation with one of most things."""
    told = {"content_type": "user_editable_context", "user_profile": "x", "user_instructions": "y"}
    thoughts = {"content_type": "thoughts", "thoughts": [{"summary": "s", "content": "c"}]}
    code = {"content_type": "code", "language": "python", "text": "1"}
    output = {"content_type": "execution_output", "text": "1"}
    said = chain(
        ("user", told),
        ("user", {"content_type": "multimodal_text", "parts": [IMAGE, "Look"]}, {"metadata": ATTACHED}),
        ("assistant", thoughts),
        ("assistant", code, {"recipient": "python"}),
        ("tool", output, {"author": "python", "metadata": DRAWN}),
        ("assistant", CANVAS, {"recipient": "canmore.create_textdoc"}),
        ("assistant", f"So {MARK}", {"metadata": ENDED}),
    )
    return copy.deepcopy(conversation(said))


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path to each value inside one."""
    members = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, member in members:
        yield (*path, key)
        yield from places(member, (*path, key))


@pytest.mark.parametrize("seed", range(60))
def test_odd_values_anywhere(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    records = []
    for _ in range(10):
        record = whole()
        for path in chance.sample(sorted(places(record), key=repr), chance.choice([1, 1, 2, 5])):
            holder = record
            try:
                for key in path[:-1]:
                    holder = holder[key]
                holder[path[-1]] = copy.deepcopy(chance.choice(ODD))
            except (TypeError, KeyError, IndexError):
                continue  # what was there is gone already
        records.append(record)
    export = archive(tmp_path / "x.zip", {"conversations.json": records, "file_1.dat": PNG})
    results = list[Entry | LeftOut]()
    for result in entries([str(export)]):
        assert isinstance(result, Entry | LeftOut)
        results.append(result)
        if isinstance(result, Entry):
            check(result)
    assert results


def check(entry: Entry) -> None:
    """A conversation can be read, and stored; or it says why not."""
    try:
        turns = turns_of(entry.read())
    except Unreadable:
        return
    for turn in turns.turns:
        for run in turn.runs:
            canonical_json([dict(item.content) for item in run.items]).encode()
            run.text.encode()


def test_all_of_it_is_there(tmp_path: Path) -> None:
    (turn,) = turns_of(only(tmp_path, whole(), {"file_1.dat": PNG})).turns
    (run,) = turn.runs
    kinds = [str(item.kind) for item in run.items]
    assert kinds == ["reasoning", "tool_call", "tool_result", "image", "text", "text"]
    assert (turn.text, len(turn.files), run.reasoning) == ("Look", 1, "**s**\n\nc")
    assert run.text == "**n**\n\nc\n\nSo "
